// Turns OSC packets into commands; what is not a command, or not well said, is counted and dropped.
#pragma once

#include <cstdint>

#include "firmware/instrument/mode.h"
#include "firmware/osc/osc_reader.h"

namespace lodestone {

class Commands {
 public:
  virtual ~Commands() {}
  virtual void OnMode(Mode mode) = 0;
  virtual void OnScene(int32_t index) = 0;
  virtual bool OnKnob(const char* name, float value) = 0;  // false when there is no such knob
  virtual void OnMute(bool mute) = 0;
  virtual void OnRest() = 0;
  virtual void OnHeartbeat() = 0;
  virtual void OnHello(uint16_t port) = 0;
  virtual void OnMeasure(uint16_t port) = 0;
};

class CommandReader : private OscListener {
 public:
  explicit CommandReader(Commands* commands) : commands_(commands), obeyed_(0), dropped_(0) {}

  void Read(const uint8_t* packet, size_t bytes);

  uint32_t obeyed() const { return obeyed_; }
  uint32_t dropped() const { return dropped_; }  // packets and messages

 private:
  void OnMessage(const OscMessage& message) override;
  bool Obey(const OscMessage& message);

  Commands* commands_;
  uint32_t obeyed_, dropped_;
};

}  // namespace lodestone
