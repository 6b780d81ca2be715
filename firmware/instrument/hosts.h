// Who sends heartbeats. Two hosts at once are told: each of them believes that it is the one that
// sounds. A sender counts as a host with its third heartbeat within a second of the one before, so
// that whoever sends each packet from another port is nobody's second. Threads: control.
#pragma once

#include <cstdint>
#include <cstdio>

namespace lodestone {

class Hosts {
 public:
  static constexpr int kMost = 4;
  static constexpr uint64_t kLivesUs = 1000000;
  static constexpr uint32_t kTrusted = 3;

  Hosts() : hosts_(), line_() {}

  // A heartbeat of `sender`, address << 16 | port; 0 is nobody known.
  void Heard(uint64_t sender, uint64_t now_us) {
    if (sender == 0) return;
    Host* oldest = &hosts_[0];
    for (Host& host : hosts_) {
      if (host.sender == sender) {
        host.beats = now_us - host.last_us <= kLivesUs ? host.beats + 1 : 1;
        host.last_us = now_us;
        return;
      }
      if (host.last_us < oldest->last_us) oldest = &host;
    }
    *oldest = {sender, now_us, 1};
  }

  // What is wrong, in a line; empty where at most one is there.
  const char* Trouble(uint64_t now_us) {
    const Host* first = nullptr;
    line_[0] = '\0';
    for (const Host& host : hosts_) {
      if (host.beats < kTrusted || now_us - host.last_us > kLivesUs) continue;
      if (first != nullptr) {
        Tell(*first, host);
        break;
      }
      first = &host;
    }
    return line_;
  }

 private:
  struct Host {
    uint64_t sender, last_us;
    uint32_t beats;
  };

  void Tell(const Host& a, const Host& b) {
    char names[2][24];
    const Host* both[2] = {&a, &b};
    for (int i = 0; i < 2; ++i) {
      const unsigned address = static_cast<unsigned>(both[i]->sender >> 16);
      const unsigned port = static_cast<unsigned>(both[i]->sender & 0xFFFFu);
      std::snprintf(names[i], sizeof names[i], "%u.%u.%u.%u:%u", address >> 24,
                    address >> 16 & 0xFFu, address >> 8 & 0xFFu, address & 0xFFu, port);
    }
    std::snprintf(line_, sizeof line_, "wanted one host, got two, %s and %s: end one of them",
                  names[0], names[1]);
  }

  Host hosts_[kMost];
  char line_[128];
};

}  // namespace lodestone
