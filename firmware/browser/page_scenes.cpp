#include "firmware/browser/page_scenes.h"

#include <algorithm>
#include <cstdio>

#include "firmware/engine/crc32.h"

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
  const float* place() const override { return kept_->place(); }
  void Lead(const float* place, float share) override { kept_->Lead(place, share); }
  size_t state_bytes() const override { return kept_->state_bytes(); }
  void SaveState(void* to) const override { kept_->SaveState(to); }
  void LoadState(const void* from) override { kept_->LoadState(from); }

 private:
  EngineTouch* kept_;
};

// A touch that gives standard deviations, for a voice whose latents have this mean and spread. It
// may have more latents than the voice, which takes the first, or fewer: the others rest at their
// mean.
class SpreadTouch : public LentTouch {
 public:
  SpreadTouch(EngineTouch* kept, const std::vector<float>& mean, const std::vector<float>& std)
      : LentTouch(kept), mean_(mean), std_(std), latent_(mean) {}
  uint32_t latents() const override { return static_cast<uint32_t>(mean_.size()); }
  void Run(const FieldFrame& frame, float dt_s) override {
    LentTouch::Run(frame, dt_s);
    const float* sigmas = LentTouch::latent();
    const size_t given = std::min<size_t>(LentTouch::latents(), mean_.size());
    for (size_t z = 0; z < given; ++z) latent_[z] = mean_[z] + std_[z] * sigmas[z];
  }
  const float* latent() const override { return latent_.data(); }

 private:
  const std::vector<float>& mean_;
  const std::vector<float>& std_;
  std::vector<float> latent_;
};

class LentVoice : public Voice {
 public:
  LentVoice(EngineVoice* kept, bool* lent) : kept_(kept), lent_(lent) { *lent_ = true; }
  ~LentVoice() override { *lent_ = false; }
  const VoiceInfo& info() const override { return kept_->info(); }
  float* latent() override { return kept_->latent(); }
  bool Step(uint32_t work_items) override { return kept_->Step(work_items); }
  const float* audio() const override { return kept_->audio(); }
  void Reset() override { kept_->Reset(); }

 private:
  EngineVoice* kept_;
  bool* lent_;
};

}  // namespace

// A voice that is there already gets its second engine, and no third.
KeptVoice* PageScenes::Keep(PlanBytes voice, char* error, size_t error_bytes) {
  const uint32_t crc = Crc32(static_cast<const uint8_t*>(voice.data), voice.size);
  KeptVoice* kept = nullptr;
  for (std::unique_ptr<KeptVoice>& known : voices_) {
    if (known->crc == crc && known->bytes == voice.size) kept = known.get();
  }
  if (kept != nullptr && kept->engines[1]) return kept;
  Engine engine;
  if (!engine.Load(voice.data, voice.size, error, error_bytes, kernels_)) return nullptr;
  std::unique_ptr<EngineVoice> made = EngineVoice::Make(std::move(engine), error, error_bytes);
  if (!made) return nullptr;
  if (kept == nullptr) {
    voices_.emplace_back(new KeptVoice());
    kept = voices_.back().get();
    kept->crc = crc;
    kept->bytes = voice.size;
  }
  kept->engines[kept->engines[0] ? 1 : 0] = std::move(made);
  return kept;
}

bool PageScenes::Fits(uint32_t latents, const VoiceInfo& voice, char* error,
                      size_t error_bytes) const {
  if (voice.latents != latents) {
    std::snprintf(error, error_bytes,
                  "wanted a voice of %u latents for this touch, got one of %u: give the touch made "
                  "for it, too",
                  static_cast<unsigned>(latents), static_cast<unsigned>(voice.latents));
    return false;
  }
  if (voice.sample_rate_hz != sample_rate_hz_) {
    std::snprintf(
        error, error_bytes, "wanted a voice at %u Hz, got one at %u: export it at the page's rate",
        static_cast<unsigned>(sample_rate_hz_), static_cast<unsigned>(voice.sample_rate_hz));
    return false;
  }
  const uint64_t block = uint64_t{voice.hop} * voice.frames;
  if (block > longest_block_) {
    std::snprintf(error, error_bytes,
                  "wanted blocks of at most %u samples, got %llu: export fewer frames a call",
                  static_cast<unsigned>(longest_block_), static_cast<unsigned long long>(block));
    return false;
  }
  return true;
}

bool PageScenes::Add(const char* name, PlanBytes touch, PlanBytes voice, Spread spread, char* error,
                     size_t error_bytes) {
  Engine engine;
  if (!engine.Load(touch.data, touch.size, error, error_bytes, kernels_)) return false;
  Kept kept;
  kept.name = name;
  kept.touch = EngineTouch::Make(std::move(engine), error, error_bytes);
  if (!kept.touch) return false;
  kept.voice = Keep(voice, error, error_bytes);
  if (kept.voice == nullptr) return false;
  const uint32_t half = spread.count / 2;
  kept.mean.assign(spread.values, spread.values + half);
  kept.std.assign(spread.values + half, spread.values + 2 * half);
  const uint32_t latents = half > 0 ? half : kept.touch->latents();
  if (!Fits(latents, kept.voice->engines[0]->info(), error, error_bytes)) return false;
  kept.fresh.resize(kept.touch->state_bytes());
  kept.touch->SaveState(kept.fresh.data());
  kept_.push_back(std::move(kept));
  return true;
}

std::unique_ptr<Scene> PageScenes::Load(int32_t index, char* error, size_t error_bytes) {
  Kept& kept = kept_[static_cast<size_t>(index)];
  KeptVoice& voice = *kept.voice;
  const int free = !voice.lent[0] ? 0 : 1;
  if (voice.lent[free] || !voice.engines[free]) {
    std::snprintf(error, error_bytes,
                  "wanted an engine of this voice that is free, got none: ask again");
    return nullptr;
  }
  kept.touch->LoadState(kept.fresh.data());
  voice.engines[free]->Reset();
  std::unique_ptr<Scene> scene(new Scene);
  std::snprintf(scene->name, sizeof scene->name, "%s", kept.name.c_str());
  scene->index = index;
  if (kept.mean.empty()) {
    scene->touch.reset(new LentTouch(kept.touch.get()));
  } else {
    scene->touch.reset(new SpreadTouch(kept.touch.get(), kept.mean, kept.std));
  }
  scene->voice.reset(new LentVoice(voice.engines[free].get(), &voice.lent[free]));
  scene->voice_crc = voice.crc;
  scene->ResetKnobs();
  return scene;
}

}  // namespace lodestone
