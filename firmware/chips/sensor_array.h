// Four field sensors on one bus, read as one: start all, wait, read all, and survive whatever
// happens to each.
//
// Tick() is one frame. It is called by the touch thread at a steady rate, uses no heap and does a
// bounded amount of work: at most four transfers of bring-up for each lost sensor, done while the
// others convert. A transfer that hangs ends the work of its frame, and the sensor that was asked
// is left alone for a time that doubles each time it hangs: the kernel gives a bus that hangs a
// second, in which the others cannot be read, and which is not held against them.
//
// Where a frame would take longer than its period, each sensor is started anew as soon as it has
// been read ("ahead"): it converts while the others are read and while the program works, so more
// frames fit, each a little older.
#pragma once

#include "firmware/chips/chip_drivers.h"
#include "firmware/chips/clock.h"
#include "firmware/chips/field_frame.h"
#include "firmware/chips/field_sensor.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/chips/reading_checks.h"
#include "firmware/chips/sensor_weight.h"

namespace lodestone {

// Of the settings that it inherits, only those of its own chip count.
struct SensorSettings : ChipSettings {
  SensorChip chip = SensorChip::kMlx90393;
  uint8_t address = 0x0C;
  // Board axis i is chip axis |axes[i]| - 1, turned round where axes[i] is negative: how the chip
  // is mounted.
  int8_t axes[kAxes] = {1, 2, 3};
  // The identity (TREF) of the chip that was calibrated; another one is flagged kSensorWrong. 0
  // takes any.
  uint16_t identity = 0;
};

struct SensorArraySettings {
  SensorSettings sensor[kSensors];
  float frame_rate_hz =
      200.0f;                // the rate at which Tick() is meant to be called; for counting gaps
  float outlier_mt = 15.0f;  // a leap of more than this in one frame must be confirmed by the next
  uint32_t temperature_frames = 200;  // each thermometer is read once in so many frames
};

// Null where the settings can be used, else why not.
const char* CheckSensorArray(const SensorArraySettings& settings);

// What happened to one sensor since the start.
struct SensorHealth {
  bool running;           // brought up and answering
  uint16_t identity;      // TREF, 0 before the first contact
  uint32_t good;          // readings used
  uint32_t naks;          // no acknowledge
  uint32_t rejected;      // answers that this chip does not give
  uint32_t not_ready;     // conversions longer than the data sheet says
  uint32_t resets;        // resets of the chip by itself
  uint32_t freezes;       // rows of equal words
  uint32_t outliers;      // readings held back
  uint32_t saturated;     // readings with an axis at a rail
  uint32_t wrapped;       // readings with a jump of more than half the scale
  uint32_t bring_ups;     // times that the chip was brought up
  uint64_t last_good_us;  // on the injected clock; 0 before the first
};

struct SensorArrayStats {
  uint32_t frames;
  uint32_t gaps;          // frame periods in which no frame began
  uint32_t late;          // frames that began later than a tenth of a period
  uint32_t bus_failures;  // stuck or timed out
  uint32_t bus_recoveries;
  uint32_t longest_us;  // longest Tick()
  uint32_t jitter_us;   // largest deviation of the time between two frames from its nominal value
  uint32_t skew_us;     // between the first and the last start of the last frame
};

class SensorArray {
 public:
  // `settings` must pass CheckSensorArray().
  SensorArray(I2cBus& bus, Clock& clock, const SensorArraySettings& settings);

  // One frame. Sensors that are lost keep their last good field; `valid` says how much they count.
  void Tick(FieldFrame* frame);

  // Chooses whether sensors are started ahead, from how long they take and how long the program
  // works between two frames.
  void Plan(uint32_t software_us);
  bool ahead() const { return ahead_; }

  const SensorHealth& Health(int sensor) const { return slots_[sensor].health; }
  const SensorArrayStats& Stats() const { return stats_; }
  float FullScaleMt(int sensor, int axis) const { return slots_[sensor].driver.FullScaleMt(axis); }

 private:
  struct Slot {
    Slot(I2cBus& bus, Clock& clock, const SensorSettings& sensor, float outlier_mt);

    const SensorSettings settings;
    ChipDrivers drivers;
    FieldSensor& driver;
    SensorWeight weight;
    FieldGlide glide;
    FreezeWatch freeze;
    OutlierGate outlier;
    SensorHealth health;
    bool started = false;   // a conversion of this frame is under way
    bool ahead = false;     // a conversion of the next frame is,
    uint64_t ahead_us = 0;  // since then
    bool good = false;      // this frame has a reading
    bool frozen = false;    // set by the freeze watch until the words move again
    bool wrong = false;     // the last bring-up met something that is not this chip
    int failures = 0;       // in a row
    int strikes = 0;        // times in a row that the bus failed while this sensor was asked
    uint64_t started_us = 0;
    uint64_t retry_us = 0;  // a lost sensor is not asked before
    uint32_t flags = 0;
    int32_t counts[kAxes] = {0, 0, 0};
  };

  void CountFrame(uint64_t now_us);
  void FreeBus(uint64_t now_us);
  void BeginFrame(Slot& slot);
  bool Start(int sensor);
  void StartAhead(int sensor);
  void Stall(uint64_t since_us);
  void BringUp(Slot& slot);
  void ReadSensor(Slot& slot);
  void Average(uint32_t* mean_us, uint64_t since_us);
  void Accept(Slot& slot, const SensorReading& reading);
  void Fail(Slot& slot, SensorOutcome outcome);
  void BlameForBus(Slot& slot);
  void Fill(FieldFrame* frame, uint64_t heard_us);  // the time in which sensors could be heard
  uint64_t MidConversionUs();

  I2cBus& bus_;
  Clock& clock_;
  const SensorArraySettings settings_;
  Slot slots_[kSensors];
  SensorArrayStats stats_;
  bool bus_down_ = false;
  uint64_t next_recovery_us_ = 0;
  uint64_t begun_us_ = 0;
  bool ahead_ = false;
  uint32_t start_us_ = 0, read_us_ = 0;  // what a start and a read take, mean
  bool good_since_stall_ = false;
  uint64_t stalled_us_ =
      0;  // in which the bus hung for one sensor's sake and the others could not be asked
};

}  // namespace lodestone
