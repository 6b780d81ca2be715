#include "firmware/instrument/scene_keeper.h"

#include <algorithm>
#include <cstdio>

namespace lodestone {
namespace {

// The number of a knob, -1 where there is none of that name.
int32_t KnobNamed(const Touch& touch, const char* name) {
  for (uint32_t k = 0; k < touch.knobs() && k < kMaxKnobs; ++k) {
    if (std::strcmp(touch.knob(k).name, name) == 0) return static_cast<int32_t>(k);
  }
  return -1;
}

// The same piece goes on: every knob that both touches have stays where the player's hand left it.
void CarryKnobs(const Scene& from, Scene* to) {
  for (uint32_t k = 0; k < to->touch->knobs() && k < kMaxKnobs; ++k) {
    const int32_t there = KnobNamed(*from.touch, to->touch->knob(k).name);
    if (static_cast<int32_t>(k) == to->rest_knob || there < 0) continue;
    to->knob_targets[k].store(from.knob_targets[there].load(std::memory_order_relaxed),
                              std::memory_order_relaxed);
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
      asked_s_(-1.0f),
      rate_hz_(44100),
      fade_frames_(0),
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

void SceneKeeper::Ask(int32_t index, float seconds) {
  if (loader_->count() == 0) {
    std::snprintf(trouble_, sizeof trouble_, "no scene to play: the settings name none");
  } else if (index < 0 || index >= loader_->count()) {
    std::snprintf(trouble_, sizeof trouble_, "no scene %d: there are %d, counted from 0",
                  static_cast<int>(index), static_cast<int>(loader_->count()));
  } else {
    asked_ = index;
    asked_s_ = seconds;
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
      return Swap();
    case State::kSwapping:
      if (fading() && waiting()) voice_->Hurry();
      if (voice_->playing() != coming_.get()) return false;
      Swapped();
      return true;
    case State::kMorphing:
      if (!playing_->morph.over() && !waiting()) return false;
      // Where another scene is wished for in the middle, the place that led stays where it was.
      touch_->Request(playing_.get(), nullptr, nullptr);
      state_ = State::kReleasing;
      return false;
    case State::kReleasing:
      if (leaving_ && !(touch_->HasSwitched() && leaving_->at_rest())) return false;
      if (leaving_) worker_.Release(std::move(leaving_));
      if (worker_.idle()) state_ = State::kSteady;
      return false;
  }
  return false;
}

bool SceneKeeper::Swap() {
  voice_->Request(coming_.get(), fade_frames_);
  state_ = State::kSwapping;
  return fading();
}

void SceneKeeper::Swapped() {
  leaving_ = std::move(playing_);
  playing_ = std::move(coming_);
  const bool morphs = playing_->morph.is_set();
  playing_->morph.Go();
  touch_->Request(playing_.get(), nullptr, morphs ? leaving_.get() : nullptr);
  state_ = morphs ? State::kMorphing : State::kReleasing;
  replaced_ = replaced_ || !replace_;
}

// Scenes of one voice morph in their touch, under a short crossfade of two voices that play the
// same; others in a crossfade as long as the way.
void SceneKeeper::PlanTheWay() {
  const float seconds = asked_s_ < 0.0f ? loader_->morph_s(coming_->index) : asked_s_;
  const bool leads = playing_->voice_crc != 0 && playing_->voice_crc == coming_->voice_crc &&
                     playing_->touch->place() != nullptr && coming_->touch->place() != nullptr;
  fade_frames_ = leads ? 0 : static_cast<uint32_t>(seconds * static_cast<float>(rate_hz_));
  if (!leads || seconds <= 0.0f) return;
  const bool same = std::strcmp(playing_->touch->name(), coming_->touch->name()) == 0;
  float knobs[kMaxKnobs] = {};
  const uint32_t count = std::min(coming_->touch->knobs(), kMaxKnobs);
  for (uint32_t k = 0; k < count; ++k) {
    const int32_t there = KnobNamed(*playing_->touch, coming_->touch->knob(k).name);
    const Scene& from = there < 0 ? *coming_ : *playing_;
    knobs[k] = from.knob_targets[there < 0 ? k : static_cast<uint32_t>(there)].load();
  }
  coming_->morph.Set(seconds, same, knobs, count);
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
  fade_frames_ = 0;
  if (!replacing) PlanTheWay();
  touch_->Request(playing_.get(), coming_.get(), nullptr);
  state_ = State::kFeeding;
  return false;
}

// Kept for a scene that does not play: it is there when that scene is asked for.
bool SceneKeeper::IsNotPlaying(const Scene& scene) const {
  return !playing_ || playing_->index != scene.index;
}

bool SceneKeeper::Play(std::unique_ptr<Scene> scene) {
  playing_ = std::move(scene);
  touch_->Request(playing_.get(), nullptr, nullptr);
  voice_->Request(playing_.get());
  return true;
}

}  // namespace lodestone
