// Simulated time for real threads: one runs at a time, time passes only when all of them wait, and
// who runs next depends on nothing but wake-up times and priorities. So two runs are the same, and
// faster than the clock on the wall.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "firmware/chips/clock.h"

namespace lodestone {

class VirtualTime : public Clock {
 public:
  // A thread under this clock.
  struct Actor {
    enum class State { kRunning, kSleeping, kWaiting, kComputing, kEnded };
    int priority;
    int rank;  // among those that want the core; on one core, who has called Linux stands behind
    State state;
    uint64_t wake_us;
    uint64_t left_us;  // to be computed
    std::condition_variable turn;
  };

  // The calling thread becomes the first actor, and runs.
  explicit VirtualTime(int priority);

  // An actor that first runs at `wake_us`; its thread calls Enter first. Threads: the one that
  // runs.
  Actor* Add(int priority, uint64_t wake_us);
  void Enter(Actor* self);
  // Waits for the next signal. Threads: the actor's own.
  void WaitForSignal();
  // Makes a waiting actor ready; false when it is not waiting. Threads: the one that runs.
  bool Signal(Actor* actor);
  // The calling thread needs the processor for so long. On one core whoever ranks lower does not
  // run meanwhile, and whoever ranks higher makes it wait; else all others go on beside it.
  void Compute(uint64_t us);
  // From now on all threads share one core, under the rules of a Xenomai board: a real-time thread
  // that has called Linux (it has slept by this clock) runs behind all that have not, until it
  // waits for a signal again; those of priority 0 come last. Before any other thread.
  void ShareOneCore() { one_core_ = true; }
  // From now on each wake-up but the first actor's, which is the audio hardware's, comes up to
  // `most_us` late, by a sequence that is always the same.
  void Jitter(uint32_t most_us);
  // The calling thread leaves; it must not use this clock any more.
  void Leave();
  // Whether all other actors wait for a signal or have left. Threads: the one that runs.
  bool Alone();

  // Slows down to real time: simulated microseconds pass no faster than the machine's.
  void Pace(bool paced);

  uint64_t NowUs() override;
  void SleepUntilUs(uint64_t time_us) override;

 private:
  uint64_t Late();
  Actor* Next();
  void PassUntil(uint64_t time_us);
  void PassOn(std::unique_lock<std::mutex>* lock);
  void AwaitTurn(Actor* self, std::unique_lock<std::mutex>* lock);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Actor>> actors_;
  uint64_t now_us_;
  bool one_core_;
  uint32_t jitter_us_, jitter_seed_;
  bool paced_;
  uint64_t wall_start_us_;
};

}  // namespace lodestone
