// One button and one LED. Threads: control.
#pragma once

#include <cstdint>

#include "firmware/instrument/mode.h"

namespace lodestone {

enum class Press : uint8_t { kNone, kShort, kLong };

// Contacts bounce for some milliseconds: a level counts once it has stood for kSettleUs.
class Button {
 public:
  static constexpr uint64_t kSettleUs = 25000;
  static constexpr uint64_t kLongUs = 1000000;

  // It is down already, and that press is none.
  void Ignore() { raw_ = down_ = told_long_ = true; }

  // A short press is told when it ends, a long one as soon as it is long.
  Press Update(bool down, uint64_t now_us) {
    if (down != raw_) {
      raw_ = down;
      raw_since_us_ = now_us;
    }
    const bool settled = now_us - raw_since_us_ >= kSettleUs;
    if (settled && raw_ != down_) {
      down_ = raw_;
      if (down_) down_since_us_ = raw_since_us_;
      const bool was_long = told_long_;
      told_long_ = false;
      return !down_ && !was_long ? Press::kShort : Press::kNone;
    }
    if (down_ && !told_long_ && now_us - down_since_us_ >= kLongUs) {
      told_long_ = true;
      return Press::kLong;
    }
    return Press::kNone;
  }

 private:
  bool raw_ = false, down_ = false, told_long_ = false;
  uint64_t raw_since_us_ = 0, down_since_us_ = 0;
};

// Whether the button is held while the program starts: down in every block of kLooksUs, once levels
// have settled. Threads: audio.
class StartButton {
 public:
  static constexpr uint64_t kSettlesUs = 30000, kLooksUs = 50000;

  // `now_us` of sound after the start. True when it is decided.
  bool Look(bool down, uint64_t now_us) {
    if (now_us >= kSettlesUs) held_ = held_ && down;
    return now_us >= kSettlesUs + kLooksUs;
  }
  bool held() const { return held_; }

 private:
  bool held_ = true;
};

struct LedState {
  Mode sounding;
  bool muted, trouble;
  bool safe;  // the program has started without the player's settings
};

// Two short flashes a second: a safe start, whatever else there is to tell. Steady: the board
// sounds. Slow blinking: the host. Steady with short gaps: both. Short flashes: muted. Fast
// blinking: a sensor is lost or the status tells of a trouble.
inline bool LedLit(const LedState& state, uint64_t now_us) {
  const uint64_t ms = now_us / 1000 % 1000;
  if (state.safe) return ms < 100 || (ms >= 200 && ms < 300);
  if (state.trouble) return ms % 200 < 100;
  if (state.muted) return ms < 60;
  if (state.sounding == Mode::kHost) return ms < 500;
  if (state.sounding == Mode::kBoth) return ms < 880;
  return true;
}

}  // namespace lodestone
