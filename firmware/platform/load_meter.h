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
  // The calling thread is `worker` from now on. Threads: the worker itself, once when it begins:
  // under a real-time kernel the voice must not call Linux in every block.
  virtual void Enter(uint32_t) {}
  // The share of one core that `worker` takes, 0..1, over the last full second; `now_us` on the
  // program's clock. Threads: control.
  virtual float Share(uint32_t worker, uint64_t now_us) = 0;
  // How often `worker` had to leave the real-time kernel for Linux; -1: not known. Threads:
  // control.
  virtual int64_t ModeSwitches(uint32_t) const { return -1; }
  // Likewise the audio thread.
  virtual int64_t AudioModeSwitches() const { return -1; }
  // The calling thread has computed a slice of a voice, or is about to load a scene. In simulated
  // time both take as long as the simulator lets them; on a board they have taken it already.
  virtual void OnSlice() {}
  virtual void OnLoad() {}
};

}  // namespace lodestone
