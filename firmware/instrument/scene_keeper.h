// Brings a new scene in while the old one plays: load, feed, warm, swap, release. Threads: control.
#pragma once

#include <memory>

#include "firmware/instrument/touch_player.h"
#include "firmware/instrument/voice_player.h"

namespace lodestone {

class SceneKeeper {
 public:
  static constexpr int kWarmBlocks = 10;

  SceneKeeper(SceneLoader* loader, TouchPlayer* touch, VoicePlayer* voice);

  void SetTap(VoiceTap* tap) { tap_ = tap; }

  // The last wish counts; an index that is not in the settings is refused with a word in trouble().
  void Ask(int32_t index);

  // One bounded step: at most one load or one block of warming. True when the scene that plays has changed.
  bool Tick();

  // The scene whose touch feeds the voice that sounds; null before the first.
  Scene* playing() const { return playing_.get(); }
  // The scene that knobs turn: the coming one as soon as there is one.
  Scene* newest() const { return coming_ ? coming_.get() : playing_.get(); }
  const char* trouble() const { return trouble_; }
  int32_t count() const { return loader_->count(); }

 private:
  enum class State { kSteady, kFeeding, kWarming, kSwapping, kReleasing };

  bool Start();
  void Warm();

  SceneLoader* loader_;
  TouchPlayer* touch_;
  VoicePlayer* voice_;
  VoiceTap* tap_;
  State state_;
  int32_t asked_;
  bool wish_;
  int warmed_;
  std::unique_ptr<Scene> playing_, coming_, leaving_;
  char trouble_[192];
};

}  // namespace lodestone
