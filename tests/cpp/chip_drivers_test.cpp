// Every transaction of the chip drivers, byte for byte.
#include "check.h"
#include "firmware/chips/mlx90393.h"
#include "firmware/chips/tmag5273.h"
#include "scripted_bus.h"

using namespace lodestone;
using namespace lodestone_test;

namespace {

constexpr uint8_t kMlx = 0x0C;
constexpr uint8_t kTmag = 0x35;

bool Near(float a, float b) { return a - b < 1e-3f && b - a < 1e-3f; }

// The bring-up of facts and data sheet: exit, reset, identity, memory check, three registers, no
// offsets, read back, discard.
void ExpectMlxBringUp(ScriptedBus& bus) {
  bus.Expect(kMlx, "80", "03");
  bus.Expect(kMlx, "F0", "03");
  bus.Expect(kMlx, "50 90", "04 B6 68");
  bus.Expect(kMlx, "60 A5 C3 28", "03");
  bus.Expect(kMlx, "50 28", "00 A5 C3");
  bus.Expect(kMlx, "60 00 3C 00", "03");
  bus.Expect(kMlx, "60 00 00 04", "03");
  bus.Expect(kMlx, "60 05 49 08", "03");
  bus.Expect(kMlx, "60 00 00 10", "03");
  bus.Expect(kMlx, "60 00 00 14", "03");
  bus.Expect(kMlx, "60 00 00 18", "03");
  bus.Expect(kMlx, "50 00", "00 00 3C");
  bus.Expect(kMlx, "50 04", "00 00 00");
  bus.Expect(kMlx, "50 08", "00 05 49");
  bus.Expect(kMlx, "3F", "23");
  bus.Expect(kMlx, "4F", "03 B4 A4 80 00 80 00 80 00");
}

void BringUp(FieldSensor& sensor, ManualClock& clock) {
  SensorOutcome outcome = SensorOutcome::kPending;
  for (int step = 0; step < 10 && outcome == SensorOutcome::kPending; ++step) {
    clock.SleepUntilUs(sensor.DueUs());
    outcome = sensor.Advance();
  }
  CHECK(outcome == SensorOutcome::kDone);
}

void MlxBringsUpAndReads() {
  ScriptedBus bus;
  ManualClock clock;
  Mlx90393 sensor(bus, clock, kMlx, Mlx90393Settings());
  ExpectMlxBringUp(bus);
  BringUp(sensor, clock);
  CHECK(clock.now_us >= 1000 + 2000 + 3321 + 259);
  CHECK(sensor.Identity() == 0xB668);
  CHECK(Near(sensor.TemperatureC(), 25.0f));

  bus.Expect(kMlx, "3E", "23");
  bus.Expect(kMlx, "4E", "02 82 9A 7A CA 84 D7");
  CHECK(sensor.Start(false) == SensorOutcome::kDone);
  CHECK(sensor.DueUs() == clock.now_us + 3321);
  SensorReading reading;
  CHECK(sensor.Read(&reading) == SensorOutcome::kDone);
  CHECK(reading.counts[0] == 666 && reading.counts[1] == -1334 && reading.counts[2] == 1239);
  CHECK(Near(reading.field_mt[0], 0.999f) && Near(reading.field_mt[1], -2.001f));
  CHECK(Near(reading.field_mt[2], 1239 * 0.00242f));
  CHECK(reading.flags == 0);
  CHECK(bus.Done());
}

void MlxStatusBits() {
  ScriptedBus bus;
  ManualClock clock;
  Mlx90393 sensor(bus, clock, kMlx, Mlx90393Settings());
  ExpectMlxBringUp(bus);
  BringUp(sensor, clock);
  SensorReading reading;

  bus.Expect(kMlx, "3E", "23");
  CHECK(sensor.Start(false) == SensorOutcome::kDone);
  bus.Expect(kMlx, "4E", "32 FF FF FF FF FF FF");  // still busy, ERROR
  CHECK(sensor.Read(&reading) == SensorOutcome::kPending);
  bus.Expect(kMlx, "4E", "12 FF FF FF FF FF FF");  // idle, ERROR
  CHECK(sensor.Read(&reading) == SensorOutcome::kPending);
  CHECK(sensor.DueUs() == clock.now_us + 3321 / 8);
  bus.Expect(kMlx, "4E", "01 80 00 80 00 80 00");  // the wrong number of bytes
  CHECK(sensor.Read(&reading) == SensorOutcome::kRejected);
  bus.Expect(kMlx, "4E", "06 80 00 80 00 80 00");  // RS
  CHECK(sensor.Read(&reading) == SensorOutcome::kWasReset);
  bus.Expect(kMlx, "3E", "27");
  CHECK(sensor.Start(false) == SensorOutcome::kWasReset);
  bus.Expect(kMlx, "3E", "13");
  CHECK(sensor.Start(false) == SensorOutcome::kRejected);
  bus.Expect(kMlx, "3E", "", I2cResult::kNak);
  CHECK(sensor.Start(false) == SensorOutcome::kAbsent);
  bus.Expect(kMlx, "4E", "", I2cResult::kTimeout);
  CHECK(sensor.Read(&reading) == SensorOutcome::kBusDown);
  bus.Expect(kMlx, "4E", "", I2cResult::kStuck);
  CHECK(sensor.Read(&reading) == SensorOutcome::kBusDown);
  bus.Expect(kMlx, "4E", "02 FF FF 00 00 80 00");
  CHECK(sensor.Read(&reading) == SensorOutcome::kDone);
  CHECK(reading.flags == (kSensorSaturated | kSensorSaturatedX | kSensorSaturatedY));
  CHECK(bus.Done());
}

void MlxRestartsWithoutReset() {
  ScriptedBus bus;
  ManualClock clock;
  Mlx90393 sensor(bus, clock, kMlx, Mlx90393Settings());
  sensor.Restart(false);
  bus.Expect(kMlx, "50 90", "00 B6 69");
  bus.Expect(kMlx, "60 A5 C3 28", "03");
  bus.Expect(kMlx, "50 28", "00 FF FF");  // this memory does not keep what is written: no MLX90393
  CHECK(sensor.Advance() == SensorOutcome::kRejected);
  CHECK(bus.Done());
}

void MlxPublishedSettingWraps() {
  ScriptedBus bus;
  ManualClock clock;
  Mlx90393Settings settings;
  settings.gain_sel = 7;
  settings.resolution[0] = settings.resolution[1] = settings.resolution[2] = 1;
  settings.oversampling = 0;
  settings.filter = 5;
  CHECK(CheckMlx90393(settings) != nullptr);
  settings.allow_wrapping = true;
  CHECK(CheckMlx90393(settings) == nullptr);
  Mlx90393 sensor(bus, clock, kMlx, settings);
  SensorReading reading;
  bus.Expect(kMlx, "3E", "23");
  bus.Expect(kMlx, "4E", "02 7F 9A 00 00 00 00");
  bus.Expect(kMlx, "3E", "23");
  bus.Expect(kMlx, "4E", "02 80 41 00 00 00 00");
  CHECK(sensor.Start(false) == SensorOutcome::kDone &&
        sensor.Read(&reading) == SensorOutcome::kDone);
  CHECK(reading.counts[0] == 32666 && reading.flags == 0);
  CHECK(sensor.Start(false) == SensorOutcome::kDone &&
        sensor.Read(&reading) == SensorOutcome::kDone);
  CHECK(reading.counts[0] == -32703 && reading.flags == kSensorWrapped);
  CHECK(bus.Done());
}

void MlxRegistersOfAnySetting() {
  ScriptedBus bus;
  ManualClock clock;
  Mlx90393Settings settings;
  settings.gain_sel = 5;
  settings.resolution[0] = 2;
  settings.resolution[1] = 3;
  settings.resolution[2] = 3;
  settings.oversampling = 2;
  settings.filter = 6;
  settings.temperature_oversampling = 3;
  Mlx90393 sensor(bus, clock, kMlx, settings);
  sensor.Restart(false);
  bus.Expect(kMlx, "50 90", "00 B6 68");
  bus.Expect(kMlx, "60 A5 C3 28", "03");
  bus.Expect(kMlx, "50 28", "00 A5 C3");
  bus.Expect(kMlx, "60 00 5C 00", "03");
  bus.Expect(kMlx, "60 00 00 04", "03");
  bus.Expect(kMlx, "60 1F DA 08", "03");  // 11 11 11 10 110 10
  CHECK(sensor.Advance() == SensorOutcome::kPending);
  CHECK(sensor.Advance() == SensorOutcome::kPending);
  CHECK(bus.Done());
}

void ExpectTmagBringUp(ScriptedBus& bus, const char* identity) {
  bus.Expect(kTmag, "0D", identity);
  bus.Expect(kTmag, "1C 0F", "");
  bus.Expect(kTmag, "18 10", "");
  bus.Expect(kTmag, "07 01", "");
  bus.Expect(kTmag, "00 10", "");
  bus.Expect(kTmag, "02 70", "");
  bus.Expect(kTmag, "03 03", "");
  bus.Expect(kTmag, "01 12", "");
  bus.Expect(kTmag, "00", "10 12 70 03");
  bus.Expect(kTmag, "18", "00");
}

void TmagBringsUpAndReads() {
  ScriptedBus bus;
  ManualClock clock;
  Tmag5273 sensor(bus, clock, kTmag, Tmag5273Settings());
  ExpectTmagBringUp(bus, "01 49 54");
  BringUp(sensor, clock);
  CHECK(sensor.Start(false) == SensorOutcome::kDone);
  bus.Expect(kTmag, "18", "20");  // nothing new yet: old words are not read twice
  SensorReading reading;
  CHECK(sensor.Read(&reading) == SensorOutcome::kPending);
  CHECK(sensor.DueUs() == clock.now_us + 1950 / 8);
  bus.Expect(kTmag, "18", "21");
  bus.Expect(kTmag, "10", "44 64 20 00 E0 00 7F F0");
  CHECK(sensor.Read(&reading) == SensorOutcome::kDone);
  CHECK(Near(sensor.TemperatureC(), 25.0f));
  CHECK(Near(reading.field_mt[0], 20.0f) && Near(reading.field_mt[1], -20.0f));
  CHECK(reading.flags == (kSensorSaturated | kSensorSaturatedZ));
  CHECK(bus.Done());
}

void TmagVariantsAndFaults() {
  ScriptedBus bus;
  ManualClock clock;
  Tmag5273 sensor(bus, clock, kTmag, Tmag5273Settings());
  ExpectTmagBringUp(bus, "02 49 54");
  BringUp(sensor, clock);
  CHECK(Near(sensor.FullScaleMt(0), 266.0f));
  SensorReading reading;
  bus.Expect(kTmag, "18", "11");  // it has reset itself
  CHECK(sensor.Read(&reading) == SensorOutcome::kWasReset);
  bus.Expect(kTmag, "18", "03");  // it does not trust itself
  CHECK(sensor.Read(&reading) == SensorOutcome::kRejected);
  bus.Expect(kTmag, "18", "01");
  bus.Expect(kTmag, "10", "00 00 00 00 00 00 00 00");  // −266 °C: no thermometer is on
  CHECK(sensor.Read(&reading) == SensorOutcome::kWasReset);
  for (int frame = 0; frame < 19; ++frame) CHECK(sensor.Start(false) == SensorOutcome::kDone);
  bus.Expect(kTmag, "00", "00 00 00 00");  // standing by: it has reset itself
  CHECK(sensor.Start(false) == SensorOutcome::kWasReset);
  sensor.Restart(false);
  bus.Expect(kTmag, "0D", "01 00 00");
  CHECK(sensor.Advance() == SensorOutcome::kRejected);
  bus.Expect(kTmag, "0D", "", I2cResult::kNak);
  CHECK(sensor.Advance() == SensorOutcome::kAbsent);
  bus.Expect(kTmag, "0D", "", I2cResult::kStuck);
  CHECK(sensor.Advance() == SensorOutcome::kBusDown);
  CHECK(bus.Done());
}

}  // namespace

int main() {
  MlxBringsUpAndReads();
  MlxStatusBits();
  MlxRestartsWithoutReset();
  MlxPublishedSettingWraps();
  MlxRegistersOfAnySetting();
  TmagBringsUpAndReads();
  TmagVariantsAndFaults();
  return Result();
}
