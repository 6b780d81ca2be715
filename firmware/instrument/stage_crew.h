// Voices of several stages, on their way to the threads that work on the earlier ones.
#pragma once

#include <atomic>
#include <cstdint>

#include "firmware/instrument/parts.h"

namespace lodestone {

// Parts of blocks from the voice thread to one helper, in order: one writer, one reader, nobody
// waits. It is never full: a voice has one unfinished part at most, two scenes of four voices each
// can be alive, and one finished part may be about to leave.
class StageQueue {
 public:
  static constexpr uint32_t kSize = 16;

  StageQueue() : parts_(), posted_(0), taken_(0), took_(0) {}

  // Threads: voice.
  void Post(Voice* voice, uint32_t now) {
    const uint32_t at = posted_.load(std::memory_order_relaxed);
    parts_[at % kSize] = {voice, now};
    posted_.store(at + 1, std::memory_order_release);
  }

  // A slice of the oldest part; false when there is none. Once it is done the voice may be gone.
  // Threads: the helper's.
  bool Work(uint32_t helper, uint32_t work_items, uint32_t now) {
    if (!any()) return false;
    const uint32_t at = taken_.load(std::memory_order_relaxed);
    const Part part = parts_[at % kSize];
    if (!part.voice->Help(helper, work_items)) return true;
    took_.store(now - part.posted, std::memory_order_relaxed);
    taken_.store(at + 1, std::memory_order_release);
    return true;
  }

  // Threads: any.
  bool any() const {
    return posted_.load(std::memory_order_acquire) != taken_.load(std::memory_order_acquire);
  }
  // The last part, in frames played.
  uint32_t took() const { return took_.load(std::memory_order_relaxed); }

 private:
  struct Part {
    Voice* voice;
    uint32_t posted;  // when
  };

  Part parts_[kSize];
  std::atomic<uint32_t> posted_, taken_, took_;
};

class StageCrew {
 public:
  // Hands a block that has begun to the helpers that it gives something to do. To no other: what is
  // in a queue keeps its voice from being given back, and an idle helper's part would not. Threads:
  // voice.
  void Post(Voice* voice, uint32_t now) {
    for (uint32_t h = 0; h < voice->info().helpers; ++h) {
      if (voice->at_work(h)) queue_[h].Post(voice, now);
    }
  }
  // Threads: the helper's.
  bool Work(uint32_t helper, uint32_t work_items, uint32_t now) {
    return queue_[helper].Work(helper, work_items, now);
  }
  // Threads: any.
  bool due(uint32_t helper) const { return queue_[helper].any(); }
  uint32_t took(uint32_t helpers) const {
    uint32_t longest = 0;
    for (uint32_t h = 0; h < helpers; ++h)
      longest = queue_[h].took() > longest ? queue_[h].took() : longest;
    return longest;
  }

 private:
  StageQueue queue_[kMostHelpers];
};

}  // namespace lodestone
