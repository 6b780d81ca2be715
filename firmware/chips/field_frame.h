// One reading of all four attractors: what the sensors hand to the touch graph and to OSC.
#pragma once

#include <cstdint>

namespace lodestone {

constexpr int kSensors = 4;
constexpr int kAxes = 3;

// Bits of FieldFrame::flags.
enum SensorFlag : uint32_t {
  kSensorLost = 1u << 0,       // no good reading for this frame; the field is the last good one
  kSensorSaturated = 1u << 1,  // an axis stands at a rail
  kSensorReset = 1u << 2,      // the chip had reset by itself; its registers were written again
  kSensorFrozen = 1u << 3,     // the same words for too long
  kSensorWrong = 1u << 4,      // something answers that is not the chip of the settings
  kSensorWrapped = 1u << 5,  // a count jumped by more than half its scale (resolution 0 or 1 only)
  kSensorSaturatedX = 1u << 8,  // which axis of the chip stands at a rail
  kSensorSaturatedY = 1u << 9,
  kSensorSaturatedZ = 1u << 10,
};

struct FieldFrame {
  uint64_t time_us;   // mid-conversion, on the injected clock
  uint32_t sequence;  // counts frames, gaps included
  int32_t counts[kSensors]
                [kAxes];  // raw words as signed counts about zero field, in the chip's axes
  float field_mt[kSensors][kAxes];  // millitesla, in the board's axes
  float temperature_c[kSensors];    // the chip's own thermometer
  float valid[kSensors];            // weight 0..1: held, faded and glided by the sensor array
  uint32_t flags[kSensors];         // SensorFlag bits
};

}  // namespace lodestone
