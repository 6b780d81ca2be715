// Voices of several stages: alone, and in the instrument, between fakes.
#include "cases.h"

#include "fake_world.h"

using namespace lodestone;

namespace {

constexpr uint32_t kHop = 512;

void Help(Voice* voice) {
  for (uint32_t h = 0; h < voice->info().helpers; ++h) CHECK(voice->Help(h, 16));
}

CASE(EachStageWorksOnAnotherBlock) {
  FakeStage *first = new FakeStage, *second = new FakeStage;
  FakeVoice* last = new FakeVoice(kHop);
  FakeChain chain(last, {first, second});
  Voice& voice = *chain.voice;
  CHECK(voice.info().helpers == 2);
  for (int block = 0; block < 6; ++block) {
    CHECK(voice.ready());
    voice.latent()[0] = static_cast<float>(100 + block);
    voice.Begin();
    CHECK(!voice.ready());
    CHECK(voice.Step(16));
    CHECK(voice.sounds() == (block >= 2));
    if (!voice.sounds())
      for (uint32_t i = 0; i < kHop; ++i) CHECK(voice.audio()[i] == 0.0f);
    if (voice.sounds()) CHECK(last->latent()[0] == static_cast<float>(100 + block - 2));
    Help(&voice);
  }
  CHECK(first->blocks == 6 && second->blocks == 5 && last->blocks == 4);
}

CASE(AHelperThatIsLateKeepsTheNextBlockFromBeginning) {
  FakeStage* first = new FakeStage;
  FakeChain chain(new FakeVoice(kHop), {first});
  first->stalled = true;
  chain.voice->Begin();
  CHECK(chain.voice->Step(16));
  CHECK(!chain.voice->Help(0, 16));
  CHECK(!chain.voice->ready());
  first->stalled = false;
  Help(chain.voice.get());
  CHECK(chain.voice->ready());
}

// A scene is given back when its voices are ready: a queue that still named one would name what is
// gone.
CASE(NoQueueNamesAVoiceWhoseHelpersAreDone) {
  FakeChain chain(new FakeVoice(kHop), {new FakeStage, new FakeStage});
  StageCrew crew;
  chain.voice->Begin();
  crew.Post(chain.voice.get(), 0);
  CHECK(crew.due(0));
  CHECK(crew.Work(0, 16, 0));
  CHECK(chain.voice->ready() && !crew.due(0) && !crew.due(1));  // the second stage has no block yet
}

CASE(ResetReachesAStageThatIsAtWork) {
  FakeStage* first = new FakeStage;
  FakeVoice* last = new FakeVoice(kHop);
  FakeChain chain(last, {first});
  StagedVoice& voice = *chain.voice;
  RunBlock(&voice);
  first->stalled = true;
  voice.Begin();
  CHECK(voice.Step(16) && voice.sounds() && !voice.Help(0, 16));
  voice.Reset();
  CHECK(last->resets == 1 && first->resets == 0 && !voice.ready());
  CHECK(voice.Help(0, 16) && first->resets == 1 && voice.ready());  // it gives up what it has begun
  first->stalled = false;
  voice.Begin();
  CHECK(voice.Step(16) && !voice.sounds());  // nothing of before is heard
}

CASE(ResetFindsAStageThatHasJustBeenDone) {
  FakeStage* first = new FakeStage;
  FakeChain chain(new FakeVoice(kHop), {first});
  RunBlock(chain.voice.get());
  chain.voice->Reset();
  CHECK(first->resets == 1 && first->blocks == 0);
  chain.voice->Begin();
  CHECK(first->resets == 1 && chain.voice->Step(16) && !chain.voice->sounds());
}

// A world whose voice is a chain: `first` and `voice` are of the scene made last.
struct StagedWorld : World {
  explicit StagedWorld(uint64_t first_cost = 0, uint64_t last_cost = 0) {
    loader.makers[0] = [=] { return Staged(first_cost, last_cost); };
  }
  std::unique_ptr<Scene> Staged(uint64_t first_cost, uint64_t last_cost) {
    first = new FakeStage(&stages_alive);
    voice = new FakeVoice(hop, 1, 1, 1e6f, "staged");
    first->clock = voice->clock = &frame;
    first->cost_frames = first_cost;
    voice->cost_frames = last_cost;
    return SceneOf(FakeChain(voice, {first}).voice.release());
  }
  FakeStage* first = nullptr;
  uint32_t hop = kHop;
  uint32_t stages_alive = 0;
};

CASE(AStagedVoiceReachesTheOutputBitForBit) {
  StagedWorld world;
  world.Play(1.0);
  FakeVoice alone(kHop);
  alone.latent()[0] = 440.0f;
  const uint64_t start = world.instrument->mixer().started_at();
  for (uint64_t block = 0; block < 40; ++block) {
    alone.Step(1);
    for (uint64_t i = 0; i < kHop; ++i) {
      const uint64_t f = block * kHop + i;
      if (f >= Mixer::kPatch) CHECK(world.At(start + f) == alone.audio()[i]);
    }
  }
  CHECK(world.instrument->mixer().underruns() == 0);
}

CASE(StagesShareTheTimeThatOneThreadHasNot) {
  World alone;
  alone.loader.makers[0] = [&] {
    alone.voice = new FakeVoice(kHop);
    alone.voice->clock = &alone.frame;
    alone.voice->cost_frames = 800;
    return SceneOf(alone.voice);
  };
  alone.Play(1.0);
  CHECK(alone.instrument->mixer().underruns() > 2);
  StagedWorld world(400, 400);
  world.Play(4.0);
  CHECK(world.instrument->mixer().underruns() == 0);
  CHECK(world.instrument->Report().rung == 0);
}

CASE(TheLadderCountsTheSlowestStage) {
  StagedWorld world(496, 50);  // of 512
  world.Play(4.0);
  CHECK(world.instrument->mixer().underruns() == 0);
  CHECK(world.instrument->Report().rung == 1);
  CHECK(world.network.last_rung_why.find("of its time") != std::string::npos);
}

CASE(AHelperThatStopsLeadsToAnotherRungAndBackWithoutAGap) {
  StagedWorld world;
  world.loader.makers[0] = [&world] {
    std::unique_ptr<Scene> scene = world.Staged(0, 0);
    scene->sisters.emplace_back(new FakeVoice(kHop, 1, 1, 5e5f, "small"));
    return scene;
  };
  world.Play(2.0);
  world.first->stalled = true;
  world.Play(1.0);
  CHECK(world.instrument->Report().rung == 1);
  const uint32_t underruns = world.instrument->mixer().underruns();
  CHECK(underruns >= 1 && underruns <= 3);
  world.first->stalled = false;
  world.Play(8.0);
  CHECK(world.instrument->Report().rung == 0);
  CHECK(world.instrument->mixer().underruns() == underruns);
  for (uint64_t f = 3 * kRate; f < 11 * kRate; f += 512) CHECK(world.Loudest(f, f + 512) > 0.2f);
  CHECK(world.LargestStep(3 * kRate, 11 * kRate) < 0.8 * 2 * 3.15 * 440 / kRate);
}

// Stuck in the middle of the last stage: all is reset, and the stages fill again behind the held
// sound; a block is as long as the fade here, which would otherwise end in silence.
CASE(StagesFillBehindTheHeldSound) {
  StagedWorld world;
  world.hop = VoicePlayer::kSwapFrames;
  world.loader.makers[0] = [&world] {
    std::unique_ptr<Scene> scene = world.Staged(0, 0);
    scene->sisters.emplace_back(new FakeVoice(kHop, 1, 1, 5e5f, "small"));
    return scene;
  };
  world.Play(2.0);
  world.voice->stalled = true;
  world.Play(1.0);
  CHECK(world.instrument->Report().rung == 1);
  CHECK(world.voice->resets == 1 && world.first->resets == 1);
  world.voice->stalled = false;
  world.Play(8.0);
  CHECK(world.instrument->Report().rung == 0);
  for (uint64_t f = 3 * kRate; f < 11 * kRate; f += 128) CHECK(world.Loudest(f, f + 128) > 0.2f);
}

CASE(ScenesOfStagesChangeWithoutAnUnderrun) {
  StagedWorld world(200, 200);
  world.loader.makers.push_back([&world] { return world.Staged(200, 250); });
  world.Play(1.0);
  for (int32_t scene : {1, 0, 1, 0}) {
    world.network.PostInt("/scene", scene);
    world.Play(1.5);
    CHECK(world.instrument->Report().scene == scene);
    CHECK(world.stages_alive == 1);
  }
  CHECK(world.instrument->mixer().underruns() == 0);
  CHECK(world.LargestStep(kRate, world.frame) < 0.8 * 2 * 3.15 * 440 / kRate);
}

CASE(ASceneIsNotGivenBackWhileAHelperWorksOnIt) {
  StagedWorld world;
  world.loader.makers.push_back([] { return SceneOf(new FakeVoice(kHop)); });
  world.Play(1.0);
  FakeStage* const first = world.first;
  world.network.PostInt("/scene", 1);
  world.helpers_work = true;
  world.Play(0.02);
  first->cost_frames = kRate;  // the part under way takes a second
  first->clock = &world.frame;
  world.Play(0.7);
  CHECK(world.stages_alive == 1);
  world.Play(2.0);
  CHECK(world.stages_alive == 0);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
