#include "firmware/platform/start_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "firmware/platform/files.h"

namespace lodestone {

// A count of another form is a damaged one, and accuses nobody.
constexpr size_t kMostBytes = 4096, kMostDigits = 6;

uint32_t StartGuard::Begin() {
  if (folder_.empty()) return 0;
  const std::string path = folder_ + "/starts";
  std::string text, trouble;
  if (ReadFile(path, &text, &trouble, kMostBytes) && text.size() <= kMostDigits &&
      text.find_first_not_of("0123456789") == std::string::npos)
    failed_ = static_cast<uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
  if (memory_aside()) {
    for (const char* name : {"/state.0", "/state.1"})
      std::rename((folder_ + name).c_str(), (folder_ + name + ".aside").c_str());
  }
  mkdir(folder_.c_str(), 0755);
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NONBLOCK, 0644);
  if (file < 0) return failed_;
  const std::string count = std::to_string(failed_ + 1);
  counted_ = write(file, count.data(), count.size()) == static_cast<ssize_t>(count.size()) &&
             fsync(file) == 0;
  close(file);
  return failed_;
}

void StartGuard::StartSucceeded() {
  if (counted_) unlink((folder_ + "/starts").c_str());
  counted_ = false;
}

}  // namespace lodestone
