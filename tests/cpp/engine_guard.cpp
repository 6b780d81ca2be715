// Runs a plan where memory, locks and system calls are traps: `engine_guard PLAN CALLS [malloc|lock|syscall]`.
// Exit 0: none was met. 10: an allocation or a release; 11: a lock; killed by SIGSYS: a system call. The third argument
// commits the offence on purpose, so that the guard itself can be tested.
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "firmware/engine/engine.h"

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void __libc_free(void*);
}

namespace {

volatile bool guarded = false;

void Offence(int code) {
  if (guarded) _exit(code);
}

// Every system call but the end of the process kills it.
bool ForbidSystemCalls() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  sock_fprog program = {sizeof rules / sizeof rules[0], rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void Offend(const char* how) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  if (std::strcmp(how, "malloc") == 0) {
    char* volatile memory = static_cast<char*>(std::malloc(16));
    std::free(memory);
  }
  if (std::strcmp(how, "lock") == 0) pthread_mutex_lock(&mutex);
  if (std::strcmp(how, "syscall") == 0) syscall(SYS_getpid);
}

}  // namespace

extern "C" {
void* malloc(size_t size) { Offence(10); return __libc_malloc(size); }
void* calloc(size_t count, size_t size) { Offence(10); return __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { Offence(10); return __libc_realloc(memory, size); }
void free(void* memory) { Offence(10); __libc_free(memory); }
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  Offence(11);
  static int (*const real)(pthread_mutex_t*) =
      reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  return real(mutex);
}
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> plan{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  char error[256] = "";
  lodestone::Engine engine;
  if (!engine.Load(plan.data(), plan.size(), error, sizeof error)) {
    std::fprintf(stderr, "%s\n", error);
    return 3;
  }
  std::vector<char> state(engine.state_bytes());
  if (!ForbidSystemCalls()) return 4;
  guarded = true;
  for (int call = 0; call < std::atoi(argv[2]); ++call) {
    for (size_t i = 0; i < engine.input_count(); ++i)
      if (engine.input(i).elements) engine.input_data(i)[0] = 0.25f * static_cast<float>(call);
    engine.Run();
    while (!engine.Step(7)) {
    }
    engine.SaveState(state.data());
    engine.LoadState(state.data());
    engine.Reset();
    engine.Seed(3);
  }
  if (argc > 3) Offend(argv[3]);
  _exit(0);
}
