#include "firmware/instrument/scene_worker.h"

#include <utility>

namespace lodestone {

SceneWorker::SceneWorker(SceneLoader* loader)
    : loader_(loader),
      tap_(nullptr),
      busy_(false),
      job_(Job::kLoad),
      index_(0),
      way_(0),
      plan_(),
      in_force_(),
      warming_(nullptr),
      warming_rung_(0),
      warmed_(0),
      error_() {}

void SceneWorker::Post(Job job) {
  job_ = job;
  busy_.store(true, std::memory_order_release);
}

void SceneWorker::Load(int32_t index) {
  index_ = index;
  Post(Job::kLoad);
}

void SceneWorker::Warm(Scene* scene) {
  warming_ = scene;
  warming_rung_ = 0;
  warmed_ = 0;
  Post(Job::kWarm);
}

void SceneWorker::Release(std::unique_ptr<Scene> scene) {
  scene_ = std::move(scene);
  Post(Job::kRelease);
}

void SceneWorker::Replace(int32_t index, std::vector<uint8_t>* plan, int32_t way) {
  index_ = index;
  way_ = way;
  plan_.swap(*plan);
  Post(Job::kReplace);
}

void SceneWorker::KeepAndLoad() {
  error_[0] = '\0';
  scene_.reset();
  const bool only_look = plan_.empty() && way_ == 0;
  const bool kept =
      only_look || (plan_.empty() ? loader_->TurnTouch(index_, way_, error_, sizeof error_)
                                  : loader_->KeepTouch(index_, plan_, error_, sizeof error_));
  std::vector<uint8_t>().swap(plan_);
  if (kept && !only_look) scene_ = loader_->Load(index_, error_, sizeof error_);
  in_force_ = loader_->LookTouch(index_);
}

bool SceneWorker::Step() {
  if (!busy_.load(std::memory_order_acquire)) return false;
  bool done = true;
  if (job_ == Job::kLoad) {
    error_[0] = '\0';
    scene_ = loader_->Load(index_, error_, sizeof error_);
  } else if (job_ == Job::kReplace) {
    KeepAndLoad();
  } else if (job_ == Job::kWarm) {
    done = WarmBlock();
  } else {
    scene_.reset();
  }
  if (done) busy_.store(false, std::memory_order_release);
  return true;
}

// One block of one of the scene's voices; true when all of them are warm. A touch that has not run
// yet counts as zero.
bool SceneWorker::WarmBlock() {
  LatentFrame now = LatentFrame();
  warming_->latents.Read(&now);
  Voice& voice = warming_->voice_at(warming_rung_);
  const VoiceInfo& info = voice.info();
  float* to = voice.latent();
  for (uint32_t z = 0; z < info.latents; ++z) {
    for (uint32_t t = 0; t < info.frames; ++t) to[z * info.frames + t] = now.values[z];
  }
  if (warming_rung_ == 0) {
    if (tap_ != nullptr) {
      tap_->OnLatents(*warming_, warming_->blocks, -1, now.time_us, to, info.latents * info.frames);
    }
    ++warming_->blocks;
  }
  RunBlock(&voice);
  if (++warmed_ < kWarmBlocks) return false;
  warmed_ = 0;
  return ++warming_rung_ == warming_->voices();
}

}  // namespace lodestone
