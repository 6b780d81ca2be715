#include "firmware/platform/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lodestone {

EventLog::EventLog(const std::string& path, size_t most_bytes)
    : path_(path), most_bytes_(most_bytes), bytes_(0), file_(-1), lost_(0) {
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) mkdir(path.substr(0, slash).c_str(), 0755);
}

EventLog::~EventLog() {
  if (file_ >= 0) close(file_);
}

// Whatever lies there already counts: it may be from a version with other bounds, or end in half a
// line.
bool EventLog::Open() {
  if (file_ >= 0) return true;
  file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
  struct stat found;
  if (file_ < 0) return false;
  bytes_ = fstat(file_, &found) == 0 && found.st_size > 0 ? static_cast<size_t>(found.st_size) : 0;
  return true;
}

bool EventLog::Rotate() {
  close(file_);
  file_ = -1;
  return rename(path_.c_str(), (path_ + ".1").c_str()) == 0 && Open() && bytes_ == 0;
}

bool EventLog::Write(const std::string& line) {
  std::string text = line.substr(0, kLongestLine) + "\n";
  if (lost_ > 0) text = "(" + std::to_string(lost_) + " lines could not be written)\n" + text;
  if (Open() && (bytes_ + text.size() <= most_bytes_ || Rotate()) && Append(text)) {
    lost_ = 0;
    return true;
  }
  ++lost_;
  return false;
}

// All or nothing: half a line on a disk that is full is taken back.
bool EventLog::Append(const std::string& text) {
  long wrote = -1;
  do {
    wrote = write(file_, text.data(), text.size());
  } while (wrote < 0 && errno == EINTR);
  if (wrote == static_cast<long>(text.size())) {
    bytes_ += text.size();
    return true;
  }
  if (wrote > 0 && ftruncate(file_, static_cast<off_t>(bytes_)) != 0)
    bytes_ += static_cast<size_t>(wrote);
  return false;
}

}  // namespace lodestone
