// The instrument's five threads and two helpers as real ones, for the thread sanitizer. Scenes
// change and the voice stalls meanwhile, until five scenes have come and the sound has been on
// another rung; `race SECONDS` fails where that takes longer.
#include "tests/cpp/cases.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/cpp/fake_world.h"

using namespace lodestone;

namespace {

std::atomic<bool> stop(false), stuck(false);

class StallingVoice : public FakeVoice {
 public:
  using FakeVoice::FakeVoice;
  bool Step(uint32_t work_items) override { return !stuck && FakeVoice::Step(work_items); }
};

class StallingStage : public FakeStage {
 public:
  bool Step(uint32_t work_items) override { return !stuck && FakeStage::Step(work_items); }
};

// Heard by nobody; control takes what it has posted itself.
class QuietNetwork : public Network {
 public:
  void Send(const uint8_t*, size_t) override {}
  size_t Receive(uint8_t* packet, size_t capacity) override {
    return script.Receive(packet, capacity);
  }
  void AnswerTo(uint16_t) override {}
  FakeNetwork script;
};

class Loader : public SceneLoader {
 public:
  int32_t count() const override { return 3; }
  std::unique_ptr<Scene> Load(int32_t index, char*, size_t) override {
    FakeVoice* const last = new StallingVoice(512u << index);
    std::unique_ptr<Scene> scene(index == 0 ? SceneOf(last)
                                            : SceneOf(Chain(last, index).voice.release()));
    scene->sisters.emplace_back(new StallingVoice(512));
    scene->index = index;
    return scene;
  }

 private:
  static FakeChain Chain(FakeVoice* last, int32_t helpers) {
    std::vector<FakeStage*> first;
    for (int32_t h = 0; h < helpers; ++h) first.push_back(new StallingStage);
    return FakeChain(last, first);
  }
};

template <typename Body>
std::thread Every(int microseconds, Body body) {
  return std::thread([microseconds, body] {
    while (!stop) {
      body();
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
    }
  });
}

}  // namespace

int main(int, char** argv) {
  FakeSource source;
  QuietNetwork network;
  Loader loader;
  Instrument instrument(InstrumentSettings(), &source, &network, &loader);
  instrument.Begin(0, 0);
  uint32_t tick = 0;
  std::atomic<uint32_t> changes(0), rungs(0);
  int32_t scene = 0;
  Memory memory;
  std::vector<float> in(2 * 64), out(2 * 64);
  const auto help = [&](uint32_t h) {
    while (instrument.HelperDue(h) && !stop && instrument.HelperStep(h, 16) && !stuck) {}
  };
  std::thread threads[] = {
      Every(110, [&] { help(0); }),
      Every(130, [&] { help(1); }),
      Every(300, [&] { instrument.Render({in.data(), 2, 2, 1}, {out.data(), 2, 2, 1}, 64); }),
      Every(100,
            [&] {
              while (instrument.VoiceDue() && !stop && instrument.VoiceStep(16) && !stuck) {}
            }),
      Every(400, [&] { instrument.TouchTick(); }),
      Every(700,
            [&] {
              while (instrument.SceneWork()) {}
            }),
      Every(500,
            [&] {
              ++tick;
              if (tick % 350 == 0)
                network.script.PostInt("/scene", static_cast<int32_t>(tick / 350 % 3));
              if (tick % 7 == 0)
                network.script.PostFloat("/knob/gain", static_cast<float>(tick % 9));
              if (tick % 90 == 0)
                network.script.PostText("/mode", ModeName(static_cast<Mode>(tick / 90 % 3)));
              if (tick % 200 == 0) network.script.Post("/rest");
              stuck = tick / 300 % 3 == 2;
              instrument.ControlTick(tick * 10000ull);
              instrument.SaveMemory(&memory);
              const StatusReport report = instrument.Report();
              if (report.scene != scene) ++changes;
              scene = report.scene;
              rungs |= 1u << report.rung;
            }),
  };
  const auto seen_all = [&] {
    return changes >= 5 && rungs > 1 && instrument.mixer().underruns() > 0;
  };
  for (int tenths = 0; tenths < 10 * std::atoi(argv[1]) && !seen_all(); ++tenths) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  std::printf("%u scenes, rungs %u, %u underruns\n", changes.load(), rungs.load(),
              instrument.mixer().underruns());
  return seen_all() ? 0 : 2;
}
