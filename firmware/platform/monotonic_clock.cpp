#include "firmware/platform/monotonic_clock.h"

#include <errno.h>
#include <time.h>

namespace lodestone {

uint64_t MonotonicClock::NowUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000u + static_cast<uint64_t>(now.tv_nsec) / 1000u;
}

void MonotonicClock::SleepUntilUs(uint64_t time_us) {
  timespec until;
  until.tv_sec = static_cast<time_t>(time_us / 1000000u);
  until.tv_nsec = static_cast<long>(time_us % 1000000u) * 1000;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {}
}

}  // namespace lodestone
