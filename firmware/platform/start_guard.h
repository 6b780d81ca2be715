// Sees that a program which crashes at its start does not do so for ever: each start is counted in
// a file until it has lasted, and what may be to blame is left aside.
#pragma once

#include <cstdint>
#include <string>

namespace lodestone {

class StartGuard {
 public:
  static constexpr uint64_t kLastsUs = 10000000;  // a program that has played so long has started
  static constexpr uint32_t kStatesAside =
      2;  // starts in a row that did not last, until the memory is left aside,
  static constexpr uint32_t kSceneAside = 4;  // and until the first scene is

  // `folder`: where the board remembers; empty: nothing is counted.
  explicit StartGuard(const std::string& folder) : folder_(folder), failed_(0), counted_(false) {}

  // Counts this start, before anything is read; returns how many before it did not last. The memory
  // is set aside as `state.0.aside`, `state.1.aside` where it is to blame. Not for real time.
  uint32_t Begin();
  // The program has played long enough, or ends as it should: nothing is to blame. Threads: files.
  void StartSucceeded();

  uint32_t failed() const { return failed_; }
  bool memory_aside() const { return failed_ == kStatesAside; }
  bool scene_aside() const { return failed_ >= kSceneAside; }

 private:
  std::string folder_;
  uint32_t failed_;
  bool counted_;
};

}  // namespace lodestone
