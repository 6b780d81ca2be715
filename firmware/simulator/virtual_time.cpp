#include "firmware/simulator/virtual_time.h"

#include <cstdio>
#include <cstdlib>

#include "firmware/platform/monotonic_clock.h"

namespace lodestone {
namespace {

// Linux comes behind every real-time thread, ordinary threads behind those that have called it.
constexpr int kBehindPrimary = 100, kBehindSecondary = 200;

thread_local VirtualTime::Actor* current = nullptr;

}  // namespace

VirtualTime::VirtualTime(int priority)
    : now_us_(0),
      one_core_(false),
      jitter_us_(0),
      jitter_seed_(1),
      paced_(false),
      wall_start_us_(0) {
  current = Add(priority, 0);
  current->state = Actor::State::kRunning;
}

VirtualTime::Actor* VirtualTime::Add(int priority, uint64_t wake_us) {
  std::unique_lock<std::mutex> lock(mutex_);
  actors_.emplace_back(new Actor);
  Actor* actor = actors_.back().get();
  actor->priority = actor->rank = priority;
  actor->left_us = 0;
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
  current->rank = current->priority;
  PassOn(&lock);
  AwaitTurn(current, &lock);
}

bool VirtualTime::Signal(Actor* actor) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (actor->state != Actor::State::kWaiting) return false;
  actor->state = Actor::State::kSleeping;
  actor->wake_us = now_us_ + Late();
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
    if (actor.get() != current &&
        (actor->state == Actor::State::kSleeping || actor->state == Actor::State::kComputing)) {
      return false;
    }
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
  const bool waits = time_us > now_us_;
  current->wake_us = waits ? time_us : now_us_;
  if (waits && current != actors_.front().get()) current->wake_us += Late();
  current->state = Actor::State::kSleeping;
  if (one_core_ && current != actors_.front().get()) {  // the first one is the audio hardware's
    current->rank = current->priority - (current->priority > 0 ? kBehindPrimary : kBehindSecondary);
  }
  PassOn(&lock);
  AwaitTurn(current, &lock);
}

void VirtualTime::Jitter(uint32_t most_us) {
  std::unique_lock<std::mutex> lock(mutex_);
  jitter_us_ = most_us;
}

// How much later than asked for the next one wakes.
uint64_t VirtualTime::Late() {
  if (jitter_us_ == 0) return 0;
  jitter_seed_ = jitter_seed_ * 1664525u + 1013904223u;
  return uint64_t{jitter_seed_} * (jitter_us_ + 1u) >> 32;
}

void VirtualTime::Compute(uint64_t us) {
  std::unique_lock<std::mutex> lock(mutex_);
  current->state = one_core_ ? Actor::State::kComputing : Actor::State::kSleeping;
  current->left_us = us;
  current->wake_us = now_us_ + us;
  PassOn(&lock);
  AwaitTurn(current, &lock);
}

// The actor that wakes first runs next; of several the one of the highest rank, then the one added
// first. Time passes until there is one that need not compute; null: all wait for one another.
VirtualTime::Actor* VirtualTime::Next() {
  for (;;) {
    Actor *ready = nullptr,
          *sleeper = nullptr;  // the highest of those that want the core; who wakes next
    for (const std::unique_ptr<Actor>& actor : actors_) {
      const bool sleeps = actor->state == Actor::State::kSleeping;
      if (actor->state == Actor::State::kComputing || (sleeps && actor->wake_us <= now_us_)) {
        if (ready == nullptr || actor->rank > ready->rank) ready = actor.get();
      } else if (sleeps && (sleeper == nullptr || actor->wake_us < sleeper->wake_us)) {
        sleeper = actor.get();
      }
    }
    if (ready != nullptr && ready->state == Actor::State::kSleeping) return ready;
    if (ready == nullptr && sleeper == nullptr) return nullptr;
    uint64_t until_us = sleeper != nullptr ? sleeper->wake_us : UINT64_MAX;
    if (ready != nullptr) {
      if (now_us_ + ready->left_us <= until_us) until_us = now_us_ + ready->left_us;
      ready->left_us -= until_us - now_us_;
    }
    PassUntil(until_us);
    if (ready != nullptr && ready->left_us == 0) return ready;
  }
}

void VirtualTime::PassUntil(uint64_t time_us) {
  if (time_us <= now_us_) return;
  now_us_ = time_us;
  if (paced_) MonotonicClock().SleepUntilUs(wall_start_us_ + now_us_);
}

void VirtualTime::PassOn(std::unique_lock<std::mutex>*) {
  Actor* next = Next();
  if (next == nullptr) {
    std::fprintf(stderr, "lodestone-sim: all threads wait for one another\n");
    std::abort();
  }
  next->state = Actor::State::kRunning;
  next->turn.notify_one();
}

void VirtualTime::AwaitTurn(Actor* self, std::unique_lock<std::mutex>* lock) {
  while (self->state != Actor::State::kRunning) self->turn.wait(*lock);
}

}  // namespace lodestone
