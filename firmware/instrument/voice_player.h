// Keeps the ring filled: runs the voice on the newest latents, and crossfades to another scene's voice when asked.
#pragma once

#include <atomic>
#include <cstdint>

#include "firmware/instrument/equal_power_fade.h"
#include "firmware/instrument/sample_ring.h"
#include "firmware/instrument/scene.h"

namespace lodestone {

class VoicePlayer {
 public:
  static constexpr uint32_t kSwapFrames = 2048;  // 46 ms at 44.1 kHz

  explicit VoicePlayer(SampleRing* ring);

  void SetPrefill(uint32_t frames) { prefill_ = frames; }
  void SetTap(VoiceTap* tap) { tap_ = tap; }

  // Whether two voices may run at once while scenes are swapped; else the one fades out before the other fades in.
  // Threads: any.
  void SetCarriesTwo(bool carries_two) { carries_two_ = carries_two; }

  // Which scene shall sound. Threads: control. The scene must live until it is neither wanted nor playing().
  void Want(Scene* scene) { wanted_.store(scene, std::memory_order_release); }

  // The scene that sounds; the former one is not touched any more. Threads: any.
  Scene* playing() const { return playing_.load(std::memory_order_acquire); }

  // Does at most `work_items` of the work that is due; false when nothing is due: the ring holds more than the
  // prefill, or there are no latents yet. Threads: voice.
  bool Step(uint32_t work_items);

  // Whether a call of Step would find work. Threads: audio, to wake the voice.
  bool due() const { return ring_->fill() <= prefill_; }

 private:
  // One voice and how far its block has been taken.
  struct Stream {
    Scene* scene;
    uint32_t at, left;   // frames of the block taken, and not yet taken
    bool running;        // a block is being computed
    bool begun;          // at least one has been
    LatentFrame before;  // the latents of the block before, to glide from where a call takes several
  };
  enum class Progress { kReady, kWorking, kIdle };
  enum class Swap { kNone, kCrossfade, kFadeOut, kFadeIn };

  void Adopt();
  Progress Advance(Stream* stream, uint32_t work_items);
  bool Begin(Stream* stream);
  void Deliver();
  uint32_t Mix(float* mixed, uint32_t frames);
  void EndFade();

  SampleRing* ring_;
  VoiceTap* tap_;
  uint32_t prefill_;
  std::atomic<bool> carries_two_;
  std::atomic<Scene*> wanted_, playing_;
  Stream current_, incoming_;
  Swap swap_;
  EqualPowerFade fade_;
};

}  // namespace lodestone
