// Keeps the ring filled: runs the voice on the newest latents, crossfades to another scene's voice
// when asked, and goes down and up the ladder of its scene when the voice is too slow.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "firmware/instrument/equal_power_fade.h"
#include "firmware/instrument/held_sound.h"
#include "firmware/instrument/ladder.h"
#include "firmware/instrument/played.h"
#include "firmware/instrument/prefill.h"
#include "firmware/instrument/sample_ring.h"
#include "firmware/instrument/scene.h"
#include "firmware/instrument/stage_crew.h"
#include "firmware/instrument/voice_stream.h"

namespace lodestone {

// Where on the ladder the sound comes from, and why.
struct RungReport {
  uint32_t rung;    // 0: the whole voice
  StepCause cause;  // of the step that led here
  float load;       // of the time that blocks had, when that step was taken
};

class VoicePlayer {
 public:
  static constexpr uint32_t kSwapFrames = 2048;  // 46 ms at 44.1 kHz

  VoicePlayer(SampleRing* ring, Played* played);

  // `period` is what audio takes at once, `most_prefill` how far ahead of it the voice may be.
  // Before the threads start.
  void SetPace(uint32_t sample_rate_hz, uint32_t period, uint32_t most_prefill) {
    rate_hz_ = sample_rate_hz;
    ladder_.SetRate(sample_rate_hz);
    prefill_.SetBounds(period, most_prefill, sample_rate_hz);
  }
  void SetTap(VoiceTap* tap) { tap_ = tap; }

  // Whether two voices may run at once while scenes are swapped; else the one fades out before the
  // other fades in. Threads: any.
  void SetCarriesTwo(bool carries_two) { carries_two_ = carries_two; }

  // Which scene shall sound, after a crossfade of so many frames. Threads: control. The scene must
  // live until it is neither wanted nor playing().
  void Request(Scene* scene, uint32_t frames = kSwapFrames) {
    hurry_.store(false, std::memory_order_relaxed);
    wanted_frames_.store(std::max(frames, kSwapFrames), std::memory_order_relaxed);
    wanted_.store(scene, std::memory_order_release);
  }
  // A crossfade that is under way is ended as quickly as the shortest. Threads: control.
  void Hurry() { hurry_.store(true, std::memory_order_relaxed); }

  // The scene that sounds; the former one is not touched any more. Threads: any.
  Scene* playing() const { return playing_.load(std::memory_order_acquire); }

  // Does at most `work_items` of the work that is due; false when nothing is due: the ring holds
  // more than the prefill, or there are no latents yet. Threads: voice.
  bool Step(uint32_t work_items);

  // Whether a call of Step would find work. Threads: audio, to wake the voice.
  bool due() const { return ring_->fill() <= prefill_.frames(); }

  // Frames that the voice is ahead of audio at present. Threads: any.
  uint32_t prefill() const { return prefill_.frames(); }

  // Does at most `work_items` for voices of several stages; false when nothing is due. Threads: the
  // helper's.
  bool Help(uint32_t helper, uint32_t work_items) { return crew_.Work(helper, work_items, now()); }
  // Threads: audio, to wake the helper.
  bool help_due(uint32_t helper) const { return crew_.due(helper); }

  // Threads: any. The three may be of two different steps for a moment.
  RungReport rung() const;

 private:
  enum class Swap { kNone, kCrossfade, kFadeOut, kFadeIn, kRung };

  static constexpr uint32_t kMostDry = 1;  // underruns that a long crossfade may have

  static constexpr float kFillS = 1.0f;  // for so long a dearer voice waits for the ring to fill

  void TakeWantedScene();
  bool Filled();
  void Begin(Scene* scene);
  bool Advance(VoiceStream* stream, uint32_t work_items, bool* worked);
  uint32_t FramesTaken(const VoiceStream& stream) const;
  void FollowLadder();
  void Deliver();
  uint32_t Mix(float* mixed, uint32_t frames);
  void EndFade();
  void GoTo(uint32_t frames);
  void KeepPace();
  uint32_t now() const { return played_->frames.load(std::memory_order_acquire); }

  SampleRing* ring_;
  Played* played_;
  VoiceTap* tap_;
  uint32_t rate_hz_;
  Prefill prefill_;
  bool filling_;  // the ring, before something dearer begins
  uint32_t filling_since_;
  std::atomic<bool> carries_two_;
  std::atomic<Scene*> wanted_, playing_;
  std::atomic<uint32_t> wanted_frames_;
  std::atomic<bool> hurry_;
  uint32_t underruns_;  // when the swap began
  VoiceStream current_, incoming_;
  StageCrew crew_;
  Swap swap_;
  EqualPowerFade fade_;
  Ladder ladder_;
  HeldSound held_;
  std::atomic<uint32_t> rung_;
  std::atomic<StepCause> cause_;
  std::atomic<float> load_;
};

}  // namespace lodestone
