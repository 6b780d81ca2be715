// Scenes, knobs, rest and commands of the instrument, between fakes.
#include "cases.h"

#include "fake_world.h"
#include "firmware/platform/peers.h"

using namespace lodestone;

namespace {

constexpr double kStep440 = 0.5 * 2.0 * 0.0313447;  // of a sine of 440 Hz, half scale, at 44.1 kHz

void AddScene(World* world, uint32_t hop) {
  world->loader.makers.push_back(
      [world, hop] { return SceneOf(world->voice = new FakeVoice(hop)); });
}

CASE(ScenesAreSwappedWithoutAClick) {
  for (bool carries_two : {true, false}) {
    InstrumentSettings settings;
    settings.carries_two = carries_two;
    World world(settings);
    AddScene(&world, 2048);
    world.Play(1.0);
    world.network.PostInt("/scene", 1);
    world.Play(1.0);
    CHECK(world.instrument->scene()->index == 1);
    CHECK(world.instrument->scene()->voice->info().hop == 2048);
    // Two equal sines with the same pitch but another phase: a crossfade adds at most 3 dB.
    CHECK(world.LargestStep(22050, world.frame) <= kStep440 * 1.4143);
    CHECK(world.instrument->mixer().underruns() == 0);
    CHECK(world.network.last_trouble.empty());
    world.network.PostInt("/scene", 0);
    world.Play(1.0);
    CHECK(world.instrument->scene()->index == 0);
  }
}

CASE(OutAndInTakesLessThan400Ms) {
  InstrumentSettings settings;
  settings.carries_two = false;
  World world(settings);
  AddScene(&world, 512);
  world.Play(1.0);
  world.network.PostInt("/scene", 1);
  world.Play(1.0);
  uint64_t quiet_from = 0, quiet_to = 0;
  for (uint64_t f = 44100; f + 100 < world.frame; f += 50) {
    float loudest = 0.0f;
    for (uint64_t i = f; i < f + 100; ++i) loudest = std::fmax(loudest, std::fabs(world.At(i)));
    if (loudest > 0.49f) continue;
    if (quiet_from == 0) quiet_from = f;
    quiet_to = f + 100;
  }
  CHECK(quiet_from > 0 && quiet_to - quiet_from < kRate * 4 / 10);
}

CASE(ABrokenSceneLeavesTheOldOnePlaying) {
  World world;
  world.loader.makers.push_back([] { return std::unique_ptr<Scene>(); });
  world.Play(0.5);
  world.network.PostInt("/scene", 1);
  world.Play(0.5);
  CHECK(world.instrument->scene()->index == 0);
  CHECK(world.network.last_trouble == "scene 1 is broken");
  world.network.PostInt("/scene", 7);
  world.Play(0.1);
  CHECK(world.network.last_error.find("/scene: no scene 7") == 0);
  CHECK(world.network.last_trouble == "scene 1 is broken");
  world.network.PostInt("/scene", 0);
  world.Play(0.1);
  CHECK(world.network.last_trouble.empty());  // what failed is no longer wished for
  CHECK(world.LargestStep(20000, world.frame) <= kStep440 * 1.001);
}

CASE(WithoutAnySceneTheBoardIsSilentAndTellsWhy) {
  World world;
  world.loader.makers[0] = [] { return std::unique_ptr<Scene>(); };
  world.Play(0.5);
  CHECK(world.network.last_trouble == "scene 0 is broken");
  CHECK(world.network.sent["/mag"] > 0);
  CHECK(world.LargestStep(0, world.frame) == 0.0);
}

CASE(TheFirstWorkingSceneIsTakenWhenTheAskedOneIsBroken) {
  World world;
  world.loader.makers[0] = [] { return std::unique_ptr<Scene>(); };
  AddScene(&world, 512);
  world.Play(0.5);
  CHECK(world.instrument->scene()->index == 1);
  CHECK(world.network.last_trouble == "scene 0 is broken");
}

CASE(KnobsReachTheirGraphAtOnceAndStayInTheirRange) {  // to glide is the graph's affair
  World world;
  world.Play(0.5);
  world.network.PostFloat("/knob/gain", 2.0f);
  world.Play(0.1);
  CHECK_NEAR(world.voice->latent()[0], 880.0, 0.5);
  world.network.PostFloat("/knob/gain", 99.0f);
  world.Play(1.0);
  CHECK_NEAR(world.voice->latent()[0], 4400.0, 0.5);
  world.network.PostFloat("/knob/nobody", 1.0f);
  world.Play(0.1);
  CHECK(world.instrument->commands().refused() == 1);
  CHECK(world.network.last_error ==
        "/knob/nobody: no knob nobody in this scene: ask /knobs for their names");
}

CASE(RestPressesItsKnobOnceForAMoment) {
  World world;
  FakeTouch* touch = nullptr;
  world.loader.makers[0] = [&] {
    std::unique_ptr<Scene> scene = SceneOf(world.voice = new FakeVoice);
    touch = static_cast<FakeTouch*>(scene->touch.get());
    return scene;
  };
  world.Play(0.5);
  CHECK(touch->rest_presses == 0);
  world.network.Post("/rest");
  world.Play(0.5);
  CHECK(touch->rest_presses == 1 && touch->rest_frames == TouchPlayer::kRestFrames);
  world.network.Post("/rest");
  world.Play(0.5);
  CHECK(touch->rest_presses == 2);
}

CASE(HelloIsAnswered) {
  World world;
  world.Play(0.5);
  const uint32_t models = world.network.sent["/model"], states = world.network.sent["/status"];
  for (int i = 0; i < 1000; ++i) world.network.PostInt("/hello", 9000);
  world.Play(0.2);
  CHECK(world.network.answered_to == 9000);
  CHECK(world.network.sent["/model"] > models && world.network.sent["/model"] <= models + 20);
  CHECK(world.network.sent["/status"] > states);
}

// Who calibrates is told everything of each frame, whatever the streams are, until three seconds
// after the last question.
CASE(WhoMeasuresIsToldAll) {
  InstrumentSettings quiet;
  quiet.streams = {false, false, true, true};
  World world(quiet);
  world.Play(0.5);
  CHECK(world.network.sent["/frame"] == 0 && world.network.sent["/field"] == 0);
  for (int i = 0; i < 1000; ++i) world.network.PostInt("/measure", 9001);
  world.Play(0.2);
  CHECK(world.network.answered_to == 9001);
  CHECK(world.network.sent["/sensor"] >= 4 && world.network.sent["/sensor"] <= 80);
  world.Play(4.0);
  const uint32_t frames = world.network.sent["/frame"];
  CHECK(frames >= 600 && frames <= 645);
  CHECK(world.network.sent["/field"] == 4 * frames && world.network.sent["/mag"] == 4 * frames);
  world.network.PostInt("/measure", 0);
  world.Play(0.2);
  CHECK(world.network.sent["/frame"] == frames);
}

// What is lit in 200 steps of 10 ms.
std::string Pattern(Mode sounding, bool muted, bool trouble) {
  std::string pattern;
  for (uint64_t ms = 0; ms < 2000; ms += 10)
    pattern += LedLit({sounding, muted, trouble}, ms * 1000) ? '1' : '0';
  return pattern;
}

CASE(EveryLedPatternIsAsDocumented) {
  const auto turns = [](int on, int off) {
    std::string text;
    while (text.size() < 200)
      text +=
          std::string(static_cast<size_t>(on), '1') + std::string(static_cast<size_t>(off), '0');
    return text;
  };
  CHECK(Pattern(Mode::kOnboard, false, false) == std::string(200, '1'));
  CHECK(Pattern(Mode::kHost, false, false) == turns(50, 50));
  CHECK(Pattern(Mode::kBoth, false, false) == turns(88, 12));
  CHECK(Pattern(Mode::kHost, true, false) == turns(6, 94));
  CHECK(Pattern(Mode::kBoth, true, true) == turns(10, 10));
}

CASE(StrangersAreRefusedAndGuestsAreFew) {
  BoardConf conf;
  conf.allow = {0x0A000005};
  conf.osc_targets = {{0xC0A80701, 7563}};
  Peers peers(conf);
  for (uint32_t friendly : {0x7F000001u, 0xC0A80701u, 0xC0A80601u, 0x0A000005u})
    CHECK(peers.Allows(friendly));
  for (uint32_t stranger : {0x0A000006u, 0xC0A80801u, 0x08080808u, 0u})
    CHECK(!peers.Allows(stranger));
  for (uint32_t n = 1; n <= 100000; ++n)
    peers.Add({0xC0A80700 + n % 200, static_cast<uint16_t>(n)});
  int sent = 0;
  peers.ForEach([&](uint32_t, uint16_t) { ++sent; });
  CHECK(sent == 1 + Peers::kGuests);
  // The guest that was renewed longest ago gives way, not the one that came first.
  const auto has = [&](uint16_t port) {
    bool found = false;
    peers.ForEach([&](uint32_t, uint16_t theirs) { found = found || theirs == port; });
    return found;
  };
  for (uint16_t port = 1; port <= Peers::kGuests; ++port) peers.Add({0x7F000001, port});
  peers.Add({0x7F000001, 1});
  CHECK(!peers.IsFull({0x7F000001, 1}) && peers.IsFull({0x7F000001, 99}));
  peers.Add({0x7F000001, 99});
  CHECK(has(1) && has(99) && !has(2));
  peers.Remove({0x7F000001, 99});
  CHECK(!has(99) && !peers.IsFull({0x7F000001, 98}));
}

CASE(StreamsAreSentForEveryFrame) {
  World world;
  world.Play(1.0);
  const uint32_t frames = world.instrument->health().frames;
  CHECK(frames >= 198);
  CHECK(world.network.sent["/mag"] >= 4 * frames && world.network.sent["/mag"] <= 4 * (frames + 2));
  CHECK(world.network.sent["/field"] == world.network.sent["/mag"]);
  CHECK(world.network.sent["/touch"] == world.network.sent["/latent"]);
}

CASE(KnobsAndScenesCanBeAskedFor) {
  World world;
  AddScene(&world, 512);
  world.Play(0.2);
  world.network.sent.clear();
  world.network.Post("/knobs");
  world.network.Post("/scenes");
  world.Play(0.1);
  CHECK(world.network.sent["/knobs"] == 1 && world.network.last_knob == "gain" &&
        world.network.knob_value == 1.0f);
  CHECK(world.network.sent["/scenes"] == 2);
  world.network.PostFloat("/knob/gain", 99.0f);
  world.Play(0.1);
  CHECK(world.network.sent["/knobs"] == 2 && world.network.knob_value == 10.0f);
  world.network.PostFloat("/knob/rest_capture",
                          1.0f);  // the button of the graph is no knob of the player's
  world.Play(0.1);
  CHECK(world.instrument->commands().refused() == 1);
}

CASE(AFloodOfNonsenseIsToldWithinBounds) {
  World world;
  world.Play(0.1);
  world.network.sent.clear();
  for (int i = 0; i < 2000; ++i) world.network.PostInt("/nonsense", i);
  world.Play(1.0);
  CHECK(world.instrument->Report().refused == 2000);
  CHECK(world.network.sent["/error"] <= 8 + 101);
}

CASE(TroublesComeAndGo) {
  Troubles troubles;
  CHECK(!troubles.Set("bus", "") && !troubles.Set("bus", nullptr) && troubles.count() == 0);
  CHECK(troubles.Set("bus", "slow") && !troubles.Set("bus", "slow") &&
        troubles.Set("port", "taken"));
  CHECK(std::string(troubles.joined()) == "slow; taken");
  CHECK(troubles.Set("bus", "dead") && troubles.count() == 2 &&
        std::string(troubles.text(0)) == "dead");
  CHECK(troubles.Set("bus", "") && troubles.count() == 1 &&
        std::string(troubles.joined()) == "taken");
  for (int t = 0; t < 100; ++t)
    troubles.Set(("t" + std::to_string(t)).c_str(), std::string(500, 'x').c_str());
  CHECK(troubles.count() == Troubles::kMost);
  CHECK(std::strlen(troubles.joined()) < 464);
  World world;
  world.Play(0.1);
  world.network.sent.clear();
  world.instrument->SetTrouble("late", "the touch is late");
  world.Play(0.1);
  CHECK(world.network.last_trouble == "the touch is late" && world.network.sent["/trouble"] == 1);
  world.instrument->SetTrouble("late", "");
  world.Play(0.1);
  CHECK(world.network.last_trouble.empty() && world.network.sent["/trouble"] == 2);
}

CASE(ARestIsToldUntilItIsKept) {
  World world;
  world.Play(0.5);
  world.network.Post("/rest");
  world.Play(1.0);
  CHECK(world.instrument->Report().resting == 1);
  world.Play(4.5);
  CHECK(world.instrument->Report().resting == 0);
}

CASE(ARestThatIsRefusedIsToldAndNotKept) {
  World world;
  world.Play(0.5);
  Scene* scene = const_cast<Scene*>(world.instrument->scene());
  FakeTouch* touch = static_cast<FakeTouch*>(scene->touch.get());
  touch->refused_mt = 0.037f;
  world.network.Post("/rest");
  world.Play(4.5);
  CHECK(world.network.sent["/error"] == 0);
  world.Play(1.0);
  CHECK(world.instrument->Report().resting == 0);
  CHECK(
      world.network.last_error.find("/rest: wanted a board that stands still for 3 s, got a field "
                                    "that moved by 0.037 mT: take") == 0);
  CHECK(world.instrument->Report().refused == 1 && !scene->after_rest_ready.load());
  touch->refused_mt = 0.0f;
  world.network.Post("/rest");
  world.Play(5.5);
  CHECK(world.network.sent["/error"] == 1 && scene->after_rest_ready.load());
}

CASE(ARestIsOfTheSceneThatComesWhileItIsTaken) {
  for (const double after_s : {0.05, 1.0, 2.5}) {
    World world;
    AddScene(&world, 512);
    world.Play(0.5);
    world.network.Post("/rest");
    world.Play(after_s);
    world.network.PostInt("/scene", 1);
    world.Play(4.0);
    CHECK(world.instrument->scene()->index == 1);
    CHECK(world.instrument->Report().resting == 1);  // its own begins when it comes
    world.Play(2.0);
    const auto* touch = static_cast<const FakeTouch*>(world.instrument->scene()->touch.get());
    CHECK(world.instrument->Report().resting == 0 && touch->rest_presses >= 1);
    CHECK(world.instrument->scene()->after_rest_ready.load() && world.network.sent["/error"] == 0);
  }
}

// Marbles may lie on the board again: no scene takes them for an empty one.
CASE(ASceneThatComesAfterARestIsTakenLeavesIt) {
  World world;
  AddScene(&world, 512);
  world.Play(0.5);
  world.network.Post("/rest");
  world.Play(2.0);
  world.network.PostInt("/scene", 1);
  world.Play(2.0);
  CHECK(world.instrument->Report().resting == 1);
  world.network.PostInt("/scene", 0);  // four seconds after it was said
  world.Play(1.0);
  const auto* touch = static_cast<const FakeTouch*>(world.instrument->scene()->touch.get());
  CHECK(world.instrument->scene()->index == 0 && touch->rest_presses == 0);
  CHECK(world.instrument->Report().resting == 0);
  CHECK(!world.instrument->scene()->after_rest_ready.load());
  CHECK(world.network.last_error.find("/rest: wanted the scene to stay until") == 0);
}

CASE(LegacyMagHasThePublishedScaleAndItsWrap) {
  InstrumentSettings settings;
  settings.streams.legacy = true;
  World world(settings);
  world.source.field_mt = 1.5f;
  world.Play(0.1);
  CHECK(world.network.mag == 5000);
  world.source.field_mt = -1.5f;
  world.Play(0.1);
  CHECK(world.network.mag == -5000);
  world.source.field_mt = 12.0f;  // 40,000 counts
  world.Play(0.1);
  CHECK(world.network.mag == 40000 - 65536);
  world.source.field_mt = 3.0e30f;
  world.Play(0.1);
  world.network.PostInt("/measure", 9000);
  world.Play(0.1);
  CHECK(world.network.mag == 0);  // who calibrates is told the chip's own counts
}

CASE(LegacyMagComesAtThePublishedRateWhereThatIsAskedFor) {
  InstrumentSettings settings;
  settings.streams.legacy = true;
  settings.streams.legacy_hz = 29;
  World world(settings);
  world.Play(1.0);
  const uint32_t begun = world.network.sent["/mag"], fields = world.network.sent["/field"];
  world.Play(4.0);
  const uint32_t frames = (world.network.sent["/mag"] - begun) / 4;
  CHECK(frames >= 29 * 4 - 1 && frames <= 29 * 4 + 1);
  CHECK(world.network.sent["/field"] - fields > 3 * 4 * frames);  // the rest comes with every frame
}

CASE(TwoHostsAtOnceAreTold) {
  constexpr uint64_t kOne = uint64_t{0x7F000001} << 16 | 5000;
  World world;
  const auto beat = [&](uint64_t first, uint64_t second, int times) {
    for (int i = 0; i < times; ++i) {
      for (const uint64_t sender : {first, second}) {
        world.network.sender = sender;
        world.network.Post("/heartbeat");
        world.Play(0.05);
      }
    }
  };
  beat(kOne, kOne, 20);
  for (uint64_t port = 0; port < 20; ++port) beat(kOne, kOne + 100 + port, 1);  // a port each time
  world.Play(0.2);
  CHECK(world.network.last_trouble == "");
  beat(kOne, kOne + 1, 10);
  world.Play(0.2);
  CHECK(world.network.last_trouble.find("wanted one host, got two, 127.0.0.1:5000") == 0);
  CHECK(world.network.last_trouble.find("127.0.0.1:5001") != std::string::npos);
  beat(kOne, kOne, 20);
  world.Play(0.2);
  CHECK(world.network.last_trouble == "");
}

CASE(NonsenseIsCountedAndDropped) {
  World world;
  world.Play(0.1);
  world.network.waiting.push_back({1, 2, 3});
  world.network.waiting.push_back({'/', 'a', 0, 0});
  world.network.PostText("/mode", "louder");
  world.network.PostText("/scene", "nowhere");
  world.network.PostInt("/hello", 70000);
  world.Play(0.1);
  CHECK(world.instrument->commands().refused() == 5);
  CHECK(world.instrument->commands().obeyed() == 0);
  CHECK(world.network.sent["/error"] == 5);
  CHECK(world.instrument->Report().refused == 5);
  CHECK(std::string(world.instrument->Report().refusal) ==
        "/hello: wanted port 1 to 65535, got 70000");
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
