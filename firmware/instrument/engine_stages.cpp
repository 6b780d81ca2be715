#include "firmware/instrument/engine_stages.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "firmware/instrument/engine_parts.h"

namespace lodestone {
namespace {

class EngineStage : public Stage {
 public:
  explicit EngineStage(Engine engine) : engine_(std::move(engine)) {}
  bool Step(uint32_t work_items) override { return engine_.Step(work_items); }
  void Reset() override { engine_.Reset(); }

 private:
  Engine engine_;
};

bool SameVoice(const PlanInfo& a, const PlanInfo& b) {
  return a.kind == PlanKind::kVoice && b.kind == PlanKind::kVoice &&
         std::strcmp(a.name, b.name) == 0 && a.sample_rate_hz == b.sample_rate_hz &&
         a.hop == b.hop && a.frames == b.frames && a.latents == b.latents &&
         a.channels == b.channels && a.delay_samples == b.delay_samples;
}

bool Needs(const TensorInfo& input) {
  return input.role == TensorRole::kValue && !input.has_default;
}

// What `from` hands to `to`; false where `to` needs something else, or `from` makes what nobody
// takes.
bool MatchHandovers(Engine* from, Engine* to, std::vector<StagedVoice::Handover>* handovers) {
  for (size_t i = 0; i < to->input_count(); ++i) {
    const TensorInfo& input = to->input(i);
    if (!Needs(input)) continue;
    const int found = from->FindOutput(input.name);
    if (found < 0 || from->output(static_cast<size_t>(found)).elements != input.elements)
      return false;
    handovers->push_back(
        {from->output_data(static_cast<size_t>(found)), to->input_data(i), input.elements});
  }
  return handovers->size() == from->output_count();
}

}  // namespace

std::unique_ptr<Voice> MakeStagedVoice(std::vector<Engine> engines, char* error,
                                       size_t error_bytes) {
  const char* const name = engines[0].info().name;
  const int latent = engines.front().FindInput("latent"),
            audio = engines.back().FindOutput("audio");
  VoiceInfo info = VoiceInfoOf(engines.back());
  std::vector<StagedVoice::Link> chain(engines.size());
  bool whole = latent >= 0 && audio >= 0 && info.latents > 0 && info.latents <= kMaxLatents &&
               info.channels > 0 && info.block() > 0;
  for (size_t s = 0; whole && s + 1 < engines.size(); ++s) {
    whole = SameVoice(engines[s].info(), engines[s + 1].info()) &&
            MatchHandovers(&engines[s], &engines[s + 1], &chain[s].handovers);
    info.macs_per_second = std::max(info.macs_per_second, VoiceInfoOf(engines[s]).macs_per_second);
  }
  whole =
      whole &&
      engines.front().input(static_cast<size_t>(latent)).elements == info.latents * info.frames &&
      engines.back().output(static_cast<size_t>(audio)).elements == info.channels * info.block();
  if (!whole) {
    std::snprintf(error, error_bytes,
                  "wanted the stages of one voice in order, got %.63s and others: compile it again",
                  name);
    return nullptr;
  }
  float* const to = engines.front().input_data(static_cast<size_t>(latent));
  const float* const from = engines.back().output_data(static_cast<size_t>(audio));
  for (size_t s = 0; s < engines.size(); ++s)
    chain[s].stage.reset(new EngineStage(std::move(engines[s])));
  return std::unique_ptr<Voice>(new StagedVoice(info, to, from, std::move(chain)));
}

}  // namespace lodestone
