// Who sounds: the board's own voice, the host's synthesis through the audio input, or both.
#pragma once

#include <cstdint>
#include <cstring>

namespace lodestone {

enum class Mode : int32_t { kOnboard = 0, kHost = 1, kBoth = 2 };

constexpr int kModes = 3;

inline const char* ModeName(Mode mode) {
  return mode == Mode::kOnboard ? "onboard" : mode == Mode::kHost ? "host" : "both";
}

inline bool ModeOf(const char* name, Mode* mode) {
  for (int m = 0; m < kModes; ++m) {
    if (std::strcmp(name, ModeName(static_cast<Mode>(m))) == 0) {
      *mode = static_cast<Mode>(m);
      return true;
    }
  }
  return false;
}

// Where between the board (0) and the host (1) the equal-power fade stands; `both` is the middle, 3
// dB down each.
inline float FadePosition(Mode mode) {
  return mode == Mode::kOnboard ? 0.0f : mode == Mode::kHost ? 1.0f : 0.5f;
}

}  // namespace lodestone
