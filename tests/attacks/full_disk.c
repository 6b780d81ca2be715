// Preloaded into a program, makes the disk below $LODESTONE_FULL_BELOW full while a file of that
// name with ".full" behind it exists: 700 bytes go on it yet, then none. With $LODESTONE_NO_LINKS
// it is a disk, as many cards are, where no file has two names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/types.h>
#include <unistd.h>

static size_t left = 700;

static int Full(int handle) {
  char link[64], name[4096], flag[4096];
  const char* below = getenv("LODESTONE_FULL_BELOW");
  if (below == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  const ssize_t n = readlink(link, name, sizeof name - 1);
  if (n <= 0) return 0;
  name[n] = '\0';
  snprintf(flag, sizeof flag, "%s.full", below);
  return strncmp(name, below, strlen(below)) == 0 && access(flag, F_OK) == 0;
}

ssize_t write(int handle, const void* data, size_t bytes) {
  ssize_t (*next)(int, const void*, size_t) = dlsym(RTLD_NEXT, "write");
  if (!Full(handle)) return next(handle, data, bytes);
  if (left == 0) {
    errno = ENOSPC;
    return -1;
  }
  if (bytes > left) bytes = left;
  left -= bytes;
  return next(handle, data, bytes);
}

ssize_t sendfile64(int to, int from, off64_t* at, size_t bytes) {
  ssize_t (*next)(int, int, off64_t*, size_t) = dlsym(RTLD_NEXT, "sendfile64");
  if (!Full(to)) return next(to, from, at, bytes);
  errno = ENOSPC;
  return -1;
}

int link(const char* from, const char* to) {
  int (*next)(const char*, const char*) = dlsym(RTLD_NEXT, "link");
  if (getenv("LODESTONE_NO_LINKS") == NULL) return next(from, to);
  errno = EPERM;
  return -1;
}
