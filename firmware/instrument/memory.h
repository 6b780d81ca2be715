// What a board remembers when the power goes: the scene, the mode, its knobs, and the rests that
// were captured.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "firmware/instrument/mode.h"

namespace lodestone {

// The state of a touch graph after a capture, valid for that very plan.
struct TouchMemory {
  uint32_t plan_crc;
  std::vector<uint8_t> state;
};

struct Memory {
  std::string scene;  // its name; empty: nothing is remembered
  Mode mode = Mode::kOnboard;
  std::vector<std::pair<std::string, float>> knobs;
  std::vector<TouchMemory> touches;  // newest last
};

inline bool operator==(const TouchMemory& a, const TouchMemory& b) {
  return a.plan_crc == b.plan_crc && a.state == b.state;
}
inline bool operator==(const Memory& a, const Memory& b) {
  return a.scene == b.scene && a.mode == b.mode && a.knobs == b.knobs && a.touches == b.touches;
}

}  // namespace lodestone
