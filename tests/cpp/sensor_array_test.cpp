// The sensor array on a bus that does anything: no heap, bounded work, sane frames.
#include <cstdlib>
#include <new>

#include "check.h"
#include "firmware/chips/sensor_array.h"
#include "scripted_bus.h"

namespace {
int allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace lodestone;
using namespace lodestone_test;

namespace {

// Answers with random bytes or errors; now and then as a healthy chip would.
class WildBus : public I2cBus {
 public:
  WildBus(ManualClock& clock, uint32_t seed) : clock_(clock), state_(seed) {}

  I2cResult Transfer(uint8_t, const uint8_t* write, size_t write_bytes, uint8_t* read,
                     size_t read_bytes) override {
    ++transfers;
    clock_.now_us += 100;
    const uint32_t dice = Random() % 1024;
    if (dice == 0) return I2cResult::kNak;
    if (dice == 1) return I2cResult::kTimeout;
    if (dice == 2) return I2cResult::kStuck;
    for (size_t i = 0; i < read_bytes; ++i) read[i] = static_cast<uint8_t>(Random());
    if (dice > 20 && write_bytes > 0 && read_bytes > 0) Polish(write, read, read_bytes);
    return I2cResult::kOk;
  }

  bool Recover() override { return Random() % 2 == 0; }

  int transfers = 0;

 private:
  // A plausible status, a small field, and registers that hold what they must.
  void Polish(const uint8_t* write, uint8_t* read, size_t read_bytes) {
    const uint8_t command = write[0] & 0xF0;
    const size_t words = (read_bytes - 1) / 2;
    read[0] = command == 0x30 ? 0x23 : static_cast<uint8_t>(words == 0 ? 3 : words - 1);
    if (command == 0x40) {
      for (size_t i = 1; i < read_bytes; i += 2) read[i] = 0x80;
    }
    if (command == 0x50 && write[1] == 0x28) Put(read + 1, 0xA5C3);
    if (command == 0x50 && write[1] == 0x00) Put(read + 1, 0x003C);
    if (command == 0x50 && write[1] == 0x04) Put(read + 1, 0x0000);
    if (command == 0x50 && write[1] == 0x08) Put(read + 1, 0x0549);
  }

  static void Put(uint8_t* bytes, uint16_t word) {
    bytes[0] = static_cast<uint8_t>(word >> 8);
    bytes[1] = static_cast<uint8_t>(word & 0xFF);
  }

  uint32_t Random() {
    state_ = state_ * 1664525u + 1013904223u;
    return state_ >> 12;
  }

  ManualClock& clock_;
  uint32_t state_;
};

SensorArraySettings Settings(bool mixed) {
  SensorArraySettings settings;
  for (uint8_t i = 0; i < kSensors; ++i)
    settings.sensor[i].address = static_cast<uint8_t>(0x0C + i);
  if (mixed) settings.sensor[3].chip = SensorChip::kTmag5273;
  return settings;
}

void SurvivesAnything(uint32_t seed, int* good) {
  ManualClock clock;
  WildBus bus(clock, seed);
  const SensorArraySettings settings = Settings(seed % 2 == 0);
  const int before = allocations;
  SensorArray array(bus, clock, settings);
  FieldFrame frame;
  for (int tick = 0; tick < 2000; ++tick) {
    const uint64_t begun_us = clock.now_us;
    const int transfers = bus.transfers;
    array.Tick(&frame);
    // 4 starts and up to 4 reads each while one waits, and 4 of bring-up for each
    CHECK(bus.transfers - transfers <= 4 * (1 + 4) + 4 * 4);
    for (int i = 0; i < kSensors; ++i) {
      CHECK(frame.valid[i] >= 0.0f && frame.valid[i] <= 1.0f);
      CHECK((frame.flags[i] & kSensorLost) != 0 || ++*good > 0);
      for (int axis = 0; axis < kAxes; ++axis)
        CHECK(frame.field_mt[i][axis] > -400 && frame.field_mt[i][axis] < 400);
    }
    CHECK(frame.time_us >= begun_us && frame.time_us <= clock.now_us);
    clock.SleepUntilUs(begun_us + 5000);
  }
  CHECK(allocations == before);
}

void CountsGaps() {
  ManualClock clock;
  WildBus bus(clock, 1);
  SensorArray array(bus, clock, Settings(false));
  FieldFrame frame;
  array.Tick(&frame);
  clock.now_us = 5000;
  array.Tick(&frame);
  CHECK(array.Stats().gaps == 0 && array.Stats().late == 0 && frame.sequence == 1);
  clock.now_us = 20000;  // two frames missing
  array.Tick(&frame);
  CHECK(array.Stats().gaps == 2 && array.Stats().late == 1 && frame.sequence == 4);
  CHECK(array.Stats().jitter_us == 10000);
}

}  // namespace

int main() {
  int good = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) SurvivesAnything(seed, &good);
  CHECK(good > 1000);
  CountsGaps();
  return Result();
}
