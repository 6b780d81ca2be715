#include "firmware/simulator/virtual_time.h"

#include <cstdio>
#include <cstdlib>

#include "firmware/platform/monotonic_clock.h"

namespace lodestone {
namespace {

thread_local VirtualTime::Actor* current = nullptr;

}  // namespace

VirtualTime::VirtualTime(int priority) : now_us_(0), paced_(false), wall_start_us_(0) {
  current = Add(priority, 0);
  current->state = Actor::State::kRunning;
}

VirtualTime::Actor* VirtualTime::Add(int priority, uint64_t wake_us) {
  std::unique_lock<std::mutex> lock(mutex_);
  actors_.emplace_back(new Actor);
  Actor* actor = actors_.back().get();
  actor->priority = priority;
  actor->state = Actor::State::kSleeping;
  actor->wake_us = wake_us;
  return actor;
}

void VirtualTime::Enter(Actor* self) {
  std::unique_lock<std::mutex> lock(mutex_);
  current = self;
  AwaitTurn(self, &lock);
}

void VirtualTime::WaitForSignal() {
  std::unique_lock<std::mutex> lock(mutex_);
  current->state = Actor::State::kWaiting;
  PassOn(&lock);
  AwaitTurn(current, &lock);
}

bool VirtualTime::Signal(Actor* actor) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (actor->state != Actor::State::kWaiting) return false;
  actor->state = Actor::State::kSleeping;
  actor->wake_us = now_us_;
  return true;
}

void VirtualTime::Leave() {
  std::unique_lock<std::mutex> lock(mutex_);
  current->state = Actor::State::kEnded;
  PassOn(&lock);
}

bool VirtualTime::Alone() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (const std::unique_ptr<Actor>& actor : actors_) {
    if (actor.get() != current && actor->state == Actor::State::kSleeping) return false;
  }
  return true;
}

void VirtualTime::Pace(bool paced) {
  std::unique_lock<std::mutex> lock(mutex_);
  paced_ = paced;
  wall_start_us_ = MonotonicClock().NowUs() - now_us_;
}

uint64_t VirtualTime::NowUs() {
  std::unique_lock<std::mutex> lock(mutex_);
  return now_us_;
}

void VirtualTime::SleepUntilUs(uint64_t time_us) {
  std::unique_lock<std::mutex> lock(mutex_);
  current->wake_us = time_us > now_us_ ? time_us : now_us_;
  current->state = Actor::State::kSleeping;
  PassOn(&lock);
  AwaitTurn(current, &lock);
}

// The actor that wakes first runs next; of several the one of the highest priority, then the one
// added first.
void VirtualTime::PassOn(std::unique_lock<std::mutex>*) {
  Actor* next = nullptr;
  for (const std::unique_ptr<Actor>& actor : actors_) {
    if (actor->state != Actor::State::kSleeping) continue;
    const bool sooner = next == nullptr || actor->wake_us < next->wake_us ||
                        (actor->wake_us == next->wake_us && actor->priority > next->priority);
    if (sooner) next = actor.get();
  }
  if (next == nullptr) {
    std::fprintf(stderr, "lodestone-sim: all threads wait for one another\n");
    std::abort();
  }
  if (next->wake_us > now_us_) {
    now_us_ = next->wake_us;
    if (paced_) MonotonicClock().SleepUntilUs(wall_start_us_ + now_us_);
  }
  next->state = Actor::State::kRunning;
  next->turn.notify_one();
}

void VirtualTime::AwaitTurn(Actor* self, std::unique_lock<std::mutex>* lock) {
  while (self->state != Actor::State::kRunning) self->turn.wait(*lock);
}

}  // namespace lodestone
