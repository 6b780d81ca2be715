// One voice of a scene and how far its block has been taken. Threads: voice.
#pragma once

#include <cstdint>

#include "firmware/instrument/held_sound.h"
#include "firmware/instrument/scene.h"

namespace lodestone {

class VoiceStream {
 public:
  enum class Progress { kReady, kBegun, kWorking, kDone, kIdle };

  VoiceStream()
      : scene_(nullptr),
        rung_(0),
        at_(0),
        left_(0),
        unheard_(0),
        began_(0),
        running_(false),
        waiting_(false),
        begun_(false),
        strange_(false),
        before_(),
        from_(),
        heard_us_(0),
        way_(1),
        gone_(1) {}
  VoiceStream(Scene* scene, uint32_t rung) : VoiceStream() { scene_ = scene, rung_ = rung; }

  // The first voice of all: what only fills its stages is left out, there is nothing to go on
  // meanwhile.
  static VoiceStream First(Scene* scene) {
    VoiceStream first(scene, 0);
    first.unheard_ = scene->voice->info().helpers;
    return first;
  }

  Scene* scene() const { return scene_; }
  uint32_t rung() const { return rung_; }
  // The lowest rung computes nothing.
  bool holds() const { return scene_ != nullptr && rung_ >= scene_->voices(); }
  bool running() const { return running_; }  // a block is being computed
  // Or would be, if its helpers had done their part.
  bool late() const { return running_ || waiting_; }
  uint32_t began() const { return began_; }  // when it was begun, or its waiting
  uint32_t left() const { return left_; }    // frames that are ready
  // They only fill the voice's stages.
  bool fills() const { return left_ > 0 && !holds() && !voice().sounds(); }
  bool strange() const { return strange_; }  // the last block held what is no number
  Voice& voice() const { return scene_->voice_at(rung_); }

  // Takes the newest latents, or does at most `work_items` of the block under way: kBegun,
  // kWorking, kDone in turn; kReady while frames are left, kIdle while there are no latents or
  // helpers are at work. `ring_frame` is where the block will begin, for the tap.
  Progress Advance(uint32_t work_items, uint32_t now, int64_t ring_frame, VoiceTap* tap);

  // Gives up the block under way, and with it what the voice has gathered.
  void Abandon();

  void Skip() { ++at_, --left_; }

  // Adds the next frame, `gain` loud, mono to both sides; of more than two channels the first two
  // sound.
  void AddFrame(float gain, HeldSound* held, float* frame);

 private:
  bool Begin(uint32_t now, int64_t ring_frame, VoiceTap* tap);
  void Approach(LatentFrame* now);

  Scene* scene_;
  uint32_t rung_;
  uint32_t at_, left_;  // frames of the block taken, and not yet taken
  uint32_t unheard_;    // blocks still to be left out
  uint32_t began_;
  // A block is being computed; waits for helpers; at least one has been begun; gave no numbers.
  bool running_, waiting_, begun_, strange_;
  LatentFrame before_;  // the latents of the block before, to glide from where a call takes several
  // Blocks shorter than a sensor frame walk to the newest latents on a straight line, instead of a
  // step every few blocks.
  LatentFrame from_;     // where the walk began
  uint64_t heard_us_;    // the field behind the latents that are walked to
  uint32_t way_, gone_;  // blocks of the walk, and how many are behind
};

}  // namespace lodestone
