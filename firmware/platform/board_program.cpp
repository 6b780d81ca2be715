#include "firmware/platform/board_program.h"

#include <algorithm>

#include "firmware/engine/flush_denormals.h"
#include "firmware/platform/sensor_conf.h"

namespace lodestone {
namespace {

constexpr uint64_t kControlEveryUs = 10000;
constexpr uint64_t kFilesEveryUs = 20000;
constexpr uint64_t kKeepEveryUs = 1000000;  // a card bears that
// Kernel calls of the voice between two looks at the ring and the stop flag: some 30 us each on the
// slowest board.
constexpr uint32_t kSliceItems = 16;

InstrumentSettings SettingsOf(const BoardConf& conf, uint32_t sample_rate_hz,
                              uint32_t block_frames) {
  InstrumentSettings settings;
  settings.sample_rate_hz = sample_rate_hz;
  settings.block_frames = block_frames;
  settings.prefill_frames = conf.prefill_frames;
  settings.crossfade_s = static_cast<float>(conf.crossfade_ms) * 1e-3f;
  settings.heartbeat_timeout_us = static_cast<uint64_t>(conf.heartbeat_ms) * 1000u;
  settings.streams = {conf.streams_mag, conf.streams_field, conf.streams_touch, conf.streams_latent,
                      conf.streams_legacy};
  settings.carries_two = conf.swap == "crossfade";
  return settings;
}

}  // namespace

BoardProgram::BoardProgram(const std::string& folder, uint32_t sample_rate_hz,
                           uint32_t block_frames, const World& world)
    : platform_(*world.platform),
      meter_(*world.meter),
      helpers_(0),
      next_keep_us_(0),
      bus_hz_(0),
      restarts_(),
      control_pulse_(0),
      control_pulsed_frames_(0),
      share_() {
  std::string conf_trouble, sensor_trouble;
  ReadBoardConf(folder + "board.conf", &conf_, &conf_trouble);
  helpers_ = MostHelpers(conf_);
  platform_.Open(conf_);
  Guard(platform_.Files(conf_));
  SensorArraySettings array;
  SensorArrayOf(conf_, &array, &sensor_trouble);
  sensors_.reset(new SensorArray(platform_.bus(), platform_.clock(), array));
  source_.reset(new ArraySource(sensors_.get(), &platform_.clock()));
  bus_hz_ = platform_.BusHz();
  InstrumentSettings settings = SettingsOf(conf_, sample_rate_hz, block_frames);
  for (int s = 0; s < kSensors; ++s) {
    settings.sensors[s] = FactsOf(array.sensor[s]);
    for (int a = 0; a < kAxes; ++a)
      settings.sensors[s].full_scale_mt[a] = sensors_->FullScaleMt(s, a);
  }
  scenes_.reset(new PlanScenes(conf_, folder, sample_rate_hz, settings.prefill_frames));
  instrument_.reset(new Instrument(settings, source_.get(), &platform_.network(), scenes_.get()));
  scenes_->SetMeter(&meter_);
  platform_.Watch(instrument_.get());
  OpenKeptFiles();
  instrument_->SetTrouble("settings", conf_trouble.c_str());
  instrument_->SetTrouble("sensors", sensor_trouble.c_str());
  TellPlatform();
  if (guard_->memory_aside()) {
    instrument_->SetTrouble("start",
                            "the program ended twice right after its start: what it remembered is "
                            "set aside in *.aside");
  } else if (guard_->scene_aside()) {
    instrument_->SetTrouble("start",
                            "the program keeps ending right after its start: the first scene is "
                            "left out; flash another version");
  }
  instrument_->Begin(conf_.first_scene, platform_.clock().NowUs());
  instrument_->RestoreMemory(memory_);
  const std::string unlocked = platform_.LockMemory();
  if (!unlocked.empty()) journal_->Note(0, unlocked.c_str());
  watch_.Start(platform_.clock().NowUs());
}

// Goes round until the program stops, and says whether it came to that. Whatever throws ends this
// loop alone, and render() asks for it again.
template <typename Body>
bool BoardProgram::Run(Loop loop, bool (*stop)(), const Body& body) {
  const FlushDenormals flush;
  Clock& clock = platform_.clock();
  bool stopped = false;
  watch_.Begin(loop, clock.NowUs());
  try {
    while (!stop()) {
      body();
      watch_.Beat(loop, clock.NowUs());
    }
    stopped = true;
  } catch (const std::exception& error) {
    files_->OnLine(clock.NowUs(), (std::string("a loop has stopped: ") + error.what()).c_str());
  }
  watch_.End(loop, clock.NowUs());
  return stopped;
}

void BoardProgram::TouchLoop(bool (*stop)()) {
  Clock& clock = platform_.clock();
  const uint32_t every_us = 1000000u / conf_.frame_rate_hz;
  uint64_t began_us = clock.NowUs();
  FrameClock frame_clock(every_us, began_us);
  FrameWatch frame_watch(every_us);
  Run(Loop::kTouch, stop, [&] {
    instrument_->TouchTick();
    const uint64_t now_us = clock.NowUs();
    const uint32_t software_us = static_cast<uint32_t>(now_us - began_us) - source_->spent_us();
    sensors_->Plan(software_us);
    if (frame_watch.Add(began_us, software_us)) {
      const FrameWatch::Second& second = frame_watch.second();
      FrameReport report;
      report.rate_hz = second.rate_hz;
      report.jitter_us = second.jitter_us;
      report.skew_us = sensors_->Stats().skew_us;
      report.software_us = second.software_us;
      report.ahead = sensors_->ahead();
      frames_.Write(report);
    }
    share_[kTouchWorker].store(meter_.Share(kTouchWorker, now_us), std::memory_order_relaxed);
    clock.SleepUntilUs(frame_clock.Next(began_us, now_us));
    began_us = clock.NowUs();
  });
}

void BoardProgram::VoiceWork(bool (*stop)(), void (*wake_helpers)()) {
  const FlushDenormals flush;
  while (!stop() && instrument_->VoiceStep(kSliceItems)) {
    wake_helpers();
    meter_.OnSlice();
  }
  const uint64_t now_us = platform_.clock().NowUs();
  watch_.Beat(Loop::kVoice, now_us);
  share_[kVoiceWorker].store(meter_.Share(kVoiceWorker, now_us), std::memory_order_relaxed);
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
  Clock& clock = platform_.clock();
  Run(Loop::kControl, stop, [&] {
    const uint64_t now_us = clock.NowUs();
    instrument_->SetLoad(VoiceShare(), share_[kTouchWorker].load(std::memory_order_relaxed));
    instrument_->ControlTick(now_us);
    LookAtLoops(now_us);
    TellFrames();
    Keep(now_us);
    clock.SleepUntilUs(now_us + kControlEveryUs);
  });
}

// Threads: control.
void BoardProgram::LookAtLoops(uint64_t now_us) {
  if (!instrument_->VoiceDue()) watch_.Beat(Loop::kVoice, now_us);
  for (int l = 0; l < kLoops; ++l) {
    const Loop loop = static_cast<Loop>(l);
    const char* trouble = loop == Loop::kControl ? nullptr : watch_.Trouble(loop, now_us);
    instrument_->SetTrouble(LoopName(loop), trouble);
    if (watch_.Restarts(loop) == restarts_[l]) continue;
    restarts_[l] = watch_.Restarts(loop);
    journal_->Note(now_us,
                   ("a loop that had stopped runs again: " + std::string(LoopName(loop))).c_str());
  }
}

// Threads: control.
void BoardProgram::TellFrames() {
  FrameReport frames = FrameReport();
  if (!frames_.Read(&frames)) return;
  instrument_->SetFrames(frames, conf_.frame_rate_hz, bus_hz_);
}

bool BoardProgram::Led(uint64_t frames) {
  const uint32_t rate_hz = instrument_->settings().sample_rate_hz,
                 pulse = watch_.Pulse(Loop::kControl);
  if (pulse != control_pulse_) control_pulsed_frames_ = frames;
  control_pulse_ = pulse;
  if (frames - control_pulsed_frames_ < 2u * rate_hz) return instrument_->led();
  return LedLit({Mode::kOnboard, false, true}, frames * 1000u / rate_hz * 1000u);
}

// What may be put right while it plays. Threads: control, or before the threads start.
void BoardProgram::TellPlatform() {
  instrument_->SetTrouble("port", platform_.PortTrouble().c_str());
  instrument_->SetTrouble("bus", platform_.BusTrouble().c_str());
}

// What is written waits for up to a second, and goes to the card in one piece.
void BoardProgram::FilesLoop(bool (*stop)()) {
  Clock& clock = platform_.clock();
  const uint64_t lasts_us = clock.NowUs() + StartGuard::kLastsUs;
  uint64_t next_us = 0;
  const bool stopped = Run(Loop::kFiles, stop, [&] {
    while (!stop() && instrument_->SceneWork()) watch_.Beat(Loop::kFiles, clock.NowUs());
    const uint64_t now_us = clock.NowUs();
    if (now_us >= next_us) {
      files_->Work(watch_.Trouble(Loop::kControl, now_us));
      next_us = now_us + kKeepEveryUs;
      if (now_us >= lasts_us) guard_->StartSucceeded();
    }
    clock.SleepUntilUs(now_us + kFilesEveryUs);
  });
  files_->Work(nullptr);
  if (stopped) guard_->StartSucceeded();
}

// Before anything is read that may be to blame for a crash.
void BoardProgram::Guard(const KeptFiles& kept) {
  guard_.reset(new StartGuard(kept.state_folder));
  guard_->Begin();
  if (guard_->scene_aside() && conf_.scenes.size() > 1) {
    conf_.scenes[0].refused = "set aside, for the program kept ending right after its start";
    conf_.first_scene = 1;
  }
}

void BoardProgram::OpenKeptFiles() {
  const KeptFiles kept = platform_.Files(conf_);
  files_.reset(new FileKeeper(kept.state_folder, kept.status_file, kept.log_file));
  scenes_->SetShelf(kept.state_folder);
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
  TellPlatform();
  instrument_->SaveMemory(&memory_);
  files_->Keep(report, memory_);
}

}  // namespace lodestone
