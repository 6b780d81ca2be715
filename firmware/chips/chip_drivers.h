// The drivers of all chips that definitions/chips.toml names: one of each at an address, of which
// one is used. No heap.
#pragma once

#include "firmware/chips/clock.h"
#include "firmware/chips/field_sensor.h"
#include "firmware/chips/i2c_bus.h"
#include "firmware/generated/chips.h"

// A row of the table brings its driver's header; the preprocessor knows no loop.
#include LODESTONE_CHIP_HEADER_1
#ifdef LODESTONE_CHIP_HEADER_2
#include LODESTONE_CHIP_HEADER_2
#endif
#ifdef LODESTONE_CHIP_HEADER_3
#include LODESTONE_CHIP_HEADER_3
#endif
#ifdef LODESTONE_CHIP_HEADER_4
#include LODESTONE_CHIP_HEADER_4
#endif
#ifdef LODESTONE_CHIP_HEADER_5
#include LODESTONE_CHIP_HEADER_5
#endif
#ifdef LODESTONE_CHIP_HEADER_6
#include LODESTONE_CHIP_HEADER_6
#endif
#ifdef LODESTONE_CHIP_HEADER_7
#include LODESTONE_CHIP_HEADER_7
#endif
#ifdef LODESTONE_CHIP_HEADER_8
#include LODESTONE_CHIP_HEADER_8
#endif

namespace lodestone {

// Null where the settings of `chip` can be used, else why not.
inline const char* CheckChip(SensorChip chip, const ChipSettings& settings) {
  switch (chip) {
#define LODESTONE_CHECK(Driver, name) \
  case SensorChip::k##Driver: return Check##Driver(settings.name);
    LODESTONE_EACH_CHIP(LODESTONE_CHECK)
#undef LODESTONE_CHECK
  }
  return "wanted a chip that has a driver";
}

class ChipDrivers {
 public:
#define LODESTONE_MAKE(Driver, name) name##_(bus, clock, address, settings.name)
  ChipDrivers(I2cBus& bus, Clock& clock, uint8_t address, const ChipSettings& settings)
      : LODESTONE_LIST_CHIPS(LODESTONE_MAKE) {}
#undef LODESTONE_MAKE

  FieldSensor& Of(SensorChip chip) {
    FieldSensor* drivers[kSensorChips] = {
#define LODESTONE_PLACE(Driver, name) &name##_
        LODESTONE_LIST_CHIPS(LODESTONE_PLACE)
#undef LODESTONE_PLACE
    };
    return *drivers[static_cast<int>(chip)];
  }

 private:
#define LODESTONE_MEMBER(Driver, name) Driver name##_;
  LODESTONE_EACH_CHIP(LODESTONE_MEMBER)
#undef LODESTONE_MEMBER
};

}  // namespace lodestone
