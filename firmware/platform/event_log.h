// The board's log: a file of lines and the one before it, both of bounded size. What cannot be
// written is counted and lost; nobody waits for it but the caller. Threads: files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lodestone {

class EventLog {
 public:
  static constexpr size_t kMostBytes = 256u << 10;  // of each of the two files
  static constexpr size_t kLongestLine = 400;       // the rest is cut off

  // Goes on in `path`; a full one becomes `path`.1. The folder is made when it is not there.
  explicit EventLog(const std::string& path, size_t most_bytes = kMostBytes);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Writes a line, without its line break. False when it was lost.
  bool Write(const std::string& line);

  uint32_t lost() const { return lost_; }  // lines since the last one that was written

 private:
  bool Open();
  bool Rotate();
  bool Append(const std::string& text);

  std::string path_;
  size_t most_bytes_, bytes_;
  int file_;
  uint32_t lost_;
};

}  // namespace lodestone
