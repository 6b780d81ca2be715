// Brings a new scene in while the old one plays: load, feed, warm, swap, release. What takes time
// is done by its worker. Threads: control.
#pragma once

#include <memory>
#include <vector>

#include "firmware/instrument/scene_worker.h"
#include "firmware/instrument/touch_player.h"
#include "firmware/instrument/voice_player.h"

namespace lodestone {

class SceneKeeper {
 public:
  SceneKeeper(SceneLoader* loader, TouchPlayer* touch, VoicePlayer* voice);

  void SetTap(VoiceTap* tap) { worker_.SetTap(tap); }

  // Before the threads start: the scene `index` at once, or the first one that can play; trouble()
  // tells of the others.
  void Begin(int32_t index);

  // The last wish counts; an index that is not in the settings is refused with a word in trouble().
  // `seconds` is how long the way there shall take; less than 0: as long as the scene's settings
  // say.
  void Ask(int32_t index, float seconds = -1.0f);
  // Frames a second, for long crossfades. Before the threads start.
  void SetRate(uint32_t sample_rate_hz) { rate_hz_ = sample_rate_hz; }

  // Another touch for a scene, kept over a power cut and crossfaded in where that scene plays:
  // `plan`, or where that is empty the one before (-1) or after (1), or only a look (0). False
  // while the last one is still on its way.
  bool Replace(int32_t index, std::vector<uint8_t>* plan, int32_t way);
  // The last one plays, waits for its scene to be asked for, or cannot play (replace_trouble()).
  bool replaced() const { return replaced_; }
  const char* replace_trouble() const { return replace_trouble_; }
  // What is in force in the scene of the last one, once replaced().
  const TouchInForce& in_force() const { return in_force_; }

  // One short step. True when there is something to tell: the scene that plays has changed, or one
  // cannot play.
  bool Tick();

  // A step of what takes long; false when there is nothing to do. Threads: files.
  bool Work() { return worker_.Step(); }

  // The scene whose touch feeds the voice that sounds; null before the first.
  Scene* playing() const { return playing_.get(); }
  // The scene that is told as the one that plays: on a long way the one where it leads.
  const Scene* told() const { return fading() ? coming_.get() : playing_.get(); }
  // The scene that knobs turn: the coming one as soon as there is one.
  Scene* newest() const { return coming_ ? coming_.get() : playing_.get(); }
  const char* trouble() const {
    return trouble_;
  }  // of the last scene that was asked for; empty: it plays
  int32_t count() const { return loader_->count(); }
  const char* name(int32_t index) const { return loader_->name(index); }

 private:
  enum class State { kSteady, kLoading, kFeeding, kWarming, kSwapping, kMorphing, kReleasing };

  void Start();
  bool Take();
  bool Swap();
  void Swapped();
  void PlanTheWay();
  bool fading() const { return state_ == State::kSwapping && fade_frames_ > 0; }
  bool waiting() const { return wish_ || replace_; }
  bool Play(std::unique_ptr<Scene> scene);
  bool IsNotPlaying(const Scene& scene) const;

  SceneLoader* loader_;
  TouchPlayer* touch_;
  VoicePlayer* voice_;
  SceneWorker worker_;
  State state_;
  int32_t asked_;
  float asked_s_;
  uint32_t rate_hz_, fade_frames_;  // of a long crossfade into the coming scene; 0: a short one
  bool wish_, replace_, replaced_;
  int32_t replace_index_, replace_way_;
  std::vector<uint8_t> plan_;
  std::unique_ptr<Scene> playing_, coming_, leaving_;
  TouchInForce in_force_;
  char trouble_[192], replace_trouble_[192];
};

}  // namespace lodestone
