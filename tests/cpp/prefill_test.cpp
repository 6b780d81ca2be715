// The prefill by itself: as short as the voice's time and the board's jitter allow, and never a gap
// for it.
#include "cases.h"

#include "fake_world.h"

using namespace lodestone;

namespace {

constexpr double kStep440 = 0.5 * 2.0 * 0.0313447;  // of a sine of 440 Hz, half scale, at 44.1 kHz

struct PaceWorld : World {
  explicit PaceWorld(uint32_t hop, uint64_t cost, uint32_t period = 16, uint32_t most = 1024)
      : World(Settings(period, most)) {
    loader.makers[0] = [this, hop, cost] {
      voice = new FakeVoice(hop);
      voice->clock = &frame;
      voice->cost_frames = cost;
      return SceneOf(voice);
    };
  }
  static InstrumentSettings Settings(uint32_t period, uint32_t most) {
    InstrumentSettings settings;
    settings.block_frames = period;
    settings.prefill_frames = most;
    return settings;
  }
  uint32_t prefill() const { return instrument->prefill_frames(); }
  uint32_t underruns() const { return instrument->mixer().underruns(); }
};

CASE(ALightVoiceGivesUpWhatItDoesNotNeed) {
  PaceWorld world(2048, 160);
  world.Play(0.5);
  CHECK(world.prefill() == 1024);
  world.Play(20.0);
  CHECK(world.underruns() == 0);
  CHECK(world.prefill() >= 160 + 16 && world.prefill() <= 272);
  CHECK(world.LargestStep(kRate / 2, world.frame) <= 1.01 * kStep440);
}

CASE(AHeavyVoiceKeepsWhatItNeeds) {
  PaceWorld world(2048, 720);
  world.Play(30.0);
  CHECK(world.underruns() == 0);
  CHECK(world.prefill() > 760 && world.prefill() <= 1024);
}

CASE(AtAHopOf128AMillisecondAndAHalfIsLeft) {
  PaceWorld world(128, 12);
  world.Play(20.0);
  CHECK(world.underruns() == 0);
  CHECK(world.prefill() <= 80);
  CHECK(world.LargestStep(kRate / 2, world.frame) <= 1.01 * kStep440);
}

// Audio that takes more at once than a hop has, and hops that no period divides.
CASE(AnyPeriodAndAnyHop) {
  for (uint32_t period : {8u, 16u, 96u, 128u, 1024u}) {
    for (uint32_t hop : {128u, 512u, 600u, 2048u}) {
      PaceWorld world(hop, 0, period, 2048);
      world.Play(8.0);
      CHECK(world.underruns() == 0);
      CHECK(world.prefill() <= std::max(2 * period + 64, period * 5 / 4 + 64));
    }
  }
}

CASE(AnUnderrunBringsItBackAndTheNextTryWaits) {
  PaceWorld world(2048, 160);
  world.Play(15.0);
  const uint32_t before = world.prefill();
  world.voice->cost_frames = 600;  // a compiler starts beside it
  world.Play(1.0);
  CHECK(world.underruns() == 1);
  CHECK(world.prefill() == 1024);
  world.voice->cost_frames = 160;
  world.Play(8.0);
  CHECK(world.prefill() == 1024);
  world.Play(15.0);
  CHECK(world.prefill() <= before + 16);
  world.voice->cost_frames = 600;  // again: now it is not tried for twice as long
  world.Play(1.0);
  world.voice->cost_frames = 160;
  world.Play(17.0);
  CHECK(world.underruns() == 2);
  CHECK(world.prefill() == 1024);
}

CASE(CreepingLoadIsFollowedWithoutAnUnderrun) {
  PaceWorld world(2048, 160);
  world.Play(15.0);
  for (uint64_t cost = 160; cost <= 800; cost += 16) {
    world.voice->cost_frames = cost;
    world.Play(1.0);
  }
  CHECK(world.underruns() == 0);
  CHECK(world.prefill() > 800);
}

// A voice of 344 blocks a second hears of the hand 200 times: it walks where it would otherwise
// step.
CASE(ShortBlocksWalkBetweenSensorFrames) {
  for (uint32_t hop : {128u, 2048u}) {
    PaceWorld world(hop, 0);
    world.source.field_mt = 400.0f;
    world.Play(1.0);
    std::vector<float> heard;
    world.voice->latents_heard = &heard;
    world.source.field_mt = 480.0f;
    world.Play(0.2);
    size_t between = 0;
    for (size_t b = 1; b < heard.size(); ++b) {
      CHECK(heard[b] >= heard[b - 1]);
      between += heard[b] > 400.0f && heard[b] < 480.0f ? 1 : 0;
    }
    CHECK(heard.back() == 480.0f);
    CHECK(hop == 128 ? between >= 1 && between <= 3 : between == 0);
  }
}

// Two voices are computed between two blocks while scenes are swapped: the ring is filled before.
CASE(ASwapOfTwoVoicesFindsAFullRing) {
  PaceWorld world(2048, 400, 16, 1024);
  world.loader.makers.push_back([&world] {
    FakeVoice* next = new FakeVoice(2048);
    next->clock = &world.frame;
    next->cost_frames = 400;
    return SceneOf(next);
  });
  world.Play(20.0);
  CHECK(world.prefill() < 600);
  for (int32_t n = 1; n <= 6; ++n) {
    world.network.PostInt("/scene", n % 2);
    world.Play(12.0);
    CHECK(world.instrument->Report().scene == n % 2);
    CHECK(world.prefill() < 600);
  }
  CHECK(world.underruns() == 0);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
