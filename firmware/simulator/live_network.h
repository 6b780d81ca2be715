// The network of a simulated board that lives: OSC over real UDP, as a board's. Packets to /sim/...
// go to the simulated world instead of the instrument, and what the world says goes to everybody
// who hears the board. Threads: as UdpLink's.
#pragma once

#include "firmware/platform/udp_link.h"
#include "firmware/simulator/sim_link.h"

namespace lodestone {

class LiveNetwork : public Network {
 public:
  LiveNetwork(const BoardConf& conf, SimLink* world) : udp_(conf), world_(world) {}

  bool Open(uint16_t port, std::string* error) { return udp_.Open(port, error); }

  void Send(const uint8_t* packet, size_t bytes) override { udp_.Send(packet, bytes); }
  void SendAll(const Packet* packets, size_t count) override { udp_.SendAll(packets, count); }
  size_t Receive(uint8_t* packet, size_t capacity) override;
  void AnswerTo(uint16_t port) override { udp_.AnswerTo(port); }
  bool IsFull(uint16_t port) const override { return udp_.IsFull(port); }
  void Forget(uint16_t port) override { udp_.Forget(port); }
  uint64_t Sender() const override { return udp_.Sender(); }

 private:
  UdpLink udp_;
  SimLink* world_;
};

}  // namespace lodestone
