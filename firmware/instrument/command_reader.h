// Turns OSC packets into commands, by the table of definitions/osc.toml: each is obeyed whole or
// refused with a reason.
#pragma once

#include <cstdint>

#include "firmware/generated/osc.h"
#include "firmware/osc/osc_reader.h"

namespace lodestone {

// Told of every message and packet that is not obeyed.
class RefusalSink {
 public:
  virtual ~RefusalSink() {}
  // `address` may come from the network: of any length, not a format.
  virtual void OnRefused(const char* address, const char* reason) = 0;
};

class CommandReader : private OscListener {
 public:
  CommandReader(Commands* commands, RefusalSink* refusals)
      : commands_(commands), refusals_(refusals), obeyed_(0), refused_(0) {}

  void Read(const uint8_t* packet, size_t bytes);

  uint32_t obeyed() const { return obeyed_; }
  uint32_t refused() const { return refused_; }  // packets and messages

 private:
  void OnMessage(const OscMessage& message) override;
  bool Dispatch(const OscMessage& message, Refusal* refusal);
  void Refuse(const char* address, const char* reason);

  Commands* commands_;
  RefusalSink* refusals_;
  uint32_t obeyed_, refused_;
};

}  // namespace lodestone
