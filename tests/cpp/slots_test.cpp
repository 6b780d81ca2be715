// The places where threads meet, hammered by real threads: nothing torn, nothing lost, nothing out
// of order.
#include "cases.h"

#include <thread>

#include "firmware/instrument/latest_value.h"
#include "firmware/instrument/sample_ring.h"

using namespace lodestone;

namespace {

CASE(LatestValueIsNeverTornAndNeverOld) {
  struct Wide {
    uint32_t word[32];
  };
  constexpr uint32_t kWrites = 300000;
  LatestValue<Wide> slot;
  std::thread writer([&slot] {
    Wide value;
    for (uint32_t n = 1; n <= kWrites; ++n) {
      for (uint32_t& word : value.word) word = n;
      slot.Write(value);
    }
  });
  uint32_t last = 0;
  while (last < kWrites) {
    Wide value;
    if (!slot.Read(&value)) continue;
    CHECK(value.word[0] >= last);
    last = value.word[0];
    for (uint32_t word : value.word) CHECK(word == last);
  }
  writer.join();
}

CASE(LatestValueIsEmptyUntilTheFirstWrite) {
  LatestValue<int> slot;
  int value = 7;
  CHECK(!slot.Read(&value) && value == 7);
  slot.Write(3);
  CHECK(slot.Read(&value) && value == 3);
  CHECK(slot.Read(&value) && value == 3);
}

CASE(RingKeepsOrderBetweenThreads) {
  constexpr uint32_t kFrames = 400000;
  SampleRing ring;
  ring.Allocate(1000);
  CHECK(ring.capacity() == 1024);
  std::thread writer([&ring] {
    float block[2 * 48];
    for (uint32_t at = 0; at < kFrames;) {
      for (uint32_t i = 0; i < 48; ++i) {
        block[2 * i] = static_cast<float>(at + i);
        block[2 * i + 1] = -block[2 * i];
      }
      at += ring.Write(block, 48);
      if (ring.fill() == ring.capacity()) std::this_thread::yield();
    }
  });
  uint32_t at = 0;
  while (at < kFrames) {
    float block[2 * 37];
    const uint32_t got = ring.Read(block, 37);
    for (uint32_t i = 0; i < got; ++i, ++at) {
      CHECK(block[2 * i] == static_cast<float>(at) && block[2 * i + 1] == -block[2 * i]);
    }
    if (got == 0) std::this_thread::yield();
  }
  writer.join();
}

CASE(RingTakesNoMoreThanItHolds) {
  SampleRing ring;
  ring.Allocate(16);
  float block[2 * 20] = {};
  CHECK(ring.Write(block, 20) == 16);
  CHECK(ring.Write(block, 1) == 0);
  CHECK(ring.Read(block, 20) == 16);
  CHECK(ring.fill() == 0);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
