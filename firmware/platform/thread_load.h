// How much of a core each thread takes: by the system's own count, and by that of a real-time
// kernel where there is one.
#pragma once

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "firmware/platform/load_meter.h"
#include "firmware/platform/real_time_stats.h"

namespace lodestone {

// The processor time of the calling thread, as Linux counts it.
inline uint64_t ThreadCpuUs() {
  timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1000000u +
         static_cast<uint64_t>(used.tv_nsec) / 1000u;
}

// The meter of a board. Workers only say who they are; control looks at their clocks from outside.
class ThreadLoads : public LoadMeter {
 public:
  explicit ThreadLoads(const RealTimeStats& kernel = RealTimeStats());

  void Enter(uint32_t worker) override;
  float Share(uint32_t worker, uint64_t now_us) override;
  int64_t ModeSwitches(uint32_t worker) const override { return worker_[worker].mode_switches; }
  int64_t AudioModeSwitches() const override { return audio_mode_switches_; }

 private:
  static constexpr uint64_t kWindowUs = 1000000;
  struct Worker {
    std::atomic<int> thread{0};  // as Linux numbers it; 0: has not begun
    clockid_t clock = 0;         // written before `thread`
    // Threads: control.
    int seen = 0;  // whose figures these are
    uint64_t ran_us = 0;
    int64_t mode_switches = -1;
    float share = 0.0f;
  };
  void Look(uint64_t now_us);

  const RealTimeStats kernel_;
  Worker worker_[kWorkers];
  uint64_t looked_us_;
  int64_t audio_mode_switches_;
};

}  // namespace lodestone
