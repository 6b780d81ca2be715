#include "firmware/platform/own_figures.h"

#include <time.h>
#include <unistd.h>

#include <cstdio>

namespace lodestone {

std::string WakeWatch::Take() {
  const uint32_t count = count_.exchange(0, std::memory_order_relaxed);
  const uint32_t sum_us = sum_us_.exchange(0, std::memory_order_relaxed);
  const uint32_t most_us = most_us_.exchange(0, std::memory_order_relaxed);
  return std::to_string(count > 0 ? sum_us / count : 0u) + " " + std::to_string(most_us);
}

uint32_t ResidentKib() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
  std::fclose(file);
  return static_cast<uint32_t>(pages * static_cast<unsigned long>(sysconf(_SC_PAGESIZE)) / 1024u);
}

double SinceBootS() {
  timespec now;
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0.0;
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace lodestone
