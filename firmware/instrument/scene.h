// A scene: one touch and one voice that belong together, and the slot through which they meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "firmware/instrument/latest_value.h"
#include "firmware/instrument/morph.h"
#include "firmware/instrument/parts.h"

namespace lodestone {

struct LatentFrame {
  uint64_t time_us;  // of the field behind it
  uint32_t count;
  float values[kMaxLatents];
};

struct Scene {
  char name[64];
  int32_t index;  // in the scene list of the settings
  std::unique_ptr<Touch> touch;
  std::unique_ptr<Voice> voice;
  std::vector<std::unique_ptr<Voice>>
      sisters;                       // cheaper ones for the same latents, the dearest first
  LatestValue<LatentFrame> latents;  // touch thread to voice thread
  std::atomic<float> knob_targets[kMaxKnobs];  // control thread to touch thread
  uint32_t blocks;                             // that the voice has begun, warming included
  uint32_t touch_crc;                          // of the touch's plan
  uint32_t voice_crc;  // of its voice's plan, 0: not known; two scenes of one have the same voice
  Morph morph;         // from the scene before
  std::vector<uint8_t> after_rest;     // state of the touch once a rest has been captured
  std::atomic<bool> after_rest_ready;  // touch thread to control thread
  int32_t rest_knob;                   // the knob that takes the empty board as rest; -1: none

  Scene()
      : name(),
        index(0),
        knob_targets(),
        blocks(0),
        touch_crc(0),
        voice_crc(0),
        morph(),
        after_rest(),
        after_rest_ready(false),
        rest_knob(-1) {}

  // Its voices, the whole one first.
  uint32_t voices() const { return 1 + static_cast<uint32_t>(sisters.size()); }
  Voice& voice_at(uint32_t rung) const { return rung == 0 ? *voice : *sisters[rung - 1]; }
  // No helper works on any of them. Threads: any.
  bool at_rest() const {
    bool rest = true;
    for (uint32_t v = 0; v < voices(); ++v) rest = rest && voice_at(v).ready();
    return rest;
  }

  // Knobs of the touch, at their defaults. Call once `touch` is there.
  void ResetKnobs() {
    after_rest.assign(touch->state_bytes(), 0);
    for (uint32_t k = 0; k < touch->knobs() && k < kMaxKnobs; ++k) {
      knob_targets[k] = touch->knob(k).default_value;
      if (std::strcmp(touch->knob(k).name, "rest_capture") == 0)
        rest_knob = static_cast<int32_t>(k);
    }
  }
};

// Sees every latent vector that the whole voice of a scene consumes. `ring_frame` is where its
// block begins in the ring, -1 where the block only warms the voice; `field_us` is when the field
// behind it was read. `latents` is [count / frames, frames], as the voice takes it. Threads: voice,
// and files where it warms.
class VoiceTap {
 public:
  virtual ~VoiceTap() {}
  virtual void OnLatents(const Scene& scene, uint32_t block, int64_t ring_frame, uint64_t field_us,
                         const float* latents, uint32_t count) = 0;
};

// The touch plan in force in a scene, and how many of its others are kept.
struct TouchInForce {
  uint32_t crc = 0;
  int32_t before = 0, after = 0;  // that TurnTouch goes back to, and forward
  char calibration[17] =
      "";  // the first 16 digits of the SHA-256 of the one it was made from; empty: not known
};

// Makes scenes from the settings.
class SceneLoader {
 public:
  virtual ~SceneLoader() {}
  virtual int32_t count() const = 0;
  virtual const char* name(int32_t) const { return ""; }  // (index), as the settings have it
  // Seconds that the way into it takes where the player does not say; 0: as quick as can be.
  virtual float morph_s(int32_t) const { return 0.0f; }  // (index)
  // Null and one line in `error` when the scene cannot play; a line beside a scene is a warning.
  // May take seconds. Threads: files.
  virtual std::unique_ptr<Scene> Load(int32_t index, char* error, size_t error_bytes) = 0;
  // Keeps `plan` as the scene's touch from now on, over a power cut; false, a line in `error` and
  // all as before when it cannot be kept or cannot play. Threads: files.
  virtual bool KeepTouch(int32_t, const std::vector<uint8_t>&, char* error, size_t error_bytes) {
    std::snprintf(error, error_bytes,
                  "this board keeps no touch plans: its settings name no state folder");
    return false;
  }
  // The touch before (way -1) or after (1) the one in force, or that one (0); likewise. Threads:
  // files.
  virtual bool TurnTouch(int32_t, int32_t, char* error, size_t error_bytes) {
    std::snprintf(error, error_bytes,
                  "this board keeps no touch plans: its settings name no state folder");
    return false;
  }
  // What is in force there. Threads: files.
  virtual TouchInForce LookTouch(int32_t) { return TouchInForce(); }
  // What the scene shall know of earlier evenings, before its touch runs. Takes no time. Threads:
  // control.
  virtual void RestoreTouch(Scene*) {}
};

}  // namespace lodestone
