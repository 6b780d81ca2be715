#include "firmware/platform/plan_scenes.h"

#include <cstdio>
#include <cstring>
#include <utility>

#include "firmware/engine/crc32.h"
#include "firmware/instrument/engine_parts.h"
#include "firmware/instrument/engine_stages.h"
#include "firmware/instrument/instrument.h"
#include "firmware/platform/files.h"

namespace lodestone {
namespace {

// A line of the card that mapping/card.py writes; a touch made elsewhere may have none.
void CalibrationOf(const char* card, TouchInForce* found) {
  constexpr char kKey[] = "\"calibration_sha256\"";
  const char* at = std::strstr(card, kKey);
  if (at == nullptr) return;
  at = std::strchr(at + sizeof kKey - 1, '"');
  if (at != nullptr) std::snprintf(found->calibration, sizeof found->calibration, "%.16s", at + 1);
}

}  // namespace

PlanScenes::PlanScenes(const BoardConf& conf, const std::string& folder, uint32_t sample_rate_hz,
                       uint32_t prefill_frames)
    : conf_(conf),
      folder_(folder),
      sample_rate_hz_(sample_rate_hz),
      prefill_frames_(prefill_frames),
      touches_(nullptr),
      meter_(nullptr),
      shelf_("") {}

// What came while the board played must never cost the scene: where it does not go with the voice,
// the image's own touch plays.
std::unique_ptr<Scene> PlanScenes::Load(int32_t index, char* error, size_t error_bytes) {
  if (meter_ != nullptr) meter_->OnLoad();
  std::unique_ptr<Scene> scene = LoadWith(true, index, error, error_bytes);
  if (scene) return scene;
  scene = LoadWith(false, index, error, error_bytes);
  if (scene)
    std::snprintf(error, error_bytes,
                  "scene %s: its new touch plan does not go with its voice; the flashed one plays",
                  scene->name);
  return scene;
}

std::unique_ptr<Scene> PlanScenes::LoadWith(bool kept, int32_t index, char* error,
                                            size_t error_bytes) const {
  const SceneConf& from = conf_.scenes[static_cast<size_t>(index)];
  if (!from.refused.empty()) {
    std::snprintf(error, error_bytes, "no scene %d: %s", static_cast<int>(index),
                  from.refused.c_str());
    return nullptr;
  }
  std::unique_ptr<Scene> scene(new Scene);
  std::snprintf(scene->name, sizeof scene->name, "%s", from.name.c_str());
  scene->index = index;
  if (!LoadTouch(from, kept, scene.get(), error, error_bytes)) return nullptr;
  scene->voice = LoadVoice(*scene, from.voice_plans[0], &scene->voice_crc, error, error_bytes);
  if (!scene->voice) return nullptr;
  for (size_t v = 1; v < from.voice_plans.size();
       ++v) {  // without a sister the ladder has a rung less
    uint32_t unused = 0;
    std::unique_ptr<Voice> sister =
        LoadVoice(*scene, from.voice_plans[v], &unused, error, error_bytes);
    if (sister) scene->sisters.push_back(std::move(sister));
  }
  scene->ResetKnobs();
  return scene;
}

// The one that came while the board played, where there is one and it is sound; else the image's.
bool PlanScenes::LoadTouch(const SceneConf& from, bool kept, Scene* scene, char* error,
                           size_t error_bytes) const {
  uint32_t base = 0;
  std::string came;
  if (!BaseOf(from, &base, error, error_bytes)) return false;
  if (kept && shelf_.Read(from.name, base, &came)) {
    Engine engine;
    char reason[160];
    if (engine.Load(came.data(), came.size(), reason, sizeof reason)) {
      scene->touch = EngineTouch::Make(std::move(engine), error, error_bytes);
      scene->touch_crc = Crc32(reinterpret_cast<const uint8_t*>(came.data()), came.size());
      if (scene->touch) return true;
    }
    std::snprintf(error, error_bytes,
                  "scene %s: its new touch plan cannot be used; the one that was flashed plays",
                  scene->name);
  }
  Engine engine;
  if (!LoadPlan(from.touch_plan, &engine, &scene->touch_crc, error, error_bytes)) return false;
  scene->touch = EngineTouch::Make(std::move(engine), error, error_bytes);
  return scene->touch != nullptr;
}

bool PlanScenes::BaseOf(const SceneConf& from, uint32_t* base, char* error,
                        size_t error_bytes) const {
  std::string bytes, trouble;
  if (!ReadFile(folder_ + from.touch_plan, &bytes, &trouble)) {
    std::snprintf(error, error_bytes, "%s", trouble.c_str());
    return false;
  }
  *base = Crc32(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return true;
}

bool PlanScenes::KeepTouch(int32_t index, const std::vector<uint8_t>& plan, char* error,
                           size_t error_bytes) {
  const SceneConf& from = conf_.scenes[static_cast<size_t>(index)];
  std::unique_ptr<Scene> playing = Load(index, error, error_bytes);
  if (!playing) return false;
  Engine engine;
  char reason[160];
  if (!engine.Load(plan.data(), plan.size(), reason, sizeof reason)) {
    std::snprintf(error, error_bytes, "no touch plan: %s", reason);
    return false;
  }
  playing->touch = EngineTouch::Make(std::move(engine), error, error_bytes);
  if (!playing->touch || !Fits(*playing, playing->voice->info(), error, error_bytes)) return false;
  uint32_t base = 0;
  std::string trouble;
  if (!BaseOf(from, &base, error, error_bytes)) return false;
  if (shelf_.Keep(from.name, base, plan, &trouble)) return true;
  std::snprintf(error, error_bytes, "%s", trouble.c_str());
  return false;
}

bool PlanScenes::TurnTouch(int32_t index, int32_t way, char* error, size_t error_bytes) {
  const SceneConf& from = conf_.scenes[static_cast<size_t>(index)];
  uint32_t base = 0;
  std::string trouble;
  if (!BaseOf(from, &base, error, error_bytes)) return false;
  if (way == 0 || shelf_.Turn(from.name, base, way, &trouble)) return true;
  std::snprintf(error, error_bytes, "%s", trouble.c_str());
  return false;
}

TouchInForce PlanScenes::LookTouch(int32_t index) {
  const SceneConf& from = conf_.scenes[static_cast<size_t>(index)];
  TouchInForce found;
  std::string plan, unused;
  uint32_t base = 0;
  char error[160];
  if (!from.refused.empty() || !BaseOf(from, &base, error, sizeof error)) return found;
  if (!shelf_.Read(from.name, base, &plan)) ReadFile(folder_ + from.touch_plan, &plan, &unused);
  shelf_.Count(from.name, base, &found.before, &found.after);
  found.crc = Crc32(reinterpret_cast<const uint8_t*>(plan.data()), plan.size());
  Engine engine;
  if (engine.Load(plan.data(), plan.size(), error, sizeof error))
    CalibrationOf(engine.card_json(), &found);
  return found;
}

std::unique_ptr<Voice> PlanScenes::LoadVoice(const Scene& scene,
                                             const std::vector<std::string>& stages, uint32_t* crc,
                                             char* error, size_t error_bytes) const {
  std::vector<Engine> engines(stages.size());
  for (size_t s = 0; s < stages.size(); ++s) {
    uint32_t one = 0;
    if (!LoadPlan(stages[s], &engines[s], &one, error, error_bytes)) return nullptr;
    *crc = *crc * 31 + one;
  }
  std::unique_ptr<Voice> voice;
  if (engines.size() == 1)
    voice = EngineVoice::Make(std::move(engines[0]), error, error_bytes);
  else
    voice = MakeStagedVoice(std::move(engines), error, error_bytes);
  if (voice && !Fits(scene, voice->info(), error, error_bytes)) voice.reset();
  return voice;
}

void PlanScenes::RestoreTouch(Scene* scene) {
  if (touches_ == nullptr) return;
  for (const TouchMemory& touch : *touches_) {
    if (touch.plan_crc == scene->touch_crc && touch.state.size() == scene->touch->state_bytes()) {
      scene->touch->LoadState(touch.state.data());
    }
  }
}

bool PlanScenes::LoadPlan(const std::string& plan, Engine* engine, uint32_t* crc, char* error,
                          size_t error_bytes) const {
  std::string bytes, trouble;
  if (!ReadFile(folder_ + plan, &bytes, &trouble)) {
    std::snprintf(error, error_bytes, "%s", trouble.c_str());
    return false;
  }
  *crc = Crc32(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  char reason[160];
  if (engine->Load(bytes.data(), bytes.size(), reason, sizeof reason)) return true;
  std::snprintf(error, error_bytes, "%s: %s", plan.c_str(), reason);
  return false;
}

bool PlanScenes::Fits(const Scene& scene, const VoiceInfo& voice, char* error,
                      size_t error_bytes) const {
  if (scene.touch->latents() != voice.latents) {
    std::snprintf(error, error_bytes,
                  "scene %s: the voice wants %u latents, the touch gives %u: map it to this voice",
                  scene.name, static_cast<unsigned>(voice.latents),
                  static_cast<unsigned>(scene.touch->latents()));
    return false;
  }
  if (voice.sample_rate_hz != sample_rate_hz_) {
    std::snprintf(error, error_bytes,
                  "scene %s: the voice wants %u Hz, the board runs at %u: set its rate", scene.name,
                  static_cast<unsigned>(voice.sample_rate_hz),
                  static_cast<unsigned>(sample_rate_hz_));
    return false;
  }
  if (prefill_frames_ > Instrument::kRingFrames ||
      voice.block() > Instrument::kRingFrames - prefill_frames_) {
    std::snprintf(error, error_bytes,
                  "scene %s: wanted blocks of at most %u samples, got %u: export fewer frames",
                  scene.name, static_cast<unsigned>(Instrument::kRingFrames - prefill_frames_),
                  static_cast<unsigned>(voice.block()));
    return false;
  }
  return true;
}

}  // namespace lodestone
