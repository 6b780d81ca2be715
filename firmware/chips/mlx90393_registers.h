// Commands, status bits and register fields of the MLX90393 (Melexis data sheet, sections 16 and
// 17).
#pragma once

#include <cstdint>

namespace lodestone {
namespace mlx90393 {

// The low nibble of a start or read command selects Z, Y, X, T.
constexpr uint8_t kCommandStartSingle = 0x30;
constexpr uint8_t kCommandReadMeasurement = 0x40;
constexpr uint8_t kCommandReadRegister = 0x50;
constexpr uint8_t kCommandWriteRegister = 0x60;
constexpr uint8_t kCommandExit = 0x80;
constexpr uint8_t kCommandReset = 0xF0;
constexpr uint8_t kSelectXyz = 0x0E;
constexpr uint8_t kSelectT = 0x01;

constexpr uint8_t kStatusBurst = 1u << 7;
constexpr uint8_t kStatusWake = 1u << 6;
constexpr uint8_t kStatusSingle = 1u << 5;
constexpr uint8_t kStatusError = 1u << 4;
constexpr uint8_t kStatusReset = 1u << 2;
constexpr uint8_t kStatusDataMask = 0x03;  // bytes of data = 2 D + 2
constexpr uint8_t kStatusModes = kStatusBurst | kStatusWake | kStatusSingle;

constexpr uint8_t kRegisterGain = 0x00;     // 7 Z_SERIES, 6:4 GAIN_SEL, 3:0 HALLCONF
constexpr uint8_t kRegisterMode = 0x01;     // burst, trigger, temperature compensation: all off
constexpr uint8_t kRegisterFilter = 0x02;   // 12:11 OSR2, 10:5 RES z y x, 4:2 DIG_FILT, 1:0 OSR
constexpr uint8_t kRegisterOffset = 0x04;   // of x, y and z: subtracted from what is read
constexpr uint8_t kRegisterScratch = 0x0A;  // free: written and read back as a memory check
constexpr uint8_t kRegisterTref =
    0x24;  // the thermometer's word at 35 °C; differs from chip to chip

constexpr uint16_t kHallConf = 0x0C;
constexpr int kGainShift = 4;
constexpr int kOsrShift = 0;
constexpr int kFilterShift = 2;
constexpr int kResShift[3] = {5, 7, 9};
constexpr int kOsr2Shift = 11;

constexpr uint16_t kGainMask = 0x7u << kGainShift;
constexpr uint16_t kHallMask = 0xF;
static_assert((kGainMask & kHallMask) == 0, "fields of register 0 overlap");
constexpr uint16_t kOsrMask = 0x3u << kOsrShift;
constexpr uint16_t kFilterMask = 0x7u << kFilterShift;
constexpr uint16_t kResMask =
    (0x3u << kResShift[0]) | (0x3u << kResShift[1]) | (0x3u << kResShift[2]);
constexpr uint16_t kOsr2Mask = 0x3u << kOsr2Shift;
static_assert((kOsrMask & kFilterMask) == 0 && ((kOsrMask | kFilterMask) & kResMask) == 0 &&
                  ((kOsrMask | kFilterMask | kResMask) & kOsr2Mask) == 0,
              "fields of register 2 overlap");
static_assert((kOsrMask | kFilterMask | kResMask | kOsr2Mask) == 0x1FFF,
              "register 2 has thirteen bits in use");

// Pauses after commands: EX 1 ms; RT 2 ms (power-on reset takes 1.6 ms at most).
constexpr uint32_t kExitUs = 1000;
constexpr uint32_t kResetUs = 2000;

// Longest conversion times, in µs.
constexpr uint32_t kStandbyUs = 264;
constexpr uint32_t kActiveUs = 432;
constexpr uint32_t kEndUs = 120;
constexpr uint32_t kAxisBaseUs = 67;

constexpr uint32_t AxisUs(uint32_t oversampling, uint32_t filter) {
  return kAxisBaseUs + (64u << oversampling) * (2u + (1u << filter));
}

constexpr uint32_t TemperatureUs(uint32_t oversampling) {
  return kAxisBaseUs + (192u << oversampling);
}

constexpr uint32_t ConversionUs(uint32_t oversampling, uint32_t filter) {
  return kStandbyUs + kActiveUs + 3 * AxisUs(oversampling, filter) + kEndUs;
}
static_assert(ConversionUs(1, 2) == 3321, "the recommended setting converts in 3.32 ms at most");

}  // namespace mlx90393
}  // namespace lodestone
