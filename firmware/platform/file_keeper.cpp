#include "firmware/platform/file_keeper.h"

#include <cstdio>

#include "firmware/platform/status_file.h"

namespace lodestone {

FileKeeper::FileKeeper(const std::string& state_folder, const std::string& status_file,
                       const std::string& log_file)
    : left_out_(0), status_file_(status_file) {
  if (!state_folder.empty()) store_.reset(new MemoryStore(state_folder));
  if (!log_file.empty()) log_.reset(new EventLog(log_file));
}

bool FileKeeper::Load(Memory* memory) {
  if (store_ == nullptr || !store_->Load(memory)) return false;
  memory_ = kept_ = *memory;
  return true;
}

void FileKeeper::OnLine(uint64_t now_us, const char* line) {
  if (log_ == nullptr) return;
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%10.2f  ", static_cast<double>(now_us) * 1e-6);
  std::lock_guard<std::mutex> lock(mutex_);
  if (lines_.size() < kMostWaiting) {
    lines_.push_back(stamp + std::string(line));
  } else {
    ++left_out_;
  }
}

void FileKeeper::Keep(const StatusReport& status, const std::string& more, const Memory& memory) {
  const std::string text = status_file_.empty() ? std::string() : StatusText(status) + more;
  std::lock_guard<std::mutex> lock(mutex_);
  status_ = text;
  if (store_ != nullptr) memory_ = memory;
}

void FileKeeper::Work(const char* control_trouble) {
  std::deque<std::string> lines;
  std::string status;
  Memory memory;
  uint32_t left_out = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    lines.swap(lines_);
    status.swap(status_);
    memory = memory_;
    std::swap(left_out, left_out_);
  }
  for (const std::string& line : lines) log_->Write(line);
  if (left_out > 0)
    log_->Write("            (" + std::to_string(left_out) + " lines left out: too many at once)");
  if (control_trouble != nullptr && !told_control_) {
    if (log_ != nullptr) log_->Write(std::string("            trouble: ") + control_trouble);
    if (!last_status_.empty())
      ReplaceFile(status_file_, last_status_ + "control = " + control_trouble + "\n");
  }
  told_control_ = control_trouble != nullptr;
  if (!status.empty()) {
    ReplaceFile(status_file_, status);
    last_status_.swap(status);
  }
  if (store_ != nullptr && !(memory == kept_) && store_->Save(memory)) kept_ = memory;
}

}  // namespace lodestone
