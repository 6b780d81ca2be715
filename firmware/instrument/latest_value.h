// One value that a thread writes and another reads, always the newest, without waiting: three
// copies take turns.
#pragma once

#include <atomic>
#include <cstdint>

namespace lodestone {

template <typename T>
class LatestValue {
 public:
  LatestValue() : slots_(), middle_(1), back_(0), front_(2), any_(false) {}

  // Threads: one writer. Real-time safe.
  void Write(const T& value) {
    slots_[back_] = value;
    back_ = middle_.exchange(back_ | kFresh, std::memory_order_acq_rel) & kIndex;
  }

  // The newest value, or the same as before; false while nothing has ever been written. Threads:
  // one reader.
  bool Read(T* value) {
    if (middle_.load(std::memory_order_relaxed) & kFresh) {
      front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex;
      any_ = true;
    }
    if (any_) *value = slots_[front_];
    return any_;
  }

 private:
  static constexpr uint32_t kIndex = 3, kFresh = 4;
  T slots_[3];
  std::atomic<uint32_t> middle_;
  uint32_t back_;   // the writer's
  uint32_t front_;  // the reader's
  bool any_;        // the reader's
};

}  // namespace lodestone
