// A voice that is too slow: the rungs of the ladder, the way back, and no step in the sound on any
// of them.
#include "cases.h"

#include "fake_world.h"

using namespace lodestone;

namespace {

constexpr uint32_t kHop = 2048;
constexpr uint32_t kBig = 0, kSmall = 1, kHold = 2;
constexpr double kStep440 = 0.5 * 2.0 * 0.0313447;  // of a sine of 440 Hz, half scale, at 44.1 kHz
// Around an underrun 128 samples are played backwards while they fade: what a sine steps, and the
// slope of that fade.
constexpr double kLargest = kStep440 * 1.4143 + 0.5 * 1.5708 / Mixer::kPatch;

// ---- the decisions alone

struct Judge {
  explicit Judge(float small_macs = 30e6f) {
    const Ladder::Voice voices[] = {{100e6f, kHop, 1024}, {small_macs, kHop, 1024}};
    ladder.SetRate(kRate);
    ladder.Begin(voices, 2, now);
  }
  // Blocks of `load` of the time they have, for a while.
  void Play(double seconds, double load, uint32_t underruns_a_block = 0) {
    for (const uint32_t end = now + static_cast<uint32_t>(seconds * kRate); now < end;
         now += kHop) {
      underruns += underruns_a_block;
      ladder.OnProgress(now, underruns, 0);
      ladder.OnBlock(now, static_cast<uint32_t>(load * 1024.0));
      rung = ladder.Next(now);
      if (rung != visited.back()) visited.push_back(rung);
    }
  }
  Ladder ladder;
  uint32_t now = 4000000000u, underruns = 0, rung = 0;  // the clock wraps on the way
  std::vector<uint32_t> visited = {0};
};

CASE(OneOrTwoUnderrunsAreForgiven) {
  Judge judge;
  judge.Play(5.0, 0.5);
  for (int i = 0; i < 10; ++i) {
    judge.underruns += 2;
    judge.Play(2.5, 0.5);
  }
  CHECK(judge.visited.size() == 1);
  judge.underruns += 3;
  judge.Play(0.1, 0.5);
  CHECK(judge.rung == kSmall && judge.ladder.last_cause() == StepCause::kUnderruns);
}

CASE(TwoFullSecondsAreTooMuchAndOneIsNot) {
  Judge judge;
  for (int i = 0; i < 5; ++i) {
    judge.Play(1.0, 1.0);
    judge.Play(1.5, 0.5);
  }
  CHECK(judge.visited.size() == 1);
  judge.Play(3.2, 0.98);
  CHECK(judge.rung == kSmall && judge.ladder.last_cause() == StepCause::kLoad);
  CHECK_NEAR(judge.ladder.load(), 0.98, 0.01);
}

CASE(TheWayUpWaitsForRoom) {
  Judge judge;  // the small voice has 0.3 of the multiplications: 0.30 here is 1.0 there
  while (judge.rung == kBig) judge.Play(0.05, 2.0, 1);
  judge.Play(60.0, 0.30);
  CHECK(judge.rung == kSmall);
  judge.Play(4.0, 0.21);
  CHECK(judge.rung == kBig && judge.ladder.last_cause() == StepCause::kQuiet);
}

CASE(ARelapseDoublesTheQuietTime) {
  Judge judge(0.0f);  // multiplications are not known: only trying tells
  double quiet[4] = {};
  for (double& waited : quiet) {
    while (judge.rung == kBig) judge.Play(0.05, 2.0, 1);
    const uint32_t from = judge.now;
    while (judge.rung == kSmall) judge.Play(0.05, 0.1);
    waited = static_cast<double>(judge.now - from) / kRate;
  }
  for (int i = 0; i < 4; ++i) CHECK_NEAR(quiet[i], 5.0 * (1 << i), 0.2);
  judge.Play(15.0, 0.5);
  while (judge.rung == kBig) judge.Play(0.05, 2.0, 1);
  const uint32_t from = judge.now;
  while (judge.rung == kSmall) judge.Play(0.05, 0.1);
  CHECK_NEAR(static_cast<double>(judge.now - from) / kRate, 5.0, 0.2);
}

CASE(NothingLiesBelowHold) {
  Judge judge;
  judge.Play(4.0, 3.0, 1);
  CHECK((judge.visited == std::vector<uint32_t>{kBig, kSmall, kHold}));
  Judge stuck;
  stuck.ladder.OnProgress(stuck.now += 100, 1, 50);
  stuck.ladder.OnProgress(stuck.now += 8000, 1, 8050);
  CHECK(!stuck.ladder.stuck());
  stuck.ladder.OnProgress(stuck.now += 2000, 1, 10050);
  CHECK(stuck.ladder.stuck() && stuck.ladder.Next(stuck.now) == kSmall);
}

// ---- the sound

struct SlowWorld : World {
  SlowWorld() {
    loader.makers[0] = [this] {
      std::unique_ptr<Scene> scene = SceneOf(big = new FakeVoice(kHop, 1, 1, 100e6f, "big"));
      scene->sisters.emplace_back(small = new FakeVoice(kHop, 1, 1, 30e6f, "small"));
      big->clock = small->clock = &frame;
      return scene;
    };
  }
  uint32_t rung() { return static_cast<uint32_t>(instrument->Report().rung); }
  FakeVoice* big = nullptr;
  FakeVoice* small = nullptr;
};

CASE(ASlowVoiceGivesWayToASmallerOneAndReturns) {
  SlowWorld world;
  world.Play(1.0);
  world.big->cost_frames = 1500;  // of the 1024 that the prefill leaves
  world.Play(2.0);
  const uint32_t underruns = world.instrument->mixer().underruns();
  CHECK(world.rung() == kSmall && underruns >= 3 && underruns <= 6);
  CHECK(world.network.last_rung_why == "small: 3 underruns within 2 s");
  world.big->cost_frames = 300;
  world.small->cost_frames = 100;
  world.Play(6.0);
  CHECK(world.rung() == kBig && world.instrument->mixer().underruns() == underruns);
  CHECK(world.network.last_rung_why.empty());
  CHECK(world.LargestStep(kRate / 2, world.frame) <= kLargest);
  CHECK(world.Loudest(world.frame - 4000, world.frame) > 0.45f);
}

CASE(WhereNothingIsFastEnoughTheSoundIsHeld) {
  SlowWorld world;
  world.Play(1.0);
  world.big->cost_frames = world.small->cost_frames = 2500;
  world.Play(3.0);
  CHECK(world.rung() == kHold);
  CHECK(world.network.last_rung_why == "the sound is held: 3 underruns within 2 s");
  const uint32_t underruns = world.instrument->mixer().underruns(),
                 blocks = world.big->blocks + world.small->blocks;
  world.Play(1.5);
  CHECK(world.rung() == kHold && world.instrument->mixer().underruns() == underruns);
  CHECK(world.big->blocks + world.small->blocks == blocks);  // nothing is computed
  for (uint64_t f = world.frame - kRate; f + 400 < world.frame; f += 200)
    CHECK(world.Loudest(f, f + 200) > 0.4f);
  world.big->cost_frames = world.small->cost_frames = 50;
  world.Play(20.0);
  CHECK(world.rung() == kBig);
  CHECK(world.LargestStep(kRate / 2, world.frame) <= kLargest);
}

CASE(AVoiceThatIsStuckIsLeftInTheMiddleOfItsBlock) {
  SlowWorld world;
  world.Play(1.0);
  world.big->cost_frames = 100 * kRate;
  world.Play(0.5);
  CHECK(world.rung() == kSmall && world.big->resets == 1);
  CHECK(world.network.last_rung_why == "small: the voice above was stuck");
  CHECK(world.LargestStep(kRate / 2, world.frame) <= kLargest);
}

CASE(ASceneWithoutASisterHolds) {
  World world;
  world.Play(1.0);
  world.voice->stalled = true;
  world.Play(1.0);
  CHECK(world.instrument->Report().rung == 1);
  CHECK(world.Loudest(world.frame - 4000, world.frame) > 0.4f);
  world.voice->stalled = false;
  world.Play(7.0);
  CHECK(world.instrument->Report().rung == 0 && world.instrument->mixer().underruns() == 1);
  CHECK(world.LargestStep(kRate / 2, world.frame) <= kLargest);
}

CASE(ANewSceneBeginsOnItsWholeVoice) {
  for (bool carries_two : {true, false}) {
    SlowWorld world;
    world.settings.carries_two = carries_two;
    world.loader.makers.push_back([] { return SceneOf(new FakeVoice); });
    world.Play(1.0);
    world.big->cost_frames = world.small->cost_frames = 2500;
    world.Play(3.0);
    CHECK(world.rung() == kHold);
    world.network.PostInt("/scene", 1);
    world.Play(1.0);
    CHECK(world.instrument->scene()->index == 1 && world.rung() == 0);
    CHECK(world.LargestStep(kRate / 2, world.frame) <= kLargest);
  }
}

CASE(AVoiceThatIsStuckWhileScenesAreSwappedIsLeftToo) {
  for (bool old_one : {true, false}) {
    for (bool carries_two : {true, false}) {
      SlowWorld world;
      world.settings.carries_two = carries_two;
      FakeVoice* next = nullptr;
      world.loader.makers.push_back([&] { return SceneOf(next = new FakeVoice); });
      world.Play(1.0);
      world.network.PostInt("/scene", 1);
      while (next == nullptr || next->blocks < SceneWorker::kWarmBlocks)
        world.Play(0.002);  // warm: the swap begins now
      if (old_one)
        world.big->cost_frames = 100 * kRate;
      else
        next->stalled = true;
      world.Play(1.5);
      CHECK(world.instrument->scene()->index == 1 &&
            world.instrument->Report().rung == (old_one ? 0 : 1));
      CHECK(world.Loudest(world.frame - 2000, world.frame) > (old_one ? 0.4f : 0.0f));
      CHECK(world.LargestStep(kRate / 2, world.frame) <= kLargest);
    }
  }
}

CASE(HeldSoundNeverJumps) {
  HeldSound held;
  float frame[kRingChannels] = {1.0f, 1.0f};
  held.Start();
  held.Next(frame);
  CHECK(frame[0] == 0.0f);  // nothing was kept
  held.Stop();
  for (uint32_t kept : {1u, 2u, 100u, HeldSound::kFrames, HeldSound::kFrames + 77}) {
    for (uint32_t i = 0; i < kept; ++i) {
      const float ramp[kRingChannels] = {static_cast<float>(i), -static_cast<float>(i)};
      held.Keep(ramp, 1);
    }
    held.Start();
    float before = static_cast<float>(kept - 1);
    for (uint32_t i = 0; i < 3 * HeldSound::kFrames; ++i) {
      held.Next(frame);
      CHECK(std::fabs(frame[0] - before) <= 1.0f && frame[1] == -frame[0]);
      before = frame[0];
    }
    held.Stop();
  }
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
