// What the audio thread has done so far: the clock by which the voice knows whether it is in time.
#pragma once

#include <atomic>
#include <cstdint>

namespace lodestone {

// Written by the audio thread, read by any. Both wrap, frames after 27 hours at 44.1 kHz: compare
// differences only.
struct Played {
  std::atomic<uint32_t> frames{0};
  std::atomic<uint32_t> underruns{0};
  // The fewest frames that were left in the ring when a block had been taken, since somebody last
  // asked.
  std::atomic<uint32_t> spare{UINT32_MAX};

  // Threads: voice. A block that audio takes at the same moment may go unseen; the next one is not.
  uint32_t TakeSpare() { return spare.exchange(UINT32_MAX, std::memory_order_relaxed); }
};

}  // namespace lodestone
