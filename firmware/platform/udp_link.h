// OSC over UDP: one socket that sends to every target and receives on the board's port.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <string>

#include "firmware/instrument/parts.h"
#include "firmware/platform/peers.h"

namespace lodestone {

// The two calls by which packets leave, for tests to count and to refuse.
struct UdpSystem {
  ssize_t (*send_to)(int, const void*, size_t, int, const sockaddr*, socklen_t);
  int (*send_many)(int, mmsghdr*, unsigned, int);
};
UdpSystem LinuxUdpSystem();

class UdpLink : public Network {
 public:
  explicit UdpLink(const BoardConf& conf, const UdpSystem& system = LinuxUdpSystem());
  ~UdpLink() override;
  UdpLink(const UdpLink&) = delete;
  UdpLink& operator=(const UdpLink&) = delete;

  // False and one line when the port cannot be had; sending then works all the same, and it may be
  // tried again by the thread that receives.
  bool Open(uint16_t port, std::string* error);

  // Whoever is not there is skipped; never blocks.
  void Send(const uint8_t* packet, size_t bytes) override;
  // By one call of the system for all packets to all targets; one by one in a kernel without that
  // call.
  void SendAll(const Packet* packets, size_t count) override;
  size_t Receive(uint8_t* packet, size_t capacity) override;
  void AnswerTo(uint16_t port) override { peers_.Add({last_sender_, port}); }
  bool IsFull(uint16_t port) const override { return peers_.IsFull({last_sender_, port}); }
  void Forget(uint16_t port) override { peers_.Remove({last_sender_, port}); }
  uint64_t Sender() const override {
    return static_cast<uint64_t>(last_sender_) << 16 | last_port_;
  }

  bool listens() const { return listens_; }
  uint32_t refused() const { return refused_; }  // packets from strangers, or too long

 private:
  static constexpr size_t kMostTargets = 16;  // those of the settings and all guests
  static constexpr size_t kMostPackets = 16;  // of a frame

  Peers peers_;
  const UdpSystem system_;
  std::atomic<bool> one_by_one_;  // the kernel has no call for many
  int socket_;
  bool listens_;
  uint32_t last_sender_;
  uint16_t last_port_;
  uint32_t refused_;
};

}  // namespace lodestone
