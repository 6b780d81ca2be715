#include "firmware/instrument/journal.h"

#include <cstdarg>
#include <cstdio>

namespace lodestone {
namespace {

constexpr uint64_t kSlowUs = 1000000;

struct FlagName {
  uint32_t flag;
  const char* name;
};
// A magnet that saturates an axis is playing, not trouble.
constexpr FlagName kTold[] = {{kSensorLost, "lost"},
                              {kSensorReset, "has reset"},
                              {kSensorFrozen, "frozen"},
                              {kSensorWrong, "another chip"}};

int32_t ToldOf(int32_t flags) {
  uint32_t told = 0;
  for (const FlagName& each : kTold) told |= static_cast<uint32_t>(flags) & each.flag;
  return static_cast<int32_t>(told);
}

}  // namespace

void Journal::Tell(uint64_t now_us, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  sink_->OnLine(now_us, line);
}

void Journal::Look(uint64_t now_us, const StatusReport& status) {
  if (!started_) Tell(now_us, "started, firmware %s", status.version);
  LookAtScene(now_us, status);
  started_ = true;
  if (trouble_ != status.trouble)
    Tell(now_us, "trouble: %s", status.trouble[0] != '\0' ? status.trouble : "over");
  trouble_ = status.trouble;
  if (now_us < next_slow_us_) return;
  next_slow_us_ = now_us + kSlowUs;
  LookAtUnderruns(now_us, status);
  LookAtSensors(now_us, status);
  if (status.refused != refused_) {
    Tell(now_us, "%d refused, the last: %s", static_cast<int>(status.refused - refused_),
         status.refusal);
  }
  refused_ = status.refused;
}

void Journal::LookAtScene(uint64_t now_us, const StatusReport& status) {
  if (!started_ || status.scene != scene_)
    Tell(now_us, "scene %d %s", static_cast<int>(status.scene), status.scene_name);
  scene_ = status.scene;
  const std::string mode = std::string(status.sounding) + ", asked for " + status.asked;
  if (mode != mode_) Tell(now_us, "mode %s", mode.c_str());
  mode_ = mode;
  if (status.muted != muted_) Tell(now_us, "%s", status.muted != 0 ? "muted" : "no longer muted");
  muted_ = status.muted;
  if (status.rung != rung_) {
    Tell(now_us, "rung %d: %s", static_cast<int>(status.rung),
         status.rung > 0 ? status.rung_why : "the whole voice again");
  }
  rung_ = status.rung;
}

void Journal::LookAtUnderruns(uint64_t now_us, const StatusReport& status) {
  if (status.underruns != underruns_) {
    Tell(now_us, "%d underruns, %d since the start; voice %.0f %%, touch %.0f %% of a core",
         static_cast<int>(status.underruns - underruns_), static_cast<int>(status.underruns),
         100.0 * static_cast<double>(status.voice_load),
         100.0 * static_cast<double>(status.touch_load));
  }
  underruns_ = status.underruns;
}

void Journal::LookAtSensors(uint64_t now_us, const StatusReport& status) {
  for (int s = 0; s < kSensors; ++s) {
    const int32_t flags = ToldOf(status.sensor_flags[s]);
    if (flags == flags_[s]) continue;
    flags_[s] = flags;
    std::string words;
    for (const FlagName& each : kTold) {
      if ((static_cast<uint32_t>(flags) & each.flag) != 0)
        words += std::string(words.empty() ? "" : ", ") + each.name;
    }
    Tell(now_us, "sensor %d: %s", s + 1, words.empty() ? "well" : words.c_str());
  }
}

}  // namespace lodestone
