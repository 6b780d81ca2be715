#include "statistics.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "hardness.h"
#include "places.h"

namespace {

constexpr char kXenomai[] = "/proc/xenomai/sched/acct";
constexpr char kEvl[] = ON_BOARD("/sys/devices/virtual/thread/");

struct Thread {
  int number;
  clockid_t clock;
  std::string name;
  bool primary;
  unsigned long switches;
  uint64_t before_ns;  // its time under the real-time kernel, until it last called Linux
};

std::mutex mutex;
std::vector<Thread> threads;
thread_local int own = -1;

uint64_t TimeOf(clockid_t clock) {
  timespec now = {0, 0};
  syscall(SYS_clock_gettime, clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t RealTimeNs(const Thread& thread) {
  return thread.primary ? TimeOf(thread.clock) : thread.before_ns;
}

#ifdef IS_AM62
constexpr bool kIsEvl = true;
#else
constexpr bool kIsEvl = false;
#endif

// EVL has a folder for each thread, which is there as long as the thread is.
void MakeFolder(const Thread& thread) {
  const std::string folder = kEvl + thread.name;
  for (size_t at = folder.find('/', 1); at != std::string::npos; at = folder.find('/', at + 1)) {
    mkdir(folder.substr(0, at).c_str(), 0755);
  }
  mkdir(folder.c_str(), 0755);
  std::FILE* file = std::fopen((folder + "/pid").c_str(), "w");
  if (file == nullptr) return;
  std::fprintf(file, "%d\n", thread.number);
  std::fclose(file);
}

std::string XenomaiText() {
  std::string text = "0 0 0 90211 0 0 00018000 1000000000 900000000 77000000000 ROOT idle -1 0\n";
  char line[256];
  for (const Thread& thread : threads) {
    const unsigned long long ns = RealTimeNs(thread);
    std::snprintf(line, sizeof line, "0 %d %lu 812 33 0 00048042 1000000 500 %llu %s rt 80 0\n",
                  thread.number, thread.switches, ns, thread.name.c_str());
    text += line;
  }
  return text;
}

std::string EvlText(const char* path) {
  char line[128] = "";
  for (const Thread& thread : threads) {
    if (kEvl + thread.name + "/stats" != path) continue;
    const unsigned long long ns = RealTimeNs(thread);
    std::snprintf(line, sizeof line, "%lu 812 33 0 %llu 120\n", thread.switches, ns);
  }
  return line;
}

}  // namespace

void CountThread(const char* name) {
  Thread thread = {static_cast<int>(syscall(SYS_gettid)), 0, name, true, 0, 0};
  pthread_getcpuclockid(pthread_self(), &thread.clock);
  std::lock_guard<std::mutex> lock(mutex);
  own = static_cast<int>(threads.size());
  threads.push_back(thread);
  if (kIsEvl) MakeFolder(thread);
}

void CountSwitch() {
  if (own < 0) return;
  std::lock_guard<std::mutex> lock(mutex);
  Thread& self = threads[static_cast<size_t>(own)];
  if (!self.primary) return;
  self.before_ns = TimeOf(self.clock);
  self.primary = false;
  ++self.switches;
}

int OpenStatistics(const char* path) {
  if (!IsHard(Hard::kThreadClock)) return -1;
  const bool evl = strncmp(path, kEvl, sizeof kEvl - 1) == 0 && strstr(path, "/stats") != nullptr;
  if (kIsEvl ? !evl : strcmp(path, kXenomai) != 0) return -1;
  std::lock_guard<std::mutex> lock(mutex);
  const std::string text = kIsEvl ? EvlText(path) : XenomaiText();
  int ends[2];
  if (pipe(ends) != 0) return -1;
  (void)!write(ends[1], text.data(), text.size());
  close(ends[1]);
  return ends[0];
}

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const int result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (result != 0 || (clock != CLOCK_THREAD_CPUTIME_ID && clock >= 0)) return result;
  if (!IsHard(Hard::kThreadClock)) return result;
  std::lock_guard<std::mutex> lock(mutex);
  for (size_t t = 0; t < threads.size(); ++t) {
    const bool asked =
        clock == CLOCK_THREAD_CPUTIME_ID ? static_cast<int>(t) == own : clock == threads[t].clock;
    if (!asked) continue;
    const uint64_t all_ns =
        static_cast<uint64_t>(now->tv_sec) * 1000000000u + static_cast<uint64_t>(now->tv_nsec);
    const uint64_t linux_ns = threads[t].primary ? 0 : all_ns - threads[t].before_ns;
    now->tv_sec = static_cast<time_t>(linux_ns / 1000000000u);
    now->tv_nsec = static_cast<long>(linux_ns % 1000000000u);
  }
  return 0;
}
