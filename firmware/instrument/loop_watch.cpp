#include "firmware/instrument/loop_watch.h"

namespace lodestone {
namespace {

struct Words {
  const char *name, *stopped, *hangs;
};
constexpr Words kWords[kLoops] = {
    {"touch", "the touch loop has stopped and is asked for again",
     "the touch loop hangs: the I2C bus may hold it; switch the board off and on"},
    {"control", "the control loop has stopped and is asked for again",
     "the control loop hangs: commands are not heard; restart the program"},
    {"files", "the files loop has stopped and is asked for again",
     "the files loop hangs: the card may be failing; scenes and logs wait"},
    {"voice", "", "the voice loop hangs: the sound is held; restart the program"}};

}  // namespace

constexpr uint32_t LoopWatch::kHangsMs[kLoops];

const char* LoopName(Loop loop) { return kWords[static_cast<int>(loop)].name; }

LoopWatch::LoopWatch() {
  for (Seen& seen : seen_) {
    seen.runs.store(false);
    seen.beat_ms.store(0);
    seen.begun.store(0);
  }
}

void LoopWatch::Start(uint64_t now_us) {
  for (Seen& seen : seen_) seen.beat_ms.store(Ms(now_us));
}

void LoopWatch::Begin(Loop loop, uint64_t now_us) {
  Beat(loop, now_us);
  Of(loop).begun.fetch_add(1, std::memory_order_relaxed);
  Of(loop).runs.store(true, std::memory_order_release);
}

void LoopWatch::End(Loop loop, uint64_t now_us) {
  Beat(loop, now_us);
  Of(loop).runs.store(false, std::memory_order_release);
}

uint32_t LoopWatch::Restarts(Loop loop) const {
  const uint32_t begun = Of(loop).begun.load(std::memory_order_relaxed);
  return begun > 1 ? begun - 1 : 0;
}

const char* LoopWatch::Trouble(Loop loop, uint64_t now_us) const {
  const uint32_t silent_ms = Ms(now_us) - Of(loop).beat_ms.load(std::memory_order_relaxed);
  if (silent_ms > UINT32_MAX / 2) return nullptr;  // it beat after `now_us` was read
  const int l = static_cast<int>(loop);
  if (loop != Loop::kVoice && Missing(loop))
    return silent_ms > kStoppedMs ? kWords[l].stopped : nullptr;
  return silent_ms > kHangsMs[l] ? kWords[l].hangs : nullptr;
}

}  // namespace lodestone
