// A voice as a chain of stages, each of which works on another block at the same time. Without
// allocating, locking or waiting they meet where a block begins: the voice thread then moves every
// result one stage on, while no helper works.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "firmware/instrument/parts.h"

namespace lodestone {

// Threads: one at a time.
class Stage {
 public:
  virtual ~Stage() {}
  virtual bool Step(
      uint32_t work_items) = 0;  // a slice of its part of a block; true when that is complete
  virtual void Reset() = 0;
};

class StagedVoice : public Voice {
 public:
  // `values` floats that a stage hands to the next one.
  struct Handover {
    const float* from;
    float* to;
    uint32_t values;
  };
  struct Link {
    std::unique_ptr<Stage> stage;
    std::vector<Handover> handovers;  // to the next stage; the last one has none
  };

  // The chain in the order in which a block goes through it, two links at least; `latent` is an
  // input of the first stage, `audio` an output of the last one. Not for real time.
  StagedVoice(const VoiceInfo& info, float* latent, const float* audio, std::vector<Link> chain);

  const VoiceInfo& info() const override { return info_; }
  float* latent() override { return latent_; }
  bool at_work(uint32_t helper) const override { return !helped_[helper]->idle(); }
  void Begin() override;
  bool Step(uint32_t work_items) override { return !sounds_ || last_->Step(work_items); }
  bool Help(uint32_t helper, uint32_t work_items) override;
  bool sounds() const override { return sounds_; }
  const float* audio() const override { return sounds_ ? audio_ : silence_.data(); }
  void Reset() override;

 private:
  // A stage on a helper's thread. The stage is the helper's while given is ahead of done, else the
  // voice thread's.
  struct Helped {
    std::unique_ptr<Stage> stage;
    std::vector<Handover> handovers;
    std::atomic<uint32_t> given, done;
    std::atomic<bool> dropped;  // what has been given is not wanted any more
    bool full;                  // its result is a block's, once it is done; the voice thread's
    bool idle() const {
      return done.load(std::memory_order_acquire) == given.load(std::memory_order_relaxed);
    }
  };

  VoiceInfo info_;
  float* latent_;
  const float* audio_;
  std::vector<std::unique_ptr<Helped>> helped_;
  std::unique_ptr<Stage> last_;
  std::vector<float> silence_;
  bool sounds_;
};

}  // namespace lodestone
