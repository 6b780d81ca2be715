// OSC over UDP: one socket that sends to every target and receives on the board's port.
#pragma once

#include <string>

#include "firmware/instrument/parts.h"
#include "firmware/platform/peers.h"

namespace lodestone {

class UdpLink : public Network {
 public:
  explicit UdpLink(const BoardConf& conf);
  ~UdpLink() override;
  UdpLink(const UdpLink&) = delete;
  UdpLink& operator=(const UdpLink&) = delete;

  // False and one line when the port cannot be had; sending then works all the same, and it may be
  // tried again by the thread that receives.
  bool Open(uint16_t port, std::string* error);

  // Whoever is not there is skipped; never blocks.
  void Send(const uint8_t* packet, size_t bytes) override;
  size_t Receive(uint8_t* packet, size_t capacity) override;
  void AnswerTo(uint16_t port) override { peers_.Add({last_sender_, port}); }
  bool IsFull(uint16_t port) const override { return peers_.IsFull({last_sender_, port}); }
  void Forget(uint16_t port) override { peers_.Remove({last_sender_, port}); }

  bool listens() const { return listens_; }
  uint32_t refused() const { return refused_; }  // packets from strangers, or too long

 private:
  Peers peers_;
  int socket_;
  bool listens_;
  uint32_t last_sender_;
  uint32_t refused_;
};

}  // namespace lodestone
