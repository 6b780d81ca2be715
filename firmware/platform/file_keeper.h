// Everything that is written to the board's card: the log, the memory, the status file. Handed over
// by the control thread, written by the files thread, which alone waits for the card.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "firmware/instrument/journal.h"
#include "firmware/instrument/memory.h"
#include "firmware/platform/event_log.h"
#include "firmware/platform/memory_store.h"

namespace lodestone {

class FileKeeper : public LineSink {
 public:
  static constexpr size_t kMostWaiting = 64;  // lines; more of them are counted and lost

  // Empty names: not kept. Reads the memory at once; false in `found` when there is none.
  FileKeeper(const std::string& state_folder, const std::string& status_file,
             const std::string& log_file);

  // Before the threads start.
  bool Load(Memory* memory);

  // Threads: control. Never waits for the card; a lock is held for a copy at most.
  void OnLine(uint64_t now_us, const char* line) override;
  // `more`: lines for the status file besides the status.
  void Keep(const StatusReport& status, const std::string& more, const Memory& memory);

  // Writes what was handed over; and that control hangs, which can hand over nothing then. Threads:
  // files.
  void Work(const char* control_trouble);

 private:
  std::mutex mutex_;  // over what waits; no real-time thread comes here
  std::deque<std::string> lines_;
  uint32_t left_out_;
  std::string status_;
  std::string last_status_;  // files' own
  bool told_control_ = false;
  Memory memory_;

  std::unique_ptr<MemoryStore> store_;  // null: nothing is remembered
  std::unique_ptr<EventLog> log_;       // null: no log
  std::string status_file_;
  Memory kept_;  // as the card has it
};

}  // namespace lodestone
