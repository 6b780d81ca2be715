#include "firmware/instrument/scene_keeper.h"

#include <cstdio>

namespace lodestone {

SceneKeeper::SceneKeeper(SceneLoader* loader, TouchPlayer* touch, VoicePlayer* voice)
    : loader_(loader), touch_(touch), voice_(voice), tap_(nullptr), state_(State::kSteady), asked_(0), wish_(false),
      warmed_(0), trouble_() {}

void SceneKeeper::Ask(int32_t index) {
  if (index < 0 || index >= loader_->count()) {
    std::snprintf(trouble_, sizeof trouble_, "no scene %d: there are %d, counted from 0", static_cast<int>(index),
                  static_cast<int>(loader_->count()));
    return;
  }
  asked_ = index;
  wish_ = true;
}

bool SceneKeeper::Tick() {
  switch (state_) {
    case State::kSteady:
      return wish_ && Start();
    case State::kFeeding:
      warmed_ = 0;
      if (touch_->HasTaken()) state_ = State::kWarming;
      return false;
    case State::kWarming:
      Warm();
      return false;
    case State::kSwapping:
      if (voice_->playing() != coming_.get()) return false;
      leaving_ = std::move(playing_);
      playing_ = std::move(coming_);
      touch_->Want(playing_.get(), nullptr);
      state_ = State::kReleasing;
      return true;
    case State::kReleasing:
      if (!touch_->HasTaken()) return false;
      leaving_.reset();
      state_ = State::kSteady;
      return false;
  }
  return false;
}

// Loads the scene that is wished for. The first one begins at once; a later one is fed by its touch first.
bool SceneKeeper::Start() {
  wish_ = false;
  if (playing_ && playing_->index == asked_) return false;
  std::unique_ptr<Scene> scene = loader_->Load(asked_, trouble_, sizeof trouble_);
  if (!scene) return false;
  trouble_[0] = '\0';
  if (!playing_) {
    playing_ = std::move(scene);
    touch_->Want(playing_.get(), nullptr);
    voice_->Want(playing_.get());
    return true;
  }
  coming_ = std::move(scene);
  touch_->Want(playing_.get(), coming_.get());
  state_ = State::kFeeding;
  return false;
}

// Runs the new voice on its own latents, one block a tick, so that its memories hold sound and its pages are there.
void SceneKeeper::Warm() {
  LatentFrame now;
  if (!coming_->latents.Read(&now)) return;
  const VoiceInfo& info = coming_->voice->info();
  float* to = coming_->voice->latent();
  for (uint32_t z = 0; z < info.latents; ++z) {
    for (uint32_t t = 0; t < info.frames; ++t) to[z * info.frames + t] = now.values[z];
  }
  if (tap_ != nullptr) tap_->OnLatents(*coming_, coming_->blocks, -1, to, info.latents * info.frames);
  ++coming_->blocks;
  while (!coming_->voice->Step(UINT32_MAX)) {
  }
  if (++warmed_ < kWarmBlocks) return;
  voice_->Want(coming_.get());
  state_ = State::kSwapping;
}

}  // namespace lodestone
