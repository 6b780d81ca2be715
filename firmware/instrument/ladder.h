// Decides what a voice that is too slow does: the whole voice, a smaller one of the same scene, or
// hold the sound; and when to go back up. Arithmetic alone; time is counted in frames that audio
// has played. Threads: voice.
//
// Down a rung: kUnderruns underruns within kUnderrunsS; kFullWindows seconds in a row in which
// blocks took more than kFull of the time they had; or a block that takes kStuckS while the ring is
// dry. Up a rung: after a quiet time, where the load measured on this rung, times the ratio of
// multiplications of the voice above, leaves room (at most kRoom). A rung that is left again within
// kRelapseS doubles the quiet time: the ladder does not see-saw.
#pragma once

#include <cstdint>

namespace lodestone {

enum class StepCause : int32_t { kNone = 0, kUnderruns, kLoad, kStuck, kQuiet };

class Ladder {
 public:
  static constexpr uint32_t kMostVoices = 4;
  static constexpr uint32_t kUnderruns = 3, kFullWindows = 2;
  static constexpr float kFull = 0.95f, kRoom = 0.75f;
  static constexpr float kUnderrunsS = 2.0f, kWindowS = 1.0f, kSettleS = 0.25f, kStuckS = 0.2f;
  static constexpr float kQuietS = 5.0f, kLongestQuietS = 80.0f, kRelapseS = 10.0f;

  // A voice of the scene: multiplications a second (0: not known), frames of a block, and frames of
  // time for one.
  struct Voice {
    float macs_per_second;
    uint32_t block, allowed;
  };

  Ladder();
  void SetRate(uint32_t sample_rate_hz) { rate_hz_ = static_cast<float>(sample_rate_hz); }

  // A scene begins on its whole voice, `voices` are its `count` voices, the dearest first.
  void Begin(const Voice* voices, uint32_t count, uint32_t now);
  // What happens until kSettleS from now is nobody's fault: a swap of scenes.
  void SettleAgain(uint32_t now) { since_ = now; }

  // A block was ready `took` frames after it was begun.
  void OnBlock(uint32_t now, uint32_t took);
  // `underruns` since the start; `took` is how long the block under way has taken.
  void OnProgress(uint32_t now, uint32_t underruns, uint32_t took);

  // The rung to be on: 0 the whole voice, ..., voices() hold. `now` starts its time where it is
  // another one.
  uint32_t Next(uint32_t now);

  uint32_t rung() const { return rung_; }
  uint32_t voices() const { return voices_; }
  // A step down is due, even in the middle of a block.
  bool down() const { return cause_ != StepCause::kNone; }
  bool stuck() const { return cause_ == StepCause::kStuck; }
  StepCause last_cause() const { return last_cause_; }  // of the step that led here
  float load() const { return load_; }  // of the last full window; what led here right after a step

 private:
  uint32_t Frames(float seconds) const { return static_cast<uint32_t>(seconds * rate_hz_); }
  bool Settled(uint32_t now) const { return now - since_ >= Frames(kSettleS); }
  bool RoomAbove() const;
  void Step(uint32_t now, uint32_t rung, StepCause cause);
  void StartWindow(uint32_t now);

  float rate_hz_;
  Voice voice_[kMostVoices];
  uint32_t voices_, rung_;
  StepCause cause_, last_cause_;
  uint32_t since_, arrived_,
      trouble_at_;  // settling begins; the rung was reached; last sign of trouble
  uint32_t underruns_, recent_[kUnderruns], recent_count_;
  uint32_t window_from_, window_took_, window_blocks_, full_windows_;
  float load_;
  bool load_known_;
  float quiet_s_;
  bool came_up_;
};

}  // namespace lodestone
