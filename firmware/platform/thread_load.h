// How much of a core each thread takes, by the system's own count.
#pragma once

#include <time.h>

#include <cstdint>

#include "firmware/platform/load_meter.h"

namespace lodestone {

class ThreadLoad {
 public:
  ThreadLoad() : cpu_us_(0), since_us_(0), share_(0.0f) {}

  // The share of one core, 0..1, over the last full second; `now_us` on the program's clock.
  // Threads: the one that is measured, never audio.
  float Update(uint64_t now_us) {
    if (since_us_ == 0 || now_us - since_us_ >= kWindowUs) {
      const uint64_t cpu_us = CpuUs();
      if (since_us_ != 0)
        share_ = static_cast<float>(cpu_us - cpu_us_) / static_cast<float>(now_us - since_us_);
      cpu_us_ = cpu_us;
      since_us_ = now_us;
    }
    return share_;
  }

  static uint64_t CpuUs() {
    timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<uint64_t>(used.tv_sec) * 1000000u +
           static_cast<uint64_t>(used.tv_nsec) / 1000u;
  }

 private:
  static constexpr uint64_t kWindowUs = 1000000;
  uint64_t cpu_us_, since_us_;
  float share_;
};

// The meter of a board.
class ThreadLoads : public LoadMeter {
 public:
  float Share(uint32_t worker, uint64_t now_us) override { return load_[worker].Update(now_us); }

 private:
  ThreadLoad load_[kWorkers];
};

}  // namespace lodestone
