#include "firmware/platform/bus_speed.h"

#include <cstdio>

namespace lodestone {

uint32_t BusSpeedHz(const std::string& device, const std::string& root) {
  const std::string name = device.substr(device.rfind('/') + 1);  // i2c-1
  // The property is a big-endian word. Adapters below a multiplexer have it at their parent.
  for (const char* place : {"/of_node/clock-frequency", "/device/of_node/clock-frequency"}) {
    std::FILE* file = std::fopen((root + "/sys/bus/i2c/devices/" + name + place).c_str(), "rb");
    if (file == nullptr) continue;
    unsigned char word[4] = {0, 0, 0, 0};
    const bool whole = std::fread(word, 1, sizeof word, file) == sizeof word;
    std::fclose(file);
    if (whole) {
      return static_cast<uint32_t>(word[0]) << 24 | static_cast<uint32_t>(word[1]) << 16 |
             static_cast<uint32_t>(word[2]) << 8 | word[3];
    }
  }
  return 0;
}

}  // namespace lodestone
