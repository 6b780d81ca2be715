// Preloaded into a program, ends it as a power cut would, right before its N-th operation that
// changes a file.
//
// LodestoneArm(N, folder) begins to count; only names below `folder` and handles that were opened
// there count. LodestoneCounted() tells how many there were. With N = 0 nothing dies.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long deadline, counted;
static char below[4096];

void LodestoneArm(long n, const char* folder) {
  deadline = n;
  counted = 0;
  snprintf(below, sizeof below, "%s", folder);
}
long LodestoneCounted(void) { return counted; }

// A child of an armed program is armed by its environment.
__attribute__((constructor)) static void FromEnvironment(void) {
  const char* n = getenv("LODESTONE_DIE_BEFORE");
  const char* folder = getenv("LODESTONE_DIE_BELOW");
  if (n != NULL && folder != NULL) LodestoneArm(atol(n), folder);
}

static void Count(void) {
  if (++counted == deadline) _exit(137);
}
static void CountPath(const char* path) {
  char whole[8192];
  if (below[0] == '\0' || path == NULL) return;
  if (path[0] == '/')
    snprintf(whole, sizeof whole, "%s", path);
  else if (getcwd(whole, 4096) != NULL) {
    strcat(whole, "/");
    strncat(whole, path, 4000);
  } else
    return;
  if (strncmp(whole, below, strlen(below)) == 0) Count();
}
static void CountHandle(int handle) {
  char link[64], name[4096];
  if (below[0] == '\0') return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  const ssize_t n = readlink(link, name, sizeof name - 1);
  if (n <= 0) return;
  name[n] = '\0';
  if (strncmp(name, below, strlen(below)) == 0) Count();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CHANGES(flags) (((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0)
#define MODE(flags, last)        \
  mode_t mode = 0;               \
  if ((flags) & O_CREAT) {       \
    va_list rest;                \
    va_start(rest, last);        \
    mode = va_arg(rest, mode_t); \
    va_end(rest);                \
  }

int open(const char* path, int flags, ...) {
  MODE(flags, flags) if (CHANGES(flags)) CountPath(path);
  return NEXT(open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE(flags, flags) if (CHANGES(flags)) CountPath(path);
  return NEXT(open64)(path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  MODE(flags, flags) if (CHANGES(flags)) CountPath(path);
  return NEXT(openat)(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  MODE(flags, flags) if (CHANGES(flags)) CountPath(path);
  return NEXT(openat64)(at, path, flags, mode);
}
FILE* fopen(const char* path, const char* how) {
  if (strpbrk(how, "wa+") != NULL) CountPath(path);
  return NEXT(fopen)(path, how);
}
FILE* fopen64(const char* path, const char* how) {
  if (strpbrk(how, "wa+") != NULL) CountPath(path);
  return NEXT(fopen64)(path, how);
}
size_t fwrite(const void* from, size_t size, size_t n, FILE* file) {
  CountHandle(fileno(file));
  return NEXT(fwrite)(from, size, n, file);
}
int fclose(FILE* file) {
  CountHandle(fileno(file));
  return NEXT(fclose)(file);
}
ssize_t write(int handle, const void* from, size_t n) {
  CountHandle(handle);
  return NEXT(write)(handle, from, n);
}
ssize_t copy_file_range(int in, off64_t* from, int out, off64_t* to, size_t n, unsigned flags) {
  CountHandle(out);
  return NEXT(copy_file_range)(in, from, out, to, n, flags);
}
ssize_t sendfile(int out, int in, off_t* from, size_t n) {
  CountHandle(out);
  return ((ssize_t(*)(int, int, off_t*, size_t))dlsym(RTLD_NEXT, "sendfile"))(out, in, from, n);
}
ssize_t sendfile64(int out, int in, off64_t* from, size_t n) {
  CountHandle(out);
  return ((ssize_t(*)(int, int, off64_t*, size_t))dlsym(RTLD_NEXT, "sendfile64"))(out, in, from, n);
}
int fsync(int handle) {
  CountHandle(handle);
  return NEXT(fsync)(handle);
}
int ftruncate(int handle, off_t n) {
  CountHandle(handle);
  return NEXT(ftruncate)(handle, n);
}
int ftruncate64(int handle, off64_t n) {
  CountHandle(handle);
  return NEXT(ftruncate64)(handle, n);
}
int rename(const char* from, const char* to) {
  CountPath(from);
  return NEXT(rename)(from, to);
}
int renameat2(int a, const char* from, int b, const char* to, unsigned flags) {
  CountPath(from);
  return NEXT(renameat2)(a, from, b, to, flags);
}
int link(const char* from, const char* to) {
  CountPath(to);
  return NEXT(link)(from, to);
}
int linkat(int a, const char* from, int b, const char* to, int flags) {
  CountPath(to);
  return NEXT(linkat)(a, from, b, to, flags);
}
int unlink(const char* path) {
  CountPath(path);
  return NEXT(unlink)(path);
}
int unlinkat(int at, const char* path, int flags) {
  CountPath(path);
  return NEXT(unlinkat)(at, path, flags);
}
int rmdir(const char* path) {
  CountPath(path);
  return NEXT(rmdir)(path);
}
int mkdir(const char* path, mode_t mode) {
  CountPath(path);
  return NEXT(mkdir)(path, mode);
}
int chmod(const char* path, mode_t mode) {
  CountPath(path);
  return NEXT(chmod)(path, mode);
}
