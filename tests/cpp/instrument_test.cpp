// Modes, mute, underruns and channels of the instrument, between fakes.
#include "cases.h"

#include "fake_world.h"

using namespace lodestone;

namespace {

constexpr uint64_t kSecond = kRate;

double SineStep(double hz, double amplitude) {
  return amplitude * 2.0 * std::sin(3.141592653589793 * hz / kRate);
}

CASE(VoiceReachesTheOutputBitForBit) {
  World world;
  world.Play(1.0);
  FakeVoice alone;
  alone.latent()[0] = 440.0f;
  const uint64_t start = world.instrument->mixer().started_at();
  for (uint64_t block = 0; block < 40; ++block) {
    alone.Step(1);
    for (uint64_t i = 0; i < 512; ++i) {
      const uint64_t f = block * 512 + i;
      if (f >= Mixer::kPatch) CHECK(world.At(start + f) == alone.audio()[i]);
    }
  }
  CHECK(world.instrument->mixer().underruns() == 0);
}

CASE(EveryOutputChannelIsWrittenAtEveryPeriod) {
  for (uint32_t channels : {1u, 2u, 10u}) {
    for (uint32_t period : {16u, 32u, 64u, 128u, 256u, 512u, 1024u}) {
      InstrumentSettings settings;
      settings.block_frames = period;
      settings.prefill_frames = 0;
      World world(settings);
      world.out_channels = channels;
      world.Play(0.3);
      float loudest = 0.0f;
      for (float sample : world.heard) loudest = std::fmax(loudest, std::fabs(sample));
      CHECK(loudest <= 0.5f && loudest > 0.4f);
      if (channels == 10) CHECK(world.LargestStep(0, world.frame, 9) == 0.0);
      CHECK(world.instrument->mixer().underruns() == 0);
    }
  }
}

CASE(StereoVoicesKeepTheirSides) {
  World world;
  world.loader.makers[0] = [] { return SceneOf(new FakeVoice(512, 2)); };
  world.Play(0.5);
  for (uint64_t f = 8000; f < 20000; ++f) CHECK(world.At(f, 0) == -world.At(f, 1));
}

CASE(SeveralFramesACallReachTheNewestLatent) {
  World world;
  world.loader.makers[0] = [&world] { return SceneOf(world.voice = new FakeVoice(256, 1, 4)); };
  world.Play(0.5);
  world.source.field_mt = 880.0f;
  world.Play(0.1);
  CHECK(world.voice->latent()[3] == 880.0f);
}

// With both sounds constant and equal to one, the output is the sum of the gains; their squares
// must sum to one.
CASE(ModesCrossfadeAtEqualPower) {
  World voice_only, host_only;
  voice_only.loader.makers[0] = [&] {
    FakeVoice* v = new FakeVoice;
    v->constant = 1.0f;
    return SceneOf(v);
  };
  host_only.loader.makers[0] = [&] {
    FakeVoice* v = new FakeVoice;
    v->constant = 1e-30f;
    return SceneOf(v);
  };
  host_only.host = 1.0f;
  for (World* world : {&voice_only, &host_only}) {
    world->heart_beats = true;
    world->Play(0.5);
    for (const char* mode : {"host", "both", "onboard", "host", "onboard"}) {
      world->network.PostText("/mode", mode);
      world->Play(0.37);
    }
    world->network.PostText("/mode", "host");
    world->Play(0.1);  // turned round in the middle of the fade
    world->network.PostText("/mode", "onboard");
    world->Play(0.5);
  }
  double least = 1.0;
  for (uint64_t f = kSecond / 2; f < voice_only.frame; ++f) {
    const double v = static_cast<double>(voice_only.At(f)),
                 h = static_cast<double>(host_only.At(f));
    CHECK_NEAR(v * v + h * h, 1.0, 1e-5);
    least = std::fmin(least, v);
  }
  CHECK(least < 1e-6);
  CHECK(voice_only.LargestStep(kSecond / 2, voice_only.frame) < 1.6 / (0.3 * kRate));
}

CASE(SwitchingAModeNeverClicks) {
  World world;
  world.heart_beats = true;
  world.Play(1.0);
  world.network.PostText("/mode", "host");
  world.Play(0.15);
  world.network.PostText("/mode", "onboard");
  world.Play(0.85);
  CHECK(world.LargestStep(kSecond, world.frame) <= SineStep(440.0, 0.5) * 1.0001);
}

// The bound above is worth something: a switch without a fade is far beyond it, at all but the
// luckiest moments.
CASE(AHardSwitchWouldClick) {
  int clicks = 0;
  for (int n = 0; n < 20; ++n) {
    InstrumentSettings settings;
    settings.crossfade_s = 0.0f;
    World world(settings);
    world.heart_beats = true;
    world.Play(1.0 + 0.0037 * n);
    world.network.PostText("/mode", "host");
    world.Play(0.3);
    clicks += world.LargestStep(kSecond, world.frame) > SineStep(440.0, 0.5) * 1.5 ? 1 : 0;
  }
  CHECK(clicks >= 15);
}

CASE(TheBoardPlaysWhenTheHostFallsSilent) {
  World world;
  world.heart_beats = true;
  world.network.PostText("/mode", "host");
  world.Play(1.0);
  CHECK(world.instrument->sounding() == Mode::kHost);
  world.heart_beats = false;
  world.Play(0.28);
  CHECK(world.instrument->sounding() == Mode::kHost);
  world.Play(0.06);
  CHECK(world.instrument->sounding() == Mode::kOnboard);
  world.Play(0.1);
  float loudest = 0.0f;
  for (uint64_t f = world.frame - 2000; f < world.frame; ++f)
    loudest = std::fmax(loudest, std::fabs(world.At(f)));
  CHECK(loudest > 0.45f);
  CHECK(world.LargestStep(kSecond, world.frame) <= SineStep(440.0, 0.5) * 1.01);
  world.heart_beats = true;
  world.Play(0.1);
  CHECK(world.instrument->sounding() == Mode::kHost);
  CHECK(world.network.last_sounding == "host");
}

CASE(HostModeWithoutAHostStaysOnboard) {
  World world;
  world.network.PostText("/mode", "host");
  world.Play(1.0);
  CHECK(world.instrument->sounding() == Mode::kOnboard);
}

CASE(AnUnderrunIsFadedCountedAndOver) {
  World world;
  world.Play(1.0);
  world.voice->stalled = true;
  world.Play(0.15);
  CHECK(world.instrument->mixer().underruns() == 1);
  CHECK(world.LargestStep(world.frame - 4000, world.frame) == 0.0);
  world.source.field_mt = 660.0f;
  world.Play(0.02);  // the touch goes on; a stale latent must not sound when the voice is back
  world.voice->stalled = false;
  world.Play(0.5);
  CHECK(world.instrument->mixer().underruns() == 1);
  CHECK(world.LargestStep(kSecond / 2, world.frame) <= SineStep(660.0, 0.5) * 1.35);
  CHECK(world.voice->latent()[0] == 660.0f);
}

CASE(WhatIsNoNumberReachesNobodysEars) {
  for (float bad : {std::nanf(""), -HUGE_VALF, 1e30f}) {
    for (bool from_voice : {false, true}) {
      World world;
      world.Play(0.5);
      const uint64_t begun = world.frame;
      if (from_voice)
        world.voice->constant = bad;
      else
        world.host = bad;
      world.Play(0.5);  // the host is silent here, and 0 times no number is none
      for (uint64_t f = begun; f < world.frame; ++f)
        CHECK(std::isfinite(world.At(f)) && std::fabs(world.At(f)) < 64.0f);
      world.host = 0.25f;
      world.voice->constant = 0.25f;
      world.Play(0.5);
      CHECK(world.Loudest(world.frame - 1000, world.frame) > 0.1f);  // and it goes on
    }
  }
}

CASE(AVoiceThatGivesNoNumbersIsHeldWithoutAStep) {
  World world;
  world.Play(1.0);
  const uint32_t resets = world.voice->resets;
  world.voice->constant = std::nanf("");
  world.Play(0.5);
  CHECK(world.voice->resets > resets);  // its state does not keep what is no number
  CHECK(world.Loudest(world.frame - kSecond / 4, world.frame) > 0.1f);  // what sounded goes on
  CHECK(world.network.last_trouble.find("no number") != std::string::npos);
  world.voice->constant = 0.0f;
  world.Play(1.0);
  CHECK(world.LargestStep(kSecond / 2, world.frame) <= SineStep(440.0, 0.5) * 1.4143);
  CHECK(world.instrument->mixer().underruns() == 0);
  world.Play(6.0);
  CHECK(world.network.last_trouble.empty());  // and is cured
}

CASE(MuteGlidesAndReturns) {
  World world;
  world.Play(0.5);
  world.network.PostInt("/mute", 1);
  world.Play(0.1);
  CHECK(world.At(world.frame - 1) == 0.0f);
  world.network.PostInt("/mute", 0);
  world.Play(0.4);
  CHECK(world.LargestStep(kSecond / 2, world.frame) <= SineStep(440.0, 0.5) * 1.01);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
