// How many frames the ring keeps in front of audio: as few as the voice's computing time and the
// board's jitter allow.
//
// What counts is measured where it matters: the frames that were left when audio came for its block
// (`spare`, the lowest since the last look). It holds everything: computing, wake-ups, other
// threads, the period. Once a second the prefill gives up half of what was spare beyond a margin;
// the margin is kMarginS, or a quarter of what was used if that is more. Too little spare takes it
// back at once. An underrun sets it to the most, and the next attempt waits: kPatienceS, twice as
// long after each relapse. Neither way touches a sample: the voice only begins its next block
// earlier or later. Threads: voice, but for frames().
#pragma once

#include <atomic>
#include <cstdint>

namespace lodestone {

class Prefill {
 public:
  static constexpr float kWindowS = 1.0f, kMarginS = 0.0007f, kPatienceS = 10.0f,
                         kLongestPatienceS = 160.0f;
  static constexpr float kRelapse =
      3.0f;  // patiences after an underrun in which another one is the same trouble
  static constexpr uint32_t kLeastBlocks = 4;  // delivered in a window that says anything

  Prefill();

  // `most` is the player's bound; `period` what audio takes at once, less than which would run dry
  // by design. Before the threads start.
  void SetBounds(uint32_t period, uint32_t most, uint32_t sample_rate_hz);

  // The ring is refilled when it holds no more than this. Threads: any.
  uint32_t frames() const { return frames_.load(std::memory_order_relaxed); }
  uint32_t most() const { return most_; }

  // Something dearer than one voice begins, or another one: all that the player allows, until
  // Settle.
  void Rise();
  // One voice sounds by itself from now on: a search for its own need begins.
  void Settle(uint32_t now);

  // After each block that was delivered. `spare` is the lowest since the last call, UINT32_MAX
  // where audio has not come.
  void Look(uint32_t now, uint32_t underruns, uint32_t spare);

 private:
  uint32_t Frames(float seconds) const { return static_cast<uint32_t>(seconds * rate_hz_); }
  uint32_t Margin(uint32_t spare) const;
  void Set(uint32_t frames);
  void StartWindow(uint32_t now);

  float rate_hz_;
  uint32_t period_, most_;
  std::atomic<uint32_t> frames_;
  bool risen_;
  uint32_t underruns_, lowest_, blocks_, window_from_, waits_from_;
  bool waits_;
  float patience_s_;
};

}  // namespace lodestone
