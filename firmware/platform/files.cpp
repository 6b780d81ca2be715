#include "firmware/platform/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace lodestone {

bool ReadFile(const std::string& path, std::string* contents, std::string* error,
              size_t most_bytes) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    *error = "wanted the file " + path + ", got: " + std::strerror(errno);
    return false;
  }
  struct stat found;
  bool good = fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_size >= 0 &&
              static_cast<uint64_t>(found.st_size) <= most_bytes;
  if (good) contents->resize(static_cast<size_t>(found.st_size));
  for (size_t done = 0; good && done < contents->size();) {
    const ssize_t got = read(file, &(*contents)[done], contents->size() - done);
    if (got < 0 && errno == EINTR) continue;
    good = got > 0;
    if (good) done += static_cast<size_t>(got);
  }
  close(file);
  if (!good) {
    contents->clear();
    *error =
        "wanted a readable file of at most " + std::to_string(most_bytes >> 10) + " KiB at " + path;
  }
  return good;
}

}  // namespace lodestone
