// Which of the program's loops run. Each says so itself; render() asks for those that do not, so
// that no wake-up that is lost loses a loop; control looks for those that hang, files looks after
// control.
#pragma once

#include <atomic>
#include <cstdint>

namespace lodestone {

// The first three run for good; the voice works when it is asked.
enum class Loop : uint8_t { kTouch, kControl, kFiles, kVoice, kCount };
constexpr int kLoops = static_cast<int>(Loop::kCount);
const char* LoopName(Loop loop);

class LoopWatch {
 public:
  // A loop that has not been through for so long hangs. A bus that hangs takes a second, a scene
  // takes some to load.
  static constexpr uint32_t kHangsMs[kLoops] = {4000, 2000, 60000, 4000};
  static constexpr uint32_t kStoppedMs = 1000;  // so long a loop may be down until it is told

  LoopWatch();

  // From now on silence counts. Before the threads start.
  void Start(uint64_t now_us);

  // Threads: the loop's own. Begin and End around its body, Beat each time round.
  void Begin(Loop loop, uint64_t now_us);
  void Beat(Loop loop, uint64_t now_us) {
    Of(loop).beat_ms.store(Ms(now_us), std::memory_order_relaxed);
  }
  void End(Loop loop, uint64_t now_us);

  // Whether the loop is to be started: it has not begun, or has ended. Threads: any, audio above
  // all.
  bool Missing(Loop loop) const { return !Of(loop).runs.load(std::memory_order_acquire); }

  // How often a loop has begun anew; a number that changes as long as it goes round. Threads: any.
  uint32_t Restarts(Loop loop) const;
  uint32_t Pulse(Loop loop) const { return Of(loop).beat_ms.load(std::memory_order_relaxed); }

  // What is wrong with a loop, or null. The voice is no loop: it works when there is work, and
  // beats while there is none. Threads: any but its own.
  const char* Trouble(Loop loop, uint64_t now_us) const;

 private:
  struct Seen {
    std::atomic<bool> runs;
    std::atomic<uint32_t> beat_ms, begun;
  };
  static uint32_t Ms(uint64_t now_us) { return static_cast<uint32_t>(now_us / 1000); }
  Seen& Of(Loop loop) { return seen_[static_cast<int>(loop)]; }
  const Seen& Of(Loop loop) const { return seen_[static_cast<int>(loop)]; }

  Seen seen_[kLoops];
};

}  // namespace lodestone
