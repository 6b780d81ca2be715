// Decides which mode sounds: what was asked for, unless the host has gone silent. Threads: control.
#pragma once

#include <cstdint>

#include "firmware/instrument/mode.h"

namespace lodestone {

class ModeKeeper {
 public:
  // `timeout_us` without a heartbeat and the board takes over; 0: the host is trusted to be there.
  explicit ModeKeeper(uint64_t timeout_us = 300000)
      : timeout_us_(timeout_us), last_heartbeat_us_(0), heard_(false), asked_(Mode::kOnboard) {}

  void Ask(Mode mode) { asked_ = mode; }
  void Heartbeat(uint64_t now_us) {
    last_heartbeat_us_ = now_us;
    heard_ = true;
  }

  Mode asked() const { return asked_; }
  bool HostLives(uint64_t now_us) const {
    return timeout_us_ == 0 || (heard_ && now_us - last_heartbeat_us_ <= timeout_us_);
  }
  // Without a living host the board plays, whatever was asked; the host is back as soon as its
  // heart beats.
  Mode Sounding(uint64_t now_us) const { return HostLives(now_us) ? asked_ : Mode::kOnboard; }

 private:
  uint64_t timeout_us_;
  uint64_t last_heartbeat_us_;
  bool heard_;
  Mode asked_;
};

}  // namespace lodestone
