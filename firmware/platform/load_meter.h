// What the threads of the program take of their cores: measured on a board, decided by a simulator.
#pragma once

#include <cstdint>

#include "firmware/instrument/parts.h"

namespace lodestone {

// The threads whose share is told: touch, voice, and the helpers of a voice in several stages
// behind it.
constexpr uint32_t kTouchWorker = 0, kVoiceWorker = 1, kFirstHelperWorker = 2;
constexpr uint32_t kWorkers = kFirstHelperWorker + kMostHelpers;

class LoadMeter {
 public:
  virtual ~LoadMeter() {}
  // The share of one core that `worker` takes, 0..1; `now_us` on the program's clock. Threads: the
  // worker itself, once a round, never audio.
  virtual float Share(uint32_t worker, uint64_t now_us) = 0;
  // The calling thread has computed a slice of a voice, or is about to load a scene. In simulated
  // time both take as long as the simulator lets them; on a board they have taken it already.
  virtual void OnSlice() {}
  virtual void OnLoad() {}
};

}  // namespace lodestone
