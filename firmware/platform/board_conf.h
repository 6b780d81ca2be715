// The board's settings: board.conf beside the program, lines of `key = value`. docs/settings.md
// lists the keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "firmware/chips/field_frame.h"
#include "firmware/generated/settings.h"
#include "firmware/platform/ipv4.h"

namespace lodestone {

struct SensorConf {
  std::string chip;      // "mlx90393"
  uint8_t address;       // 7 bits
  std::string settings;  // what follows on the line, for the driver
  int line;              // of the settings
};

struct SceneConf {
  std::string name, touch_plan;
  // The whole voice, then cheaper ones for the same latents; of each the plans of its stages,
  // mostly a single one.
  std::vector<std::vector<std::string>> voice_plans;
  int32_t morph_ms = 0;  // that the way into it takes; 0: as quick as can be
  std::string
      refused;  // why the line was not understood: such a scene keeps its number and never plays
};

// What the player sets (definitions/settings.toml), and what `lodestone build` adds.
struct BoardConf : PlayerSettings {
  std::vector<SensorConf> sensors;
  std::vector<SceneConf> scenes;
  SceneConf safe_scene;  // of a safe start; without a name where the image has none
  int32_t first_scene = 0;
  std::string state_folder;  // empty: nothing is remembered
  std::string status_file;   // empty: none is written
  std::string log_file;      // likewise
};

// False and one line in `error` when anything is not understood: the first such line (number,
// wanted, got), and how many more there are. `conf` then holds all the others: a refused line
// counts as if it were not there, but for a sensor's and a scene's, which keep their place in the
// order. Nothing is taken from a file of another format.
bool ParseBoardConf(const std::string& text, BoardConf* conf, std::string* error);
// What is left of the settings when the player holds the button while power comes on: how the board
// is wired, where its files lie, and the safe scene (where the image has none, the first one).
BoardConf SafeConf(const BoardConf& conf);
// Stages besides the last one, of the voice that has most.
uint32_t MostHelpers(const BoardConf& conf);

bool ReadBoardConf(const std::string& path, BoardConf* conf, std::string* error);

// A whole number, decimal or 0x…, from `least` to `most`, and nothing else.
bool ParseNumber(const std::string& text, long least, long most, long* value);

}  // namespace lodestone
