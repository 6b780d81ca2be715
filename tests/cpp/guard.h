// Traps for what a real-time thread must not do: memory, locks, system calls. One inclusion a
// program. While `guarded` is true on a thread, an allocation or a release ends the process with
// 10, a lock with 11; a thread that has called ForbidSystemCalls() is killed by SIGSYS at the first
// system call that its rules do not allow.
#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace {

__thread volatile bool guarded = false;

void Offence(int code) {
  if (guarded) _exit(code);
}

// From here on, `rules` decide about every system call of this thread.
template <size_t kCount>
bool ForbidSystemCalls(sock_filter (&rules)[kCount]) {
  sock_fprog program = {kCount, rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Commits an offence on purpose, "malloc", "aligned", "lock" or "syscall", so that the guard itself
// can be tested.
void Offend(const char* how) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  if (std::strcmp(how, "malloc") == 0) {
    char* volatile memory = static_cast<char*>(std::malloc(16));
    std::free(memory);
  }
  if (std::strcmp(how, "aligned") == 0) {
    void* volatile memory = nullptr;
    if (posix_memalign(const_cast<void**>(&memory), 64, 64) == 0) std::free(memory);
  }
  if (std::strcmp(how, "lock") == 0) pthread_mutex_lock(&mutex);
  if (std::strcmp(how, "syscall") == 0) syscall(SYS_getpid);
}

}  // namespace

extern "C" {
void* malloc(size_t size) {
  Offence(10);
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Offence(10);
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  Offence(10);
  return __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  Offence(10);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  Offence(10);
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  Offence(10);
  __libc_free(memory);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  Offence(11);
  static int (*const real)(pthread_mutex_t*) =
      reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  return real(mutex);
}
}
