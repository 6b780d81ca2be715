// The world around the program, chosen by `bus =`: a clock, an I2C bus, a network; and hooks for simulation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "firmware/chips/clock.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/instrument/parts.h"
#include "firmware/platform/board_conf.h"

namespace lodestone {

class SimLink;
class VoiceTap;
class ModeTap;

// Slices of the voice cost `factor` times as much from..to, in seconds of simulated time.
struct Slowness {
  double from_s, to_s, factor;
};

// What a simulator hands in before setup(); untouched on a board.
struct PlatformHooks {
  Clock* clock = nullptr;      // instead of the machine's
  std::string bus;             // instead of the settings'
  std::string state_folder;    // instead of the settings'; empty: none
  std::string status_file;     // likewise
  uint32_t voice_slice_us = 0;  // what one slice of the voice costs in simulated time
  uint32_t load_us = 0;         // what loading a scene costs, likewise
  std::vector<Slowness> slow;   // when slices cost more
  std::string log_file;         // instead of the settings'; empty: none
  VoiceTap* voice_tap = nullptr;
  ModeTap* mode_tap = nullptr;
  bool alone = false;           // no bus, no network, nothing remembered
  SimLink* link = nullptr;      // set by MakePlatform where the bus is simulated
};
PlatformHooks& Hooks();

class Platform {
 public:
  virtual ~Platform() {}
  virtual Clock& clock() = 0;
  virtual I2cBus& bus() = 0;
  virtual Network& network() = 0;
  // What is wrong now with the sensors' bus or with the port where commands come in, in one line, or empty. The port is tried
  // again at each call. Threads: control, or before the threads start.
  virtual const char* BusTrouble() const { return ""; }
  virtual std::string PortTrouble() { return ""; }
};

// Never null: what cannot be opened is replaced by something that fails politely, and tells its trouble.
std::unique_ptr<Platform> MakePlatform(const BoardConf& conf);

}  // namespace lodestone
