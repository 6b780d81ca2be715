#include "firmware/platform/real_time_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

namespace lodestone {
namespace {

constexpr char kXenomai[] = "/proc/xenomai/sched/acct";
constexpr char kEvl[] = "/sys/devices/virtual/thread";

// Through open() and read() alone: these files are made as they are read, and have no size.
bool ReadWhole(const std::string& path, std::string* text) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char part[4096];
  text->clear();
  for (ssize_t got; (got = read(file, part, sizeof part)) > 0;)
    text->append(part, static_cast<size_t>(got));
  close(file);
  return true;
}

}  // namespace

// CPU PID MSW CSW XSC PF STATE PERIOD_NS RAN_IN_PERIOD_NS RAN_NS NAME CLASS PRIORITY PERIOD: only
// the name may hold spaces.
std::vector<RealTimeThread> ParseXenomai(const std::string& text) {
  std::vector<RealTimeThread> threads;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    RealTimeThread found = {0, 0, 0, std::string()};
    unsigned long long switches = 0, ran_ns = 0;
    int name_at = 0;
    const int read = std::sscanf(line.c_str(), "%*u %d %llu %*u %*u %*u %*x %*u %*u %llu %n",
                                 &found.thread, &switches, &ran_ns, &name_at);
    if (read != 3 || name_at == 0) continue;
    found.mode_switches = switches;
    found.ran_ns = ran_ns;
    found.name = line.substr(static_cast<size_t>(name_at));
    for (int word = 0; word < 3 && found.name.rfind(' ') != std::string::npos; ++word) {
      found.name.erase(found.name.rfind(' '));
    }
    threads.push_back(found);
  }
  return threads;
}

std::vector<RealTimeThread> RealTimeStats::Read() const {
  std::string text;
  if (ReadWhole(root_ + kXenomai, &text)) return ParseXenomai(text);
  return ReadEvl();
}

// A folder for each thread; `stats` is ISW CSW SC RWA RAN_NS USAGE, all zero in a kernel that does
// not count.
std::vector<RealTimeThread> RealTimeStats::ReadEvl() const {
  std::vector<RealTimeThread> threads;
  DIR* folder = opendir((root_ + kEvl).c_str());
  if (folder == nullptr) return threads;
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name, path = root_ + kEvl + "/" + name;
    std::string pid, stats;
    RealTimeThread found = {0, 0, 0, name};
    unsigned long long switches = 0, ran_ns = 0;
    if (name[0] == '.' || !ReadWhole(path + "/pid", &pid) || !ReadWhole(path + "/stats", &stats))
      continue;
    if (std::sscanf(pid.c_str(), "%d", &found.thread) != 1) continue;
    if (std::sscanf(stats.c_str(), "%llu %*u %*u %*u %llu", &switches, &ran_ns) != 2) continue;
    found.mode_switches = switches;
    found.ran_ns = ran_ns;
    threads.push_back(found);
  }
  closedir(folder);
  return threads;
}

}  // namespace lodestone
