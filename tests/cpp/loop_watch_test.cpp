// No order of wake-ups loses a loop, and one that stops or hangs is told, and asked for again.
#include "cases.h"

#include <cstring>
#include <random>

#include "firmware/instrument/loop_watch.h"

using namespace lodestone;

namespace {

constexpr Loop kThree[] = {Loop::kTouch, Loop::kControl, Loop::kFiles};

// A task of Bela's: a signal counts only while it waits; its body begins some steps after the
// signal.
struct BelaTask {
  enum class State { kBegins, kWaits, kSignalled, kRuns } state = State::kBegins;

  void Schedule() {
    if (state == State::kWaits) state = State::kSignalled;
  }
  void Step(Loop loop, LoopWatch* watch) {
    if (state == State::kBegins)
      state = State::kWaits;
    else if (state == State::kSignalled) {
      state = State::kRuns;
      watch->Begin(loop, 0);
    }
  }
};

// One start: threads and the audio thread take turns as `random` has it, until 40 blocks have been
// rendered.
bool AllRun(std::mt19937* random, bool asks_again) {
  LoopWatch watch;
  watch.Start(0);
  BelaTask tasks[3];
  for (BelaTask& task : tasks) task.Schedule();  // in setup()
  for (int blocks = 0; blocks < 40;) {
    const uint32_t who = (*random)() % 8;
    if (who < 3) tasks[who].Step(kThree[who], &watch);
    if (who < 5) continue;
    ++blocks;
    for (int t = 0; t < 3 && asks_again; ++t) {
      if (watch.Missing(kThree[t])) tasks[t].Schedule();
    }
  }
  for (int t = 0; t < 3; ++t)
    tasks[t].Step(kThree[t], &watch);  // whoever was asked comes to run in the end
  bool all = true;
  for (const Loop loop : kThree) all = all && !watch.Missing(loop);
  return all;
}

CASE(TenThousandStartsLoseNoLoop) {
  std::mt19937 random(1);
  int lost = 0, lost_when_asked_once = 0;
  for (int start = 0; start < 10000; ++start) {
    if (!AllRun(&random, true)) ++lost;
    if (!AllRun(&random, false)) ++lost_when_asked_once;
  }
  CHECK(lost == 0);
  CHECK(lost_when_asked_once > 9000);  // the orders are as bad as they can be
}

CASE(ALoopThatStopsOrHangsIsToldUntilItRunsAgain) {
  LoopWatch watch;
  watch.Start(1000000000);
  uint64_t now_us = 1000000000;
  CHECK(watch.Missing(Loop::kTouch) && watch.Trouble(Loop::kTouch, now_us) == nullptr);
  now_us += 1500000;
  CHECK(std::strstr(watch.Trouble(Loop::kTouch, now_us), "touch loop has stopped") != nullptr);
  watch.Begin(Loop::kTouch, now_us);
  CHECK(watch.Trouble(Loop::kTouch, now_us) == nullptr && watch.Restarts(Loop::kTouch) == 0);
  CHECK(watch.Trouble(Loop::kTouch, now_us + 3900000) == nullptr);  // three transfers that hang
  CHECK(std::strstr(watch.Trouble(Loop::kTouch, now_us + 4100000), "touch loop hangs") != nullptr);
  watch.Beat(Loop::kTouch, now_us + 4200000);
  CHECK(watch.Trouble(Loop::kTouch, now_us + 4100000) == nullptr);  // it beat since then
  watch.End(Loop::kTouch, now_us + 4300000);
  CHECK(watch.Missing(Loop::kTouch));
  watch.Begin(Loop::kTouch, now_us + 4400000);
  CHECK(watch.Restarts(Loop::kTouch) == 1 &&
        watch.Trouble(Loop::kTouch, now_us + 4500000) == nullptr);
}

CASE(TheClockOfTheWatchMayWrap) {
  const uint64_t late_us = (uint64_t{1} << 32) * 1000 - 500000;  // 49 days
  LoopWatch watch;
  watch.Start(late_us);
  watch.Begin(Loop::kFiles, late_us);
  CHECK(watch.Trouble(Loop::kFiles, late_us + 1000000) == nullptr);
  CHECK(watch.Trouble(Loop::kFiles, late_us + 61000000) != nullptr);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
