#include "firmware/platform/status_file.h"

#include <cstdio>

namespace lodestone {

bool WriteStatusFile(const std::string& path, const StatusReport& status) {
  const std::string fresh = path + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "w");
  if (file == nullptr) return false;
  std::fprintf(file, "mode = %s\nasked = %s\nscene = %d %s\nmuted = %d\n", status.sounding_mode, status.asked_mode,
               static_cast<int>(status.scene), status.scene_name, static_cast<int>(status.muted));
  std::fprintf(file, "voice_load = %.3f\ntouch_load = %.3f\nunderruns = %d\nframes_per_second = %.2f\n",
               static_cast<double>(status.voice_load), static_cast<double>(status.touch_load),
               static_cast<int>(status.underruns), static_cast<double>(status.frames_per_second));
  std::fprintf(file, "sensor_flags = %d %d %d %d\ntemperature_c = %.1f\nuptime_s = %.0f\nversion = %s\ntrouble = %s\n",
               static_cast<int>(status.sensor_flags[0]), static_cast<int>(status.sensor_flags[1]),
               static_cast<int>(status.sensor_flags[2]), static_cast<int>(status.sensor_flags[3]),
               static_cast<double>(status.temperature_c), static_cast<double>(status.uptime_s), status.version,
               status.trouble);
  const bool written = std::fclose(file) == 0;
  return written && std::rename(fresh.c_str(), path.c_str()) == 0;
}

}  // namespace lodestone
