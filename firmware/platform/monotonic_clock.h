// The machine's own clock, for drivers and loops that run outside simulation.
#pragma once

#include "firmware/chips/clock.h"

namespace lodestone {

class MonotonicClock : public Clock {
 public:
  uint64_t NowUs() override;
  void SleepUntilUs(uint64_t time_us) override;
};

}  // namespace lodestone
