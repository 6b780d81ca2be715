// A Bela program that does one thing, named by PROBE, in the way of a program that trusts its
// board, and says what came of it in one line. Linked with the core of the virtual board, it shows
// what each of that core's hardnesses takes from it.
#include <Bela.h>

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string probe;
std::atomic<int> runs(0);
std::atomic<bool> at_work(false);
AuxiliaryTask task = nullptr;
int answers[2] = {0, 0};

void Say(const char* what) {
  std::printf("probe: %s\n", what);
  std::fflush(stdout);
  raise(SIGINT);
}

uint64_t Us(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000u + static_cast<uint64_t>(now.tv_nsec) / 1000u;
}

int OwnPriority() {
  int policy = 0;
  sched_param found;
  pthread_getschedparam(pthread_self(), &policy, &found);
  return policy == SCHED_FIFO ? found.sched_priority : 0;
}

// Reads two bytes of the chip at 0x0c; microseconds that it took.
uint64_t ReadBus() {
  const int bus = open("/dev/i2c-1", O_RDWR);
  unsigned char bytes[2] = {0, 0};
  i2c_msg message = {0x0c, I2C_M_RD, sizeof bytes, bytes};
  i2c_rdwr_ioctl_data request = {&message, 1};
  const uint64_t began_us = Us(CLOCK_MONOTONIC);
  ioctl(bus, I2C_RDWR, &request);
  return Us(CLOCK_MONOTONIC) - began_us;
}

void UseCore(uint64_t us) {
  const uint64_t until_us = Us(CLOCK_MONOTONIC) + us;
  while (Us(CLOCK_MONOTONIC) < until_us) {}
}

void Body(void*) {
  at_work = true;
  ++runs;
  char line[96] = "";
  if (probe == "twice") usleep(100000);
  if (probe == "priorities")
    std::snprintf(line, sizeof line, "%s", OwnPriority() > 50 ? "in order" : "all alike");
  if (probe == "calls-linux") {
    const int before = OwnPriority();
    ReadBus();
    const char* stays = OwnPriority() == before ? "keeps its place" : "falls behind";
    std::snprintf(line, sizeof line, "%s", before == 0 ? "no priorities here" : stays);
  }
  if (probe == "hangs" || probe == "reads") {
    std::snprintf(line, sizeof line, "%llu us", static_cast<unsigned long long>(ReadBus()));
  }
  if (probe == "own-time") {
    const uint64_t before_us = Us(CLOCK_THREAD_CPUTIME_ID);
    UseCore(50000);
    std::snprintf(line, sizeof line, "%s",
                  Us(CLOCK_THREAD_CPUTIME_ID) > before_us ? "counted" : "missed");
  }
  at_work = false;
  if (line[0] != '\0') Say(line);
}

}  // namespace

bool setup(BelaContext* context, void*) {
  probe = std::getenv("PROBE");
  if (probe == "rate") {
    char line[32];
    std::snprintf(line, sizeof line, "%.0f Hz", static_cast<double>(context->audioSampleRate));
    Say(line);
  }
  if (probe == "plays") Say("plays");
  task = Bela_createAuxiliaryTask(Body, 80, "probe", nullptr);
  if (probe == "name") Say(task == nullptr ? "refused" : "created");
  if (probe == "asks-once" && task != nullptr) Bela_scheduleAuxiliaryTask(task);
  return true;
}

void render(BelaContext* context, void*) {
  const uint64_t ms = context->audioFramesElapsed / 44;
  if (probe == "asks-once") {
    if (ms > 300) Say(runs > 0 ? "runs" : "never runs");
  } else if (probe == "twice") {
    if (runs == 0) Bela_scheduleAuxiliaryTask(task);
    if (at_work && answers[0]++ == 0) answers[1] = Bela_scheduleAuxiliaryTask(task);
    if (ms > 500) Say(runs > 1 ? "both are heard" : answers[1] != 0 ? "EBUSY, and lost" : "lost");
  } else if (probe != "stays" && task != nullptr && runs == 0) {
    Bela_scheduleAuxiliaryTask(task);  // again and again, as one does who knows
  }
}

void cleanup(BelaContext*, void*) {}
