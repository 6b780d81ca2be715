#include "firmware/browser/page_scenes.h"

#include <cstdio>

namespace lodestone {
namespace {

// The instrument gives a scene back by destroying it; what was lent outlives that.
class LentTouch : public Touch {
 public:
  explicit LentTouch(EngineTouch* kept) : kept_(kept) {}
  const char* name() const override { return kept_->name(); }
  uint32_t latents() const override { return kept_->latents(); }
  uint32_t knobs() const override { return kept_->knobs(); }
  KnobInfo knob(uint32_t index) const override { return kept_->knob(index); }
  void SetKnob(uint32_t index, float value) override { kept_->SetKnob(index, value); }
  void Run(const FieldFrame& frame, float dt_s) override { kept_->Run(frame, dt_s); }
  const float* touch() const override { return kept_->touch(); }
  const float* latent() const override { return kept_->latent(); }
  size_t state_bytes() const override { return kept_->state_bytes(); }
  void SaveState(void* to) const override { kept_->SaveState(to); }
  void LoadState(const void* from) override { kept_->LoadState(from); }

 private:
  EngineTouch* kept_;
};

class LentVoice : public Voice {
 public:
  explicit LentVoice(EngineVoice* kept) : kept_(kept) {}
  const VoiceInfo& info() const override { return kept_->info(); }
  float* latent() override { return kept_->latent(); }
  bool Step(uint32_t work_items) override { return kept_->Step(work_items); }
  const float* audio() const override { return kept_->audio(); }
  void Reset() override { kept_->Reset(); }

 private:
  EngineVoice* kept_;
};

}  // namespace

bool PageScenes::Add(const char* name, PlanBytes touch, PlanBytes voice, char* error, size_t error_bytes) {
  Engine touch_engine, voice_engine;
  if (!touch_engine.Load(touch.data, touch.size, error, error_bytes)) return false;
  if (!voice_engine.Load(voice.data, voice.size, error, error_bytes)) return false;
  Kept kept;
  kept.name = name;
  kept.touch = EngineTouch::Make(std::move(touch_engine), error, error_bytes);
  if (!kept.touch) return false;
  kept.voice = EngineVoice::Make(std::move(voice_engine), error, error_bytes);
  if (!kept.voice) return false;
  const VoiceInfo& info = kept.voice->info();
  if (info.latents != kept.touch->latents()) {
    std::snprintf(error, error_bytes, "wanted a voice of %u latents for this touch, got one of %u: give the touch made for it, too",
                  static_cast<unsigned>(kept.touch->latents()), static_cast<unsigned>(info.latents));
    return false;
  }
  if (info.sample_rate_hz != sample_rate_hz_) {
    std::snprintf(error, error_bytes, "wanted a voice at %u Hz, got one at %u: set the page's rate to it",
                  static_cast<unsigned>(sample_rate_hz_), static_cast<unsigned>(info.sample_rate_hz));
    return false;
  }
  if (uint64_t{info.hop} * info.frames > longest_block_) {
    std::snprintf(error, error_bytes, "wanted blocks of at most %u samples, got %llu: export fewer frames a call",
                  static_cast<unsigned>(longest_block_), static_cast<unsigned long long>(uint64_t{info.hop} * info.frames));
    return false;
  }
  kept.fresh.resize(kept.touch->state_bytes());
  kept.touch->SaveState(kept.fresh.data());
  kept_.push_back(std::move(kept));
  return true;
}

std::unique_ptr<Scene> PageScenes::Load(int32_t index, char*, size_t) {
  Kept& kept = kept_[static_cast<size_t>(index)];
  kept.touch->LoadState(kept.fresh.data());
  kept.voice->Reset();
  std::unique_ptr<Scene> scene(new Scene);
  std::snprintf(scene->name, sizeof scene->name, "%s", kept.name.c_str());
  scene->index = index;
  scene->touch.reset(new LentTouch(kept.touch.get()));
  scene->voice.reset(new LentVoice(kept.voice.get()));
  scene->ResetKnobs();
  return scene;
}

}  // namespace lodestone
