// What a real-time kernel counts of its threads, for Linux does not see the time that they run
// under it: Xenomai 3's /proc/xenomai/sched/acct, or the `stats` of each EVL thread in sysfs. Where
// neither is there, nothing is counted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lodestone {

struct RealTimeThread {
  int thread;              // as Linux numbers it
  uint64_t ran_ns;         // under the real-time kernel, since it began
  uint64_t mode_switches;  // from the real-time kernel to Linux
  std::string name;
};

class RealTimeStats {
 public:
  // `root` stands before every path; empty on a board.
  explicit RealTimeStats(const std::string& root = std::string()) : root_(root) {}

  // Every thread of the board, as it is now; empty: no such kernel, or one that counts nothing. Not
  // for real time.
  std::vector<RealTimeThread> Read() const;

 private:
  std::vector<RealTimeThread> ReadEvl() const;

  std::string root_;
};

// The threads of the text of /proc/xenomai/sched/acct; a line that is not understood is left out.
std::vector<RealTimeThread> ParseXenomai(const std::string& text);

}  // namespace lodestone
