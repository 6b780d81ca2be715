#include "firmware/platform/status_file.h"

#include <fcntl.h>
#include <stdio.h>

#include <cstdio>

namespace lodestone {

std::string StatusText(const StatusReport& status) {
  char text[1536];
  std::snprintf(text, sizeof text,
                "mode = %s\nasked = %s\nscene = %d %s\nmuted = %d\nvoice_load = %.3f\ntouch_load = "
                "%.3f\nunderruns = %d\n"
                "rung = %d %s\nframes_per_second = %.2f\nframes_wanted = %d\nframe_jitter_us = "
                "%d\nframe_skew_us = %d\n"
                "frame_software_us = %d\nframes_ahead = %d\nbus_hz = %d\nsensor_flags = %d %d %d "
                "%d\ntemperature_c = %.1f\nuptime_s = %.0f\n"
                "version = %s\ntrouble = %s\n",
                status.sounding, status.asked, static_cast<int>(status.scene), status.scene_name,
                static_cast<int>(status.muted), static_cast<double>(status.voice_load),
                static_cast<double>(status.touch_load), static_cast<int>(status.underruns),
                static_cast<int>(status.rung), status.rung_why,
                static_cast<double>(status.frames_per_second),
                static_cast<int>(status.frames_wanted), static_cast<int>(status.frame_jitter_us),
                static_cast<int>(status.frame_skew_us), static_cast<int>(status.frame_software_us),
                static_cast<int>(status.frames_ahead), static_cast<int>(status.bus_hz),
                static_cast<int>(status.sensor_flags[0]), static_cast<int>(status.sensor_flags[1]),
                static_cast<int>(status.sensor_flags[2]), static_cast<int>(status.sensor_flags[3]),
                static_cast<double>(status.temperature_c), static_cast<double>(status.uptime_s),
                status.version, status.trouble);
  return text;
}

bool ReplaceFile(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int handle =  // not waiting, should a pipe lie there
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
  std::FILE* file = handle < 0 ? nullptr : fdopen(handle, "w");
  if (file == nullptr) return false;
  const bool wrote = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  return wrote && closed && std::rename(fresh.c_str(), path.c_str()) == 0;
}

}  // namespace lodestone
