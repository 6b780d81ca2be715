// Runs a plan where memory, locks and system calls are traps: `engine_guard PLAN CALLS
// [malloc|aligned|lock|syscall]`. Exit 0: none was met. 10: an allocation or a release; 11: a lock;
// killed by SIGSYS: a system call. The third argument commits the offence on purpose, so that the
// guard itself can be tested.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "firmware/engine/engine.h"
#include "tests/cpp/guard.h"

namespace {

// Every system call but the end of the process kills it.
bool ForbidAll() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  return ForbidSystemCalls(rules);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> plan{std::istreambuf_iterator<char>(file),
                               std::istreambuf_iterator<char>()};
  char error[256] = "";
  lodestone::Engine engine;
  if (!engine.Load(plan.data(), plan.size(), error, sizeof error)) {
    std::fprintf(stderr, "%s\n", error);
    return 3;
  }
  std::vector<char> state(engine.state_bytes());
  if (!ForbidAll()) return 4;
  guarded = true;
  for (int call = 0; call < std::atoi(argv[2]); ++call) {
    for (size_t i = 0; i < engine.input_count(); ++i)
      if (engine.input(i).elements) engine.input_data(i)[0] = 0.25f * static_cast<float>(call);
    engine.Run();
    while (!engine.Step(7)) {}
    engine.SaveState(state.data());
    engine.LoadState(state.data());
    engine.Reset();
    engine.Seed(3);
  }
  if (argc > 3) Offend(argv[3]);
  _exit(0);
}
