#include "firmware/platform/thread_load.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace lodestone {
namespace {

constexpr char kAudio[] = "bela-audio";  // as Bela calls its thread

}  // namespace

ThreadLoads::ThreadLoads(const RealTimeStats& kernel)
    : kernel_(kernel), looked_us_(0), audio_mode_switches_(-1) {}

void ThreadLoads::Enter(uint32_t worker) {
  Worker& self = worker_[worker];
  if (pthread_getcpuclockid(pthread_self(), &self.clock) != 0) return;
  self.thread.store(static_cast<int>(syscall(SYS_gettid)), std::memory_order_release);
}

float ThreadLoads::Share(uint32_t worker, uint64_t now_us) {
  if (looked_us_ == 0 || now_us - looked_us_ >= kWindowUs) Look(now_us);
  return worker_[worker].share;
}

// Linux sees nothing of what a thread does under the real-time kernel, nor that kernel of what it
// does under Linux: the time of a thread is the sum of both.
void ThreadLoads::Look(uint64_t now_us) {
  const std::vector<RealTimeThread> counted = kernel_.Read();
  const uint64_t window_us = now_us - looked_us_;
  for (const RealTimeThread& one : counted) {  // a Bela has one audio program at a time
    if (one.name == kAudio) audio_mode_switches_ = static_cast<int64_t>(one.mode_switches);
  }
  for (Worker& worker : worker_) {
    const int thread = worker.thread.load(std::memory_order_acquire);
    timespec used;
    if (thread == 0 || clock_gettime(worker.clock, &used) != 0) continue;
    uint64_t ran_us =
        static_cast<uint64_t>(used.tv_sec) * 1000000u + static_cast<uint64_t>(used.tv_nsec) / 1000u;
    for (const RealTimeThread& one : counted) {
      if (one.thread != thread) continue;
      ran_us += one.ran_ns / 1000u;
      worker.mode_switches = static_cast<int64_t>(one.mode_switches);
    }
    const bool known = worker.seen == thread && looked_us_ != 0 && ran_us >= worker.ran_us;
    worker.share =
        known ? static_cast<float>(ran_us - worker.ran_us) / static_cast<float>(window_us) : 0.0f;
    worker.seen = thread;
    worker.ran_us = ran_us;
  }
  looked_us_ = now_us;
}

}  // namespace lodestone
