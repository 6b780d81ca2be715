// The engine as a touch and as a voice: finds the graph's inputs and outputs once, then only copies
// and runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "firmware/engine/engine.h"
#include "firmware/instrument/parts.h"

namespace lodestone {

class EngineTouch : public Touch {
 public:
  // Null and one line in `error` where the plan is not a touch as docs/plan-format.md has it.
  static std::unique_ptr<EngineTouch> Make(Engine engine, char* error, size_t error_bytes);

  const char* name() const override { return engine_.info().name; }
  uint32_t latents() const override { return latents_; }
  uint32_t knobs() const override { return static_cast<uint32_t>(knobs_.size()); }
  KnobInfo knob(uint32_t index) const override;
  void SetKnob(uint32_t index, float value) override { *engine_.input_data(knobs_[index]) = value; }
  void Run(const FieldFrame& frame, float dt_s) override;
  const float* touch() const override { return now_.data(); }
  const float* latent() const override { return now_.data() + kTouchValues; }
  const float* place() const override;
  void Lead(const float* place, float share) override;
  const float* room() const override;
  float rest_refused_mt() const override;
  uint32_t strange() const override { return strange_; }
  float lag_ms() const override { return lag_ms_; }
  size_t state_bytes() const override { return engine_.state_bytes(); }
  // What was saved or loaded last is what it goes back to when it gives no numbers.
  void SaveState(void* to) override;
  void LoadState(const void* from) override;

 private:
  explicit EngineTouch(Engine engine);
  bool Find(char* error, size_t error_bytes);
  void Recover();

  Engine engine_;
  size_t field_, valid_, temperature_, dt_;  // inputs; kAbsent where the graph has none
  size_t lead_place_, lead_share_;           // likewise
  size_t touch_, latent_;                    // outputs
  size_t room_, place_, rest_refused_;       // these may be kAbsent
  uint32_t latents_;
  float lag_ms_;  // as its card has it
  std::vector<size_t> knobs_;
  std::vector<float> now_;     // touch, latents, room, place, rest_refused of the last good frame
  std::vector<uint8_t> home_;  // a state that is known to be good
  uint32_t strange_, in_a_row_;
};

// What a voice's plan says of it.
VoiceInfo VoiceInfoOf(const Engine& engine);

class EngineVoice : public Voice {
 public:
  static std::unique_ptr<EngineVoice> Make(Engine engine, char* error, size_t error_bytes);

  const VoiceInfo& info() const override { return info_; }
  float* latent() override { return engine_.input_data(latent_); }
  bool Step(uint32_t work_items) override { return engine_.Step(work_items); }
  const float* audio() const override { return engine_.output_data(audio_); }
  void Reset() override { engine_.Reset(); }

 private:
  explicit EngineVoice(Engine engine);
  bool Find(char* error, size_t error_bytes);

  Engine engine_;
  VoiceInfo info_;
  size_t latent_, audio_;
};

}  // namespace lodestone
