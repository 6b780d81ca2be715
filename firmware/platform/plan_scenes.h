// Scenes from plan files beside the program: read, checked whole, and matched to each other and to
// the board.
#pragma once

#include "firmware/engine/engine.h"
#include "firmware/instrument/memory.h"
#include "firmware/instrument/scene.h"
#include "firmware/platform/board_conf.h"
#include "firmware/platform/load_meter.h"
#include "firmware/platform/touch_shelf.h"

namespace lodestone {

class PlanScenes : public SceneLoader {
 public:
  // `folder` is where the plans' paths begin; `conf` must outlive this.
  PlanScenes(const BoardConf& conf, const std::string& folder, uint32_t sample_rate_hz,
             uint32_t prefill_frames);

  // Rests captured earlier, found again by the touch plan's checksum. Must outlive this; control's
  // alone.
  void SetTouches(const std::vector<TouchMemory>* touches) { touches_ = touches; }

  // Where touch plans are kept that come while the board plays; empty: nowhere. Before the first
  // Load.
  void SetShelf(const std::string& folder) { shelf_ = TouchShelf(folder); }

  // Told when a scene is to be loaded. Must outlive this; null: nobody is.
  void SetMeter(LoadMeter* meter) { meter_ = meter; }

  int32_t count() const override { return static_cast<int32_t>(conf_.scenes.size()); }
  const char* name(int32_t index) const override {
    return conf_.scenes[static_cast<size_t>(index)].name.c_str();
  }
  float morph_s(int32_t index) const override {
    return 1e-3f * static_cast<float>(conf_.scenes[static_cast<size_t>(index)].morph_ms);
  }
  std::unique_ptr<Scene> Load(int32_t index, char* error, size_t error_bytes) override;
  void RestoreTouch(Scene* scene) override;
  bool KeepTouch(int32_t index, const std::vector<uint8_t>& plan, char* error,
                 size_t error_bytes) override;
  bool TurnTouch(int32_t index, int32_t way, char* error, size_t error_bytes) override;
  TouchInForce LookTouch(int32_t index) override;

 private:
  bool LoadPlan(const std::string& plan, Engine* engine, uint32_t* crc, char* error,
                size_t error_bytes) const;
  // `crc`: of its plans.
  std::unique_ptr<Voice> LoadVoice(const Scene& scene, const std::vector<std::string>& stages,
                                   uint32_t* crc, char* error, size_t error_bytes) const;
  // `kept`: may it be one that came while the board played?
  std::unique_ptr<Scene> LoadWith(bool kept, int32_t index, char* error, size_t error_bytes) const;
  bool LoadTouch(const SceneConf& from, bool kept, Scene* scene, char* error,
                 size_t error_bytes) const;
  bool BaseOf(const SceneConf& from, uint32_t* base, char* error, size_t error_bytes) const;
  bool Fits(const Scene& scene, const VoiceInfo& voice, char* error, size_t error_bytes) const;

  const BoardConf& conf_;
  std::string folder_;
  uint32_t sample_rate_hz_, prefill_frames_;
  const std::vector<TouchMemory>* touches_;
  LoadMeter* meter_;
  TouchShelf shelf_;
};

}  // namespace lodestone
