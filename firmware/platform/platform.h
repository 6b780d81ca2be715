// The world around the program: a clock, an I2C bus, a network, places for files. A board has one;
// a simulator hands in its own.
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
  // Once, before anything else is asked. What cannot be opened is replaced by something that fails
  // politely.
  virtual void Open(const BoardConf& conf) = 0;
  // What is wrong now with the sensors' bus, and with the port where commands come in; one line, or
  // empty. Either may be put right later: the port is tried again at each call. Threads: control,
  // or before the threads start.
  virtual std::string BusTrouble() = 0;
  virtual std::string PortTrouble() = 0;
  // Of the sensors' bus, as the device tree has it; 0: not known.
  virtual uint32_t BusHz() const { return 0; }
  virtual Clock& clock() = 0;
  virtual I2cBus& bus() = 0;
  virtual Network& network() = 0;
  virtual KeptFiles Files(const BoardConf& conf) const = 0;
  // Keeps the program's memory from being paged out: a page fault in the audio thread is a dropout.
  // Empty, or why not.
  virtual std::string LockMemory() = 0;
  // Since the board was switched on; below 0: that means nothing here.
  virtual double SinceBootS() const { return -1.0; }
  // The instrument of the program, before it begins, for whoever looks on.
  virtual void Watch(Instrument*) {}
};

// What the program is given besides Bela's buffers and threads.
struct World {
  std::unique_ptr<Platform> platform;
  std::unique_ptr<LoadMeter> meter;
};

// That of a board. `alone`: no bus, no network, nothing remembered.
World BoardWorld(bool alone);

}  // namespace lodestone
