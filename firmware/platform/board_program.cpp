#include "firmware/platform/board_program.h"

#include <algorithm>

#include "firmware/engine/flush_denormals.h"
#include "firmware/platform/sensor_conf.h"

namespace lodestone {
namespace {

constexpr uint64_t kControlEveryUs = 10000;
constexpr uint64_t kFilesEveryUs = 20000;
constexpr uint64_t kKeepEveryUs = 1000000;  // a card bears that
// Kernel calls of the voice between two looks at the ring and the stop flag: some 30 us each on the slowest board.
constexpr uint32_t kSliceItems = 16;

InstrumentSettings SettingsOf(const BoardConf& conf, uint32_t sample_rate_hz, uint32_t block_frames) {
  InstrumentSettings settings;
  settings.sample_rate_hz = sample_rate_hz;
  settings.block_frames = block_frames;
  settings.prefill_frames = conf.prefill_frames;
  settings.crossfade_s = static_cast<float>(conf.crossfade_ms) * 1e-3f;
  settings.heartbeat_timeout_us = static_cast<uint64_t>(conf.heartbeat_ms) * 1000u;
  settings.streams = {conf.streams_mag, conf.streams_field, conf.streams_touch, conf.streams_latent, conf.streams_legacy};
  settings.carries_two = conf.swap == "crossfade";
  return settings;
}

}  // namespace

BoardProgram::BoardProgram(const std::string& folder, uint32_t sample_rate_hz, uint32_t block_frames, const World& world)
    : platform_(*world.platform), meter_(*world.meter), helpers_(0), next_keep_us_(0), share_() {
  std::string conf_trouble, platform_trouble, sensor_trouble;
  ReadBoardConf(folder + "board.conf", &conf_, &conf_trouble);
  helpers_ = MostHelpers(conf_);
  platform_.Open(conf_, &platform_trouble);
  SensorArraySettings array;
  SensorArrayOf(conf_, &array, &sensor_trouble);
  sensors_.reset(new SensorArray(platform_.bus(), platform_.clock(), array));
  source_.reset(new ArraySource(sensors_.get()));
  InstrumentSettings settings = SettingsOf(conf_, sample_rate_hz, block_frames);
  for (int s = 0; s < kSensors; ++s) {
    settings.sensors[s] = FactsOf(array.sensor[s]);
    for (int a = 0; a < kAxes; ++a) settings.sensors[s].full_scale_mt[a] = sensors_->FullScaleMt(s, a);
  }
  scenes_.reset(new PlanScenes(conf_, folder, sample_rate_hz, settings.prefill_frames));
  instrument_.reset(new Instrument(settings, source_.get(), &platform_.network(), scenes_.get()));
  scenes_->SetMeter(&meter_);
  platform_.Watch(instrument_.get());
  Recollect();
  instrument_->SetTrouble("settings", conf_trouble.c_str());
  instrument_->SetTrouble("platform", platform_trouble.c_str());
  instrument_->SetTrouble("sensors", sensor_trouble.c_str());
  instrument_->Begin(conf_.first_scene, platform_.clock().NowUs());
  instrument_->Recall(memory_);
  const std::string unlocked = platform_.LockMemory();
  if (!unlocked.empty()) journal_->Note(0, unlocked.c_str());
}

// Frames begin on a fixed grid; a tick that took too long costs frames, not pace.
void BoardProgram::TouchLoop(bool (*stop)()) {
  const FlushDenormals flush;
  Clock& clock = platform_.clock();
  const uint64_t every_us = 1000000u / conf_.frame_rate_hz;
  uint64_t next_us = clock.NowUs();
  while (!stop()) {
    instrument_->TouchTick();
    const uint64_t now_us = clock.NowUs();
    next_us += every_us;
    if (next_us < now_us) next_us = now_us - (now_us - next_us) % every_us + every_us;
    share_[kTouchWorker].store(meter_.Share(kTouchWorker, now_us), std::memory_order_relaxed);
    clock.SleepUntilUs(next_us);
  }
}

void BoardProgram::VoiceWork(bool (*stop)(), void (*wake_helpers)()) {
  const FlushDenormals flush;
  while (!stop() && instrument_->VoiceStep(kSliceItems)) {
    wake_helpers();
    meter_.OnSlice();
  }
  share_[kVoiceWorker].store(meter_.Share(kVoiceWorker, platform_.clock().NowUs()), std::memory_order_relaxed);
}

void BoardProgram::HelperWork(uint32_t helper, bool (*stop)()) {
  const FlushDenormals flush;
  while (!stop() && instrument_->HelperStep(helper, kSliceItems)) meter_.OnSlice();
  const uint32_t worker = kFirstHelperWorker + helper;
  share_[worker].store(meter_.Share(worker, platform_.clock().NowUs()), std::memory_order_relaxed);
}

// Of the thread that has most to do for the voice that sounds. Threads: control.
float BoardProgram::VoiceShare() const {
  float most = share_[kVoiceWorker].load(std::memory_order_relaxed);
  for (uint32_t h = 0; h < instrument_->helpers(); ++h) {
    most = std::max(most, share_[kFirstHelperWorker + h].load(std::memory_order_relaxed));
  }
  return most;
}

void BoardProgram::ControlLoop(bool (*stop)()) {
  const FlushDenormals flush;
  Clock& clock = platform_.clock();
  while (!stop()) {
    const uint64_t now_us = clock.NowUs();
    instrument_->SetLoad(VoiceShare(), share_[kTouchWorker].load(std::memory_order_relaxed));
    instrument_->ControlTick(now_us);
    Keep(now_us);
    clock.SleepUntilUs(now_us + kControlEveryUs);
  }
}

// What is written waits for up to a second, and goes to the card in one piece.
void BoardProgram::FilesLoop(bool (*stop)()) {
  const FlushDenormals flush;
  Clock& clock = platform_.clock();
  uint64_t next_us = 0;
  while (!stop()) {
    while (!stop() && instrument_->SceneWork()) {
    }
    const uint64_t now_us = clock.NowUs();
    if (now_us >= next_us) {
      files_->Work();
      next_us = now_us + kKeepEveryUs;
    }
    clock.SleepUntilUs(now_us + kFilesEveryUs);
  }
  files_->Work();
}

void BoardProgram::Recollect() {
  const KeptFiles kept = platform_.Files(conf_);
  files_.reset(new FileKeeper(kept.state_folder, kept.status_file, kept.log_file));
  journal_.reset(new Journal(files_.get()));
  scenes_->SetTouches(&memory_.touches);
  if (!files_->Load(&memory_)) return;
  for (size_t s = 0; s < conf_.scenes.size(); ++s) {
    if (conf_.scenes[s].name == memory_.scene) conf_.first_scene = static_cast<int32_t>(s);
  }
}

// Every tick a look for the log, once a second what is to be remembered.
void BoardProgram::Keep(uint64_t now_us) {
  const StatusReport report = instrument_->Report();
  journal_->Look(now_us, report);
  if (now_us < next_keep_us_) return;
  next_keep_us_ = now_us + kKeepEveryUs;
  instrument_->Remember(&memory_);
  files_->Keep(report, memory_);
}

}  // namespace lodestone
