// What the board's threads set up around the instrument: memory that stays, and numbers too small
// that count as zero.
#include "cases.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "firmware/platform/board_program.h"

using namespace lodestone;

namespace {

// Without flushing the product is 5e-39.
bool Flushes() {
  volatile float small = 1e-38f;
  volatile float half = 0.5f;
  return small * half == 0.0f;
}

int looks = 0;
bool flushed = true;

// Called by each loop on its own thread, between two rounds.
bool Stop() {
  flushed = flushed && Flushes();
  return ++looks > 3;
}

BoardProgram* Alone() {
  static const World world = BoardWorld(true);
  BoardProgram* program = new BoardProgram("/nowhere/", 44100, 16, world);
  program->Begin(false);
  return program;
}

CASE(EveryThreadFlushesNumbersTooSmall) {
  BoardProgram* program = Alone();
  const std::function<void()> loops[] = {
      [=] { program->TouchLoop(Stop); },     [=] { program->VoiceWork(Stop, [] {}); },
      [=] { program->HelperWork(0, Stop); }, [=] { program->ControlLoop(Stop); },
      [=] { program->FilesLoop(Stop); },
  };
  for (const std::function<void()>& loop : loops) {
    looks = 0;
    std::thread thread([&] {
      CHECK(!Flushes());
      loop();
      CHECK(!Flushes());
    });
    thread.join();
    CHECK(looks > 0 && flushed);
  }
}

uint64_t LockedKib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kib = 0;
    if (word == "VmLck:" && status >> kib) return kib;
  }
  return 0;
}

CASE(MemoryIsLockedBeforeTheThreadsStart) {
  rlimit allowed;
  CHECK(getrlimit(RLIMIT_MEMLOCK, &allowed) == 0);
  if (geteuid() != 0 && allowed.rlim_cur < (64u << 20)) return;  // a board's programs are root's
  CHECK(LockedKib() == 0);
  Alone();
  CHECK(LockedKib() > 1000);
}

CASE(WithoutAnyFileItStartsAndSaysWhy) {
  const std::string trouble = Alone()->instrument().Report().trouble;
  CHECK(trouble.find("/nowhere/board.conf") != std::string::npos);
  CHECK(trouble.find("no scene to play") != std::string::npos);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
