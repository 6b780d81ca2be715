// A clock that is handed in, so that drivers run the same on a board, in a test and in simulated
// time.
#pragma once

#include <cstdint>

namespace lodestone {

class Clock {
 public:
  virtual ~Clock() {}

  // Microseconds since an arbitrary start; never runs backwards.
  virtual uint64_t NowUs() = 0;

  // Returns no earlier than `time_us`; at once where that lies in the past. Never called by the
  // audio thread.
  virtual void SleepUntilUs(uint64_t time_us) = 0;
};

}  // namespace lodestone
