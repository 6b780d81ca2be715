#include "firmware/platform/self_test.h"

#include <algorithm>
#include <memory>

#include "firmware/engine/flush_denormals.h"
#include "firmware/platform/board_conf.h"
#include "firmware/platform/bus_speed.h"
#include "firmware/platform/files.h"
#include "firmware/platform/linux_i2c_bus.h"
#include "firmware/platform/plan_scenes.h"
#include "firmware/platform/sensor_conf.h"
#include "firmware/platform/thread_load.h"

namespace lodestone {
namespace {

constexpr uint32_t kWarmBlocks = 10;  // as a scene is warmed before it is heard
constexpr uint32_t kSlowBusHz = 400000;

bool SettingsAreUnderstood(const SelfTestSettings& settings, BoardConf* conf, std::FILE* out) {
  std::string trouble;
  const bool understood = ReadBoardConf(settings.folder + "board.conf", conf, &trouble);
  if (!understood) std::fprintf(out, "refused: %s\n", trouble.c_str());
  SensorArraySettings array;
  trouble.clear();
  SensorArrayOf(*conf, &array, &trouble);
  if (!trouble.empty()) std::fprintf(out, "refused: %s\n", trouble.c_str());
  return understood && trouble.empty();
}

// The time of this thread alone: whoever plays meanwhile has the core first.
void TellTime(const char* scene, Voice* voice, const SelfTestSettings& settings,
              uint32_t prefill_frames, std::FILE* out) {
  for (uint32_t block = 0; block < kWarmBlocks; ++block) RunBlock(voice);
  uint64_t longest_us = 0;
  const uint64_t before_us = ThreadCpuUs();
  for (uint32_t block = 0; block < settings.blocks; ++block) {
    const uint64_t began_us = ThreadCpuUs();
    RunBlock(voice);
    longest_us = std::max(longest_us, ThreadCpuUs() - began_us);
  }
  const double mean_ms = static_cast<double>(ThreadCpuUs() - before_us) * 1e-3 / settings.blocks;
  const VoiceInfo& info = voice->info();
  const uint32_t frames = std::min(info.hop * info.frames, prefill_frames);
  const double time_ms = 1e3 * frames / settings.sample_rate_hz;
  std::fprintf(out, "voice = %s %s %.3f %.3f %.3f\n", scene, info.name, mean_ms,
               static_cast<double>(longest_us) * 1e-3, time_ms);
  if (mean_ms > 0.95 * time_ms) {
    std::fprintf(
        out,
        "note: scene %s: a block of the voice %s takes %.1f ms of %.1f: a cheaper one will play\n",
        scene, info.name, mean_ms, time_ms);
  }
}

// One call, operation by operation.
void TimeOperations(Engine* engine, std::vector<uint64_t>* spent_us) {
  for (bool done = false; !done;) {
    const uint32_t operation = engine->next_operation();
    const uint64_t began_us = ThreadCpuUs();
    do {
      done = engine->Step(1);
    } while (!done && engine->next_operation() == operation);
    (*spent_us)[operation] += ThreadCpuUs() - began_us;
  }
}

// `layer = SCENE VOICE STAGE OPERATION MICROSECONDS`, each mean of some blocks: a report sets them
// beside what was predicted.
void TellLayers(const SelfTestSettings& settings, const SceneConf& scene, std::FILE* out) {
  for (size_t v = 0; v < scene.voice_plans.size(); ++v) {
    for (size_t stage = 0; stage < scene.voice_plans[v].size(); ++stage) {
      Engine engine;
      std::string plan, trouble;
      char error[160];
      if (!ReadFile(settings.folder + scene.voice_plans[v][stage], &plan, &trouble)) continue;
      if (!engine.Load(plan.data(), plan.size(), error, sizeof error)) continue;
      std::vector<uint64_t> spent_us(engine.operations(), 0);
      for (uint32_t block = 0; block < kWarmBlocks; ++block) engine.Run();
      for (uint32_t block = 0; block < settings.blocks; ++block) TimeOperations(&engine, &spent_us);
      for (size_t operation = 0; operation < spent_us.size(); ++operation) {
        std::fprintf(out, "layer = %s %u %u %u %.2f\n", scene.name.c_str(),
                     static_cast<unsigned>(v), static_cast<unsigned>(stage),
                     static_cast<unsigned>(operation),
                     static_cast<double>(spent_us[operation]) / settings.blocks);
      }
    }
  }
}

bool ScenesPlay(const SelfTestSettings& settings, BoardConf conf, std::FILE* out) {
  if (!conf.scenes.empty() && !conf.safe_scene.name.empty()) conf.scenes.push_back(conf.safe_scene);
  const uint32_t prefill_frames = std::max(conf.prefill_frames, settings.block_frames);
  PlanScenes scenes(conf, settings.folder, settings.sample_rate_hz, prefill_frames);
  if (conf.scenes.empty())
    std::fprintf(out, "refused: wanted a scene in board.conf, got none: build the image again\n");
  bool all = !conf.scenes.empty();
  for (size_t s = 0; s < conf.scenes.size(); ++s) {
    char error[256] = "";
    const std::unique_ptr<Scene> scene = scenes.Load(static_cast<int32_t>(s), error, sizeof error);
    if (!scene) {
      std::fprintf(out, "refused: %s\n", error);
      all = false;
      continue;
    }
    FieldFrame frame = FieldFrame();
    for (uint32_t tick = 0; tick < conf.frame_rate_hz; ++tick)
      scene->touch->Run(frame, 1.0f / static_cast<float>(conf.frame_rate_hz));
    for (uint32_t v = 0; v < scene->voices(); ++v)
      TellTime(scene->name, &scene->voice_at(v), settings, prefill_frames, out);
    if (settings.layers) TellLayers(settings, conf.scenes[s], out);
  }
  return all;
}

// A byte is read of each address: that changes nothing in any chip. A board may be flashed before
// its sensors are there.
void AskBus(const BoardConf& conf, std::FILE* out) {
  if (conf.bus.compare(0, 4, "i2c:") != 0) return;
  const std::string path = conf.bus.substr(4);
  LinuxI2cBus bus(path.c_str());
  const char* refused = bus.Open();
  if (refused != nullptr) {
    std::fprintf(out, "note: %s: %s\n", path.c_str(), refused);
    return;
  }
  const uint32_t speed_hz = BusSpeedHz(path);
  std::fprintf(out, "bus = %s %u\n", path.c_str(), static_cast<unsigned>(speed_hz));
  if (speed_hz != 0 && speed_hz < kSlowBusHz) {
    std::fprintf(out,
                 "note: the sensors' bus %s runs at %u kHz, 400 wanted: fewer frames a second; "
                 "docs/board.md tells how to change it\n",
                 path.c_str(), static_cast<unsigned>(speed_hz / 1000));
  }
  SensorArraySettings array;
  std::string trouble;
  SensorArrayOf(conf, &array, &trouble);
  for (int s = 0; s < kSensors; ++s) {
    uint8_t byte = 0;
    const I2cResult result = bus.Transfer(array.sensor[s].address, nullptr, 0, &byte, 1);
    const char* answer = result == I2cResult::kOk    ? "answers"
                         : result == I2cResult::kNak ? "does not answer"
                                                     : "holds up the bus";
    std::fprintf(out, "sensor = %d 0x%02x %s\n", s + 1, array.sensor[s].address, answer);
    if (result != I2cResult::kOk) {
      std::fprintf(out, "note: sensor %d at 0x%02x %s: check its plug and its address\n", s + 1,
                   array.sensor[s].address, answer);
    }
    if (result != I2cResult::kOk && result != I2cResult::kNak)
      return;  // each question would take a second
  }
}

}  // namespace

bool SelfTest(const SelfTestSettings& settings, std::FILE* out) {
  const FlushDenormals flush;
  BoardConf conf;
  const bool understood = SettingsAreUnderstood(settings, &conf, out);
  const bool plays = ScenesPlay(settings, conf, out);
  AskBus(conf, out);
  return understood && plays;
}

}  // namespace lodestone
