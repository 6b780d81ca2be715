#include "firmware/instrument/scene_keeper.h"

#include <cstdio>

namespace lodestone {

SceneKeeper::SceneKeeper(SceneLoader* loader, TouchPlayer* touch, VoicePlayer* voice)
    : loader_(loader), touch_(touch), voice_(voice), worker_(loader), state_(State::kSteady), asked_(0), wish_(false),
      trouble_() {}

void SceneKeeper::Begin(int32_t index) {
  char first_trouble[sizeof trouble_] = "";
  const int32_t count = loader_->count();
  for (int32_t tries = 0; playing_ == nullptr && tries <= count; ++tries) {
    const int32_t other = tries == 0 ? index : tries - 1;
    if (tries > 0 && other == index) continue;
    Ask(other);
    for (Tick(); state_ != State::kSteady; Tick()) worker_.Step();
    if (tries == 0) std::snprintf(first_trouble, sizeof first_trouble, "%s", trouble_);
  }
  std::snprintf(trouble_, sizeof trouble_, "%s", first_trouble);
  if (playing_ == nullptr) return;
  for (std::unique_ptr<Voice>& sister : playing_->sisters) {
    for (int block = 0; block < SceneWorker::kWarmBlocks; ++block) RunBlock(sister.get());
  }
}

void SceneKeeper::Ask(int32_t index) {
  if (loader_->count() == 0) {
    std::snprintf(trouble_, sizeof trouble_, "no scene to play: the settings name none");
  } else if (index < 0 || index >= loader_->count()) {
    std::snprintf(trouble_, sizeof trouble_, "no scene %d: there are %d, counted from 0", static_cast<int>(index),
                  static_cast<int>(loader_->count()));
  } else {
    asked_ = index;
    wish_ = true;
    trouble_[0] = '\0';  // of an earlier wish
  }
}

bool SceneKeeper::Tick() {
  switch (state_) {
    case State::kSteady:
      if (wish_) Start();
      return false;
    case State::kLoading:
      return worker_.idle() && Take();
    case State::kFeeding:
      if (!touch_->HasTaken()) return false;
      worker_.Warm(coming_.get());
      state_ = State::kWarming;
      return false;
    case State::kWarming:
      if (!worker_.idle()) return false;
      voice_->Want(coming_.get());
      state_ = State::kSwapping;
      return false;
    case State::kSwapping:
      if (voice_->playing() != coming_.get()) return false;
      leaving_ = std::move(playing_);
      playing_ = std::move(coming_);
      touch_->Want(playing_.get(), nullptr);
      state_ = State::kReleasing;
      return true;
    case State::kReleasing:
      if (leaving_ && !(touch_->HasTaken() && leaving_->at_rest())) return false;
      if (leaving_) worker_.Release(std::move(leaving_));
      if (worker_.idle()) state_ = State::kSteady;
      return false;
  }
  return false;
}

void SceneKeeper::Start() {
  wish_ = false;
  if (playing_ && playing_->index == asked_) {
    trouble_[0] = '\0';  // what failed before is no longer wished for
    return;
  }
  worker_.Load(asked_);
  state_ = State::kLoading;
}

// What was loaded: the first scene begins at once; a later one is fed by its touch first.
bool SceneKeeper::Take() {
  std::snprintf(trouble_, sizeof trouble_, "%s", worker_.error());
  state_ = State::kSteady;
  std::unique_ptr<Scene> scene = worker_.TakeScene();
  if (!scene) return true;
  loader_->Recall(scene.get());
  if (!playing_) return Play(std::move(scene));
  coming_ = std::move(scene);
  touch_->Want(playing_.get(), coming_.get());
  state_ = State::kFeeding;
  return false;
}

bool SceneKeeper::Play(std::unique_ptr<Scene> scene) {
  playing_ = std::move(scene);
  touch_->Want(playing_.get(), nullptr);
  voice_->Want(playing_.get());
  return true;
}

}  // namespace lodestone
