// Runs lodestone-sim with a render() for which memory, locks and system calls are traps:
// `render_guard [malloc|aligned|lock|syscall] IMAGE OPTIONS`. Exit 10: an allocation or a release;
// 11: a lock; killed by SIGSYS: a system call. The first word commits the offence on purpose, so
// that the guard itself can be tested.
#include <thread>

#include "firmware/simulator/play.h"
#include "tests/cpp/guard.h"

namespace {

struct Job {
  void (*render_once)(void*);
  void* context;
};

int to_audio[2], from_audio[2];  // pipes: a job, and a byte when it is done
const char* offence = "";

// Besides the two pipes, with which render() has nothing to do, every system call kills the
// process.
bool ForbidAllButThePipes() {
  const uint32_t in = static_cast<uint32_t>(to_audio[0]),
                 out = static_cast<uint32_t>(from_audio[1]);
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, in, 3, 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, out, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  return ForbidSystemCalls(rules);
}

void AudioThread() {
  if (!ForbidAllButThePipes()) _exit(4);
  Job job;
  while (read(to_audio[0], &job, sizeof job) == static_cast<ssize_t>(sizeof job)) {
    guarded = true;
    job.render_once(job.context);
    Offend(offence);
    guarded = false;
    const char done = 1;
    if (write(from_audio[1], &done, 1) != 1) return;
  }
  for (;;) pause();
}

void RenderThere(void (*render_once)(void*), void* context) {
  const Job job = {render_once, context};
  char done;
  if (write(to_audio[1], &job, sizeof job) != static_cast<ssize_t>(sizeof job) ||
      read(from_audio[0], &done, 1) != 1) {
    _exit(5);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strchr(argv[1], '/') == nullptr) {
    offence = argv[1];
    --argc, ++argv;
  }
  lodestone::SimOptions options;
  std::string error;
  if (!lodestone::ParseSimOptions(argc, argv, &options, &error) || pipe(to_audio) != 0 ||
      pipe(from_audio) != 0)
    return 3;
  std::thread(AudioThread).detach();
  const int status = lodestone::PlayImage(options, RenderThere);
  _exit(status);
}
