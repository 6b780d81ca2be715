// The world around the program: a clock, an I2C bus, a network, places for files. A board has one; a simulator hands in its own.
#pragma once

#include <memory>
#include <string>

#include "firmware/chips/clock.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/instrument/parts.h"
#include "firmware/platform/board_conf.h"
#include "firmware/platform/load_meter.h"

namespace lodestone {

class Instrument;

// Where the program keeps its files; empty: nowhere.
struct KeptFiles {
  std::string state_folder, status_file, log_file;
};

class Platform {
 public:
  virtual ~Platform() {}
  // Once, before anything else is asked. What cannot be opened is replaced by something that fails politely, with one line
  // in `trouble`.
  virtual void Open(const BoardConf& conf, std::string* trouble) = 0;
  virtual Clock& clock() = 0;
  virtual I2cBus& bus() = 0;
  virtual Network& network() = 0;
  virtual KeptFiles Files(const BoardConf& conf) const = 0;
  // Keeps the program's memory from being paged out: a page fault in the audio thread is a dropout. Empty, or why not.
  virtual std::string LockMemory() = 0;
  // The instrument of the program, before it begins, for whoever looks on.
  virtual void Watch(Instrument*) {}
};

// What the program is given besides Bela's buffers and threads.
struct World {
  std::unique_ptr<Platform> platform;
  std::unique_ptr<LoadMeter> meter;
};

// That of a board. `alone`: a self-test beside a version that plays: no bus, no network, nothing remembered.
World BoardWorld(bool alone);

}  // namespace lodestone
