#include "firmware/instrument/scene_keeper.h"

#include <cstdio>

namespace lodestone {
namespace {

// The same piece goes on: every knob that both touches have stays where the player's hand left it.
void CarryKnobs(const Scene& from, Scene* to) {
  for (uint32_t k = 0; k < to->touch->knobs() && k < kMaxKnobs; ++k) {
    for (uint32_t other = 0; other < from.touch->knobs() && other < kMaxKnobs; ++other) {
      if (static_cast<int32_t>(k) == to->rest_knob) continue;
      if (std::strcmp(to->touch->knob(k).name, from.touch->knob(other).name) != 0) continue;
      to->knob_targets[k].store(from.knob_targets[other].load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
    }
  }
}

}  // namespace

SceneKeeper::SceneKeeper(SceneLoader* loader, TouchPlayer* touch, VoicePlayer* voice)
    : loader_(loader),
      touch_(touch),
      voice_(voice),
      worker_(loader),
      state_(State::kSteady),
      asked_(0),
      wish_(false),
      replace_(false),
      replaced_(true),
      replace_index_(0),
      replace_way_(0),
      plan_(),
      in_force_(),
      trouble_(),
      replace_trouble_() {}

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
    std::snprintf(trouble_, sizeof trouble_, "no scene %d: there are %d, counted from 0",
                  static_cast<int>(index), static_cast<int>(loader_->count()));
  } else {
    asked_ = index;
    wish_ = true;
    trouble_[0] = '\0';  // of an earlier wish
  }
}

bool SceneKeeper::Tick() {
  switch (state_) {
    case State::kSteady:
      if (wish_ || replace_) Start();
      return false;
    case State::kLoading: return worker_.idle() && Take();
    case State::kFeeding:
      if (!touch_->HasSwitched()) return false;
      worker_.Warm(coming_.get());
      state_ = State::kWarming;
      return false;
    case State::kWarming:
      if (!worker_.idle()) return false;
      voice_->Request(coming_.get());
      state_ = State::kSwapping;
      return false;
    case State::kSwapping:
      if (voice_->playing() != coming_.get()) return false;
      leaving_ = std::move(playing_);
      playing_ = std::move(coming_);
      touch_->Request(playing_.get(), nullptr);
      state_ = State::kReleasing;
      replaced_ = replaced_ || !replace_;
      return true;
    case State::kReleasing:
      if (leaving_ && !(touch_->HasSwitched() && leaving_->at_rest())) return false;
      if (leaving_) worker_.Release(std::move(leaving_));
      if (worker_.idle()) state_ = State::kSteady;
      return false;
  }
  return false;
}

bool SceneKeeper::Replace(int32_t index, std::vector<uint8_t>* plan, int32_t way) {
  if (!replaced_) return false;
  replace_index_ = index;
  replace_way_ = way;
  plan_.swap(*plan);
  replace_ = true;
  replaced_ = false;
  return true;
}

void SceneKeeper::Start() {
  if (replace_ && !wish_) {
    replace_ = false;
    worker_.Replace(replace_index_, &plan_, replace_way_);
    state_ = State::kLoading;
    return;
  }
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
  state_ = State::kSteady;
  std::unique_ptr<Scene> scene = worker_.TakeScene();
  const bool replacing = !replaced_ && !replace_;
  if (replacing) {
    std::snprintf(replace_trouble_, sizeof replace_trouble_, "%s", worker_.error());
    in_force_ = worker_.in_force();
  }
  // A touch that cannot be had changes nothing of the scene that plays.
  if (!replacing || scene) std::snprintf(trouble_, sizeof trouble_, "%s", worker_.error());
  if (!scene || (replacing && IsNotPlaying(*scene))) {
    if (replacing) replaced_ = true;
    if (scene) {
      worker_.Release(std::move(scene));
      state_ = State::kReleasing;
    }
    return true;
  }
  if (replacing) CarryKnobs(*playing_, scene.get());
  loader_->RestoreTouch(scene.get());
  if (!playing_) return Play(std::move(scene));
  coming_ = std::move(scene);
  touch_->Request(playing_.get(), coming_.get());
  state_ = State::kFeeding;
  return false;
}

// Kept for a scene that does not play: it is there when that scene is asked for.
bool SceneKeeper::IsNotPlaying(const Scene& scene) const {
  return !playing_ || playing_->index != scene.index;
}

bool SceneKeeper::Play(std::unique_ptr<Scene> scene) {
  playing_ = std::move(scene);
  touch_->Request(playing_.get(), nullptr);
  voice_->Request(playing_.get());
  return true;
}

}  // namespace lodestone
