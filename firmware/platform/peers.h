// Who is sent to and who is obeyed. Fixed at the start, but for a few who said /hello.
#pragma once

#include <atomic>
#include <cstdint>

#include "firmware/platform/board_conf.h"

namespace lodestone {

class Peers {
 public:
  static constexpr int kGuests = 8;

  explicit Peers(const BoardConf& conf);

  // The USB link (192.168.6.x and 192.168.7.x), the board itself, and the addresses of the
  // settings.
  bool Allows(uint32_t address) const;

  // Adds a target, or renews it; one too many takes the place of the guest that was renewed longest
  // ago. Threads: control.
  void Add(const Ipv4Target& target);
  // Whether adding it would make another leave. Threads: control.
  bool IsFull(const Ipv4Target& target) const;
  // The guest leaves; a target of the settings stays. Threads: control.
  void Remove(const Ipv4Target& target);

  // Calls `send(address, port)` for each target. Threads: any.
  template <typename Send>
  void ForEach(Send send) const {
    for (const Ipv4Target& target : targets_) send(target.address, target.port);
    for (const std::atomic<uint64_t>& guest : guests_) {
      const uint64_t packed = guest.load(std::memory_order_relaxed);
      if (packed != 0)
        send(static_cast<uint32_t>(packed >> 16), static_cast<uint16_t>(packed & 0xFFFF));
    }
  }

 private:
  std::vector<Ipv4Target> targets_;
  std::vector<uint32_t> allowed_;
  bool Known(const Ipv4Target& target) const;
  int Find(uint64_t packed) const;

  std::atomic<uint64_t> guests_[kGuests];  // address << 16 | port; 0: nobody
  uint64_t renewed_[kGuests], renewals_;   // when each was renewed, counted in renewals
};

}  // namespace lodestone
