// What can be proved of an image beside a version that plays: its settings are understood, its
// plans load, warm up and play in time, and its sensors' bus answers. Touches no audio, no network
// and no state; of the bus it only reads.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace lodestone {

struct SelfTestSettings {
  std::string folder;  // of the image, with its last slash; empty: the working directory
  uint32_t sample_rate_hz = 44100;
  uint32_t block_frames = 16;
  bool layers = false;   // each operation of each voice is timed as well
  uint32_t blocks = 20;  // of each voice that are timed
};

// False where the image should not take over: settings that are not understood, or a scene that
// does not play. Tells `key = value` lines; what is wrong begins with `refused:`, what the player
// should know with `note:`.
bool SelfTest(const SelfTestSettings& settings, std::FILE* out);

}  // namespace lodestone
