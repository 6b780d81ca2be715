// The board's settings: board.conf beside the program, lines of `key = value`. docs/board.md lists the keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "firmware/chips/field_frame.h"

namespace lodestone {

struct Ipv4Target {
  uint32_t address;  // host byte order
  uint16_t port;
};

struct SensorConf {
  std::string chip;      // "mlx90393"
  uint8_t address;       // 7 bits
  std::string settings;  // what follows on the line, for the driver
  int line;              // of the settings
};

struct SceneConf {
  std::string name, touch_plan;
  // The whole voice, then cheaper ones for the same latents; of each the plans of its stages, mostly a single one.
  std::vector<std::vector<std::string>> voice_plans;
  std::string refused;                   // why the line was not understood: such a scene keeps its number and never plays
};

struct BoardConf {
  std::string bus = "i2c:/dev/i2c-1";
  std::vector<SensorConf> sensors;
  std::vector<Ipv4Target> osc_targets;
  uint16_t osc_port = 7564;
  std::vector<uint32_t> allow;  // addresses, besides the USB link's
  std::vector<SceneConf> scenes;
  int32_t first_scene = 0;
  uint32_t prefill_frames = 1024;
  uint32_t frame_rate_hz = 200;
  uint32_t crossfade_ms = 300;
  uint32_t heartbeat_ms = 300;  // 0: a silent host stays
  bool send_mag = true, send_field = true, send_touch = true, send_latent = true;
  bool carries_two = true;      // two voices at once while scenes are swapped
  int32_t button_pin = -1, led_pin = -1;
  std::string state_folder;     // empty: nothing is remembered
  std::string status_file;      // empty: none is written
  std::string log_file;         // likewise
};

// False and one line in `error` when anything is not understood: the first such line (number, wanted, got), and how many more
// there are. `conf` then holds all the others: a refused line counts as if it were not there, but for a sensor's and a scene's,
// which keep their place in the order. Nothing is taken from a file of another format.
bool ParseBoardConf(const std::string& text, BoardConf* conf, std::string* error);
// Stages besides the last one, of the voice that has most.
uint32_t MostHelpers(const BoardConf& conf);

bool ReadBoardConf(const std::string& path, BoardConf* conf, std::string* error);

// Dotted IPv4, e.g. "192.168.7.1".
bool ParseIpv4(const std::string& text, uint32_t* address);

}  // namespace lodestone
