// Runs lodestone-sim with a render() for which memory, locks and system calls are traps:
// `render_guard [malloc|lock|syscall] IMAGE OPTIONS`. Exit 10: an allocation or a release; 11: a lock; killed by
// SIGSYS: a system call. The first word commits the offence on purpose, so that the guard itself can be tested.
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
#include <thread>

#include "firmware/simulator/play.h"

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void __libc_free(void*);
}

namespace {

__thread volatile bool guarded = false;

void Offence(int code) {
  if (guarded) _exit(code);
}

struct Job {
  void (*render_once)(void*);
  void* context;
};

int to_audio[2], from_audio[2];  // pipes: a job, and a byte when it is done
const char* offence = "";

// Besides the two pipes, with which render() has nothing to do, every system call kills the process.
bool ForbidSystemCalls() {
  const uint32_t in = static_cast<uint32_t>(to_audio[0]), out = static_cast<uint32_t>(from_audio[1]);
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
  sock_fprog program = {sizeof rules / sizeof rules[0], rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void Offend() {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  if (std::strcmp(offence, "malloc") == 0) {
    char* volatile memory = static_cast<char*>(std::malloc(16));
    std::free(memory);
  }
  if (std::strcmp(offence, "lock") == 0) pthread_mutex_lock(&mutex);
  if (std::strcmp(offence, "syscall") == 0) syscall(SYS_getpid);
}

void AudioThread() {
  if (!ForbidSystemCalls()) _exit(4);
  Job job;
  while (read(to_audio[0], &job, sizeof job) == static_cast<ssize_t>(sizeof job)) {
    guarded = true;
    job.render_once(job.context);
    Offend();
    guarded = false;
    const char done = 1;
    if (write(from_audio[1], &done, 1) != 1) return;
  }
  for (;;) pause();
}

void RenderThere(void (*render_once)(void*), void* context) {
  const Job job = {render_once, context};
  char done;
  if (write(to_audio[1], &job, sizeof job) != static_cast<ssize_t>(sizeof job) || read(from_audio[0], &done, 1) != 1) {
    _exit(5);
  }
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
  if (argc > 1 && std::strchr(argv[1], '/') == nullptr) {
    offence = argv[1];
    --argc, ++argv;
  }
  lodestone::SimOptions options;
  std::string error;
  if (!lodestone::ParseSimOptions(argc, argv, &options, &error) || pipe(to_audio) != 0 || pipe(from_audio) != 0) return 3;
  std::thread(AudioThread).detach();
  const int status = lodestone::PlayImage(options, RenderThere);
  _exit(status);
}
