// What a player wants to read the morning after: turns one status after another into lines of a
// log. Threads: control.
#pragma once

#include <cstdint>
#include <string>

#include "firmware/instrument/osc_out.h"

namespace lodestone {

class LineSink {
 public:
  virtual ~LineSink() {}
  virtual void OnLine(uint64_t now_us, const char* line) = 0;
};

class Journal {
 public:
  explicit Journal(LineSink* sink)
      : sink_(sink),
        started_(false),
        scene_(0),
        muted_(0),
        rung_(0),
        underruns_(0),
        refused_(0),
        flags_(),
        next_slow_us_(0) {}

  // Scene, mode, mute, rung and trouble are told at once; what may flicker, underruns, sensors and
  // refusals, once a second at most.
  void Look(uint64_t now_us, const StatusReport& status);
  // A line of somebody else.
  void Note(uint64_t now_us, const char* line) { sink_->OnLine(now_us, line); }

 private:
  void Tell(uint64_t now_us, const char* format, ...) __attribute__((format(printf, 3, 4)));
  void LookAtScene(uint64_t now_us, const StatusReport& status);
  void LookAtUnderruns(uint64_t now_us, const StatusReport& status);
  void LookAtSensors(uint64_t now_us, const StatusReport& status);

  LineSink* sink_;
  bool started_;
  int32_t scene_, muted_, rung_, underruns_, refused_, flags_[kSensors];  // as last told
  std::string mode_, trouble_;
  uint64_t next_slow_us_;
};

}  // namespace lodestone
