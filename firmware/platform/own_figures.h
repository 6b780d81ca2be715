// What the program measures of itself besides its load, for the status file and the report of a
// board: how late its tasks come to run, what memory it holds, when after power-on it sounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "firmware/platform/load_meter.h"

namespace lodestone {

// How late one task began, in the last second. Threads: the task's own adds, control takes.
class WakeWatch {
 public:
  void Add(uint32_t late_us) {
    sum_us_.fetch_add(late_us, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    if (late_us > most_us_.load(std::memory_order_relaxed))
      most_us_.store(late_us, std::memory_order_relaxed);
  }
  // Mean and most since the last time, as text; a wake-up that comes between counts in either
  // second.
  std::string Take();

 private:
  std::atomic<uint32_t> sum_us_{0}, count_{0}, most_us_{0};
};

// The voice is asked by the audio thread and begins by itself; both know the time by the frames
// that audio has played, so that neither calls the system for it.
class VoiceWakes {
 public:
  // Threads: audio, once a block; `due`: the voice is asked for.
  void OnBlock(uint64_t frames, bool due) {
    frames_.store(static_cast<uint32_t>(frames), std::memory_order_relaxed);
    if (!due || asked_.load(std::memory_order_relaxed)) return;
    asked_at_.store(static_cast<uint32_t>(frames), std::memory_order_relaxed);
    asked_.store(true, std::memory_order_release);
  }
  // Threads: voice, when it begins.
  void OnBegin(uint32_t sample_rate_hz) {
    if (!asked_.exchange(false, std::memory_order_acquire)) return;
    const uint32_t late =
        frames_.load(std::memory_order_relaxed) - asked_at_.load(std::memory_order_relaxed);
    watch_.Add(static_cast<uint32_t>(uint64_t{late} * 1000000u / sample_rate_hz));
  }
  std::string Take() { return watch_.Take(); }

 private:
  WakeWatch watch_;
  std::atomic<uint32_t> frames_{0}, asked_at_{0};
  std::atomic<bool> asked_{false};
};

// KiB that the program holds in memory; 0: not known. Not for real time.
uint32_t ResidentKib();
// Seconds since the board was switched on. Threads: any but audio and voice.
double SinceBootS();

}  // namespace lodestone
