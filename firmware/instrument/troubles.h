// What is wrong now: each cause has a place of its own, is told as long as it lasts, and not longer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lodestone {

enum class Cause : uint8_t {
  kSafeStart,    // the player's state and mapping are left aside
  kSettings,     // lines of board.conf
  kSensorConf,   // sensors of board.conf
  kPort,         // the UDP port
  kBus,          // the I2C device
  kFrameRate,    // fewer frames than were asked for
  kTouchLoop,    // a loop that has stopped or hangs
  kControlLoop,
  kFilesLoop,
  kVoiceLoop,
  kCount
};

// Threads: one, or before they start.
class Troubles {
 public:
  static constexpr size_t kLineBytes = 160;
  static constexpr size_t kTextBytes = 400;  // of what /status tells

  Troubles();

  // What is wrong, one line; an empty one clears it. True when something has changed.
  bool Set(Cause cause, const char* line);
  bool Clear(Cause cause) { return Set(cause, ""); }
  bool any() const;

  // All of them, "; " between, and `last` behind them where it says anything.
  void Tell(const char* last, char* text, size_t bytes) const;

 private:
  char lines_[static_cast<size_t>(Cause::kCount)][kLineBytes];
};

}  // namespace lodestone
