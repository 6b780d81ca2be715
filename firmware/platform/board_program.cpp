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
  settings.streams = {conf.streams_mag,    conf.streams_field,  conf.streams_touch,
                      conf.streams_latent, conf.streams_legacy, conf.legacy_rate_hz};
  settings.carries_two = conf.swap == "crossfade";
  return settings;
}

}  // namespace

BoardProgram::BoardProgram(const std::string& folder, uint32_t sample_rate_hz,
                           uint32_t block_frames, const World& world)
    : platform_(*world.platform),
      meter_(*world.meter),
      folder_(folder),
      sample_rate_hz_(sample_rate_hz),
      block_frames_(block_frames),
      start_(Start::kUndecided),
      begun_(false),
      safe_(false),
      helpers_(0),
      next_keep_us_(0),
      bus_hz_(0),
      restarts_(),
      control_pulse_(0),
      control_pulsed_frames_(0),
      sounded_s_(0.0),
      entered_(),
      voice_rounds_(0),
      voice_rounds_seen_(0) {
  ReadBoardConf(folder + "board.conf", &conf_, &conf_trouble_);
  helpers_ = MostHelpers(conf_);
}

void BoardProgram::Begin(bool safe) {
  safe_ = safe;
  if (safe) conf_ = SafeConf(conf_);
  platform_.Open(conf_);
  Guard();
  SensorArraySettings array;
  std::string sensor_trouble;
  SensorArrayOf(conf_, &array, &sensor_trouble);
  sensors_.reset(new SensorArray(platform_.bus(), platform_.clock(), array));
  source_.reset(new ArraySource(sensors_.get(), &platform_.clock()));
  bus_hz_ = platform_.BusHz();
  InstrumentSettings settings = SettingsOf(conf_, sample_rate_hz_, block_frames_);
  for (int s = 0; s < kSensors; ++s) {
    settings.sensors[s] = FactsOf(array.sensor[s]);
    for (int a = 0; a < kAxes; ++a)
      settings.sensors[s].full_scale_mt[a] = sensors_->FullScaleMt(s, a);
  }
  scenes_.reset(new PlanScenes(conf_, folder_, sample_rate_hz_, settings.prefill_frames));
  instrument_.reset(new Instrument(settings, source_.get(), &platform_.network(), scenes_.get()));
  scenes_->SetMeter(&meter_);
  platform_.Watch(instrument_.get());
  OpenKeptFiles();
  TellStart(sensor_trouble);
  TellPlatform();
  instrument_->Begin(conf_.first_scene, platform_.clock().NowUs());
  instrument_->RestoreMemory(memory_);
  const std::string unlocked = platform_.LockMemory();
  if (!unlocked.empty()) journal_->Note(0, unlocked.c_str());
  watch_.Start(platform_.clock().NowUs());
  begun_.store(true, std::memory_order_release);
}

void BoardProgram::TellStart(const std::string& sensor_trouble) {
  instrument_->SetTrouble("settings", conf_trouble_.c_str());
  instrument_->SetTrouble("sensors", sensor_trouble.c_str());
  if (safe_) {
    instrument_->SetSafe();
    instrument_->SetTrouble("start",
                            "the button was held at the start: a safe scene plays, without your "
                            "memory, mapping and network settings; start again for those");
  } else if (guard_->memory_aside()) {
    instrument_->SetTrouble("start",
                            "the program ended twice right after its start: what it remembered is "
                            "set aside in *.aside");
  } else if (guard_->scene_aside()) {
    instrument_->SetTrouble("start",
                            "the program keeps ending right after its start: the first scene is "
                            "left out; flash another version");
  }
}

void BoardProgram::LookAtStart(bool down, uint64_t frames) {
  if (start_.load(std::memory_order_relaxed) != Start::kUndecided) return;
  if (!start_button_.Look(down, frames * 1000000u / sample_rate_hz_)) return;
  start_.store(start_button_.held() ? Start::kSafe : Start::kUsual, std::memory_order_release);
}

// False when the program ends before. Threads: files.
bool BoardProgram::AwaitStart(bool (*stop)()) {
  Clock& clock = platform_.clock();
  while (!begun()) {
    if (stop()) return false;
    const Start start = start_.load(std::memory_order_acquire);
    if (start != Start::kUndecided)
      Begin(start == Start::kSafe);
    else
      clock.SleepUntilUs(clock.NowUs() + kFilesEveryUs);
  }
  return true;
}

KeptFiles BoardProgram::Kept() const {
  KeptFiles kept = platform_.Files(conf_);
  if (safe_) kept.state_folder.clear();
  return kept;
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
  Enter(kTouchWorker);
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
    SleepUntil(Loop::kTouch, frame_clock.Next(began_us, now_us));
    began_us = clock.NowUs();
  });
}

// Only the first time: on a Xenomai each call of Linux would take the voice out of the real-time
// kernel.
void BoardProgram::Enter(uint32_t worker) {
  if (entered_[worker]) return;
  entered_[worker] = true;
  meter_.Enter(worker);
}

void BoardProgram::VoiceWork(bool (*stop)(), void (*wake_helpers)()) {
  const FlushDenormals flush;
  Enter(kVoiceWorker);
  voice_wakes_.OnBegin(sample_rate_hz_);
  while (!stop() && instrument_->VoiceStep(kSliceItems)) {
    wake_helpers();
    meter_.OnSlice();
  }
  voice_rounds_.fetch_add(1, std::memory_order_relaxed);
}

void BoardProgram::HelperWork(uint32_t helper, bool (*stop)()) {
  const FlushDenormals flush;
  Enter(kFirstHelperWorker + helper);
  while (!stop() && instrument_->HelperStep(helper, kSliceItems)) meter_.OnSlice();
}

// Of the thread that has most to do for the voice that sounds. Threads: control.
float BoardProgram::VoiceShare(uint64_t now_us) {
  float most = meter_.Share(kVoiceWorker, now_us);
  for (uint32_t h = 0; h < instrument_->helpers(); ++h)
    most = std::max(most, meter_.Share(kFirstHelperWorker + h, now_us));
  return most;
}

void BoardProgram::ControlLoop(bool (*stop)()) {
  Clock& clock = platform_.clock();
  Run(Loop::kControl, stop, [&] {
    const uint64_t now_us = clock.NowUs();
    instrument_->SetLoad(VoiceShare(now_us), meter_.Share(kTouchWorker, now_us));
    instrument_->ControlTick(now_us);
    LookAtLoops(now_us);
    TellFrames();
    Keep(now_us);
    SleepUntil(Loop::kControl, now_us + kControlEveryUs);
  });
}

// Threads: control.
void BoardProgram::LookAtLoops(uint64_t now_us) {
  const uint32_t rounds = voice_rounds_.load(std::memory_order_relaxed);
  if (rounds != voice_rounds_seen_ || !instrument_->VoiceDue()) watch_.Beat(Loop::kVoice, now_us);
  voice_rounds_seen_ = rounds;
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
  return LedLit({Mode::kOnboard, false, true, false}, frames * 1000u / rate_hz * 1000u);
}

// What may be put right while it plays. Threads: control, or before the threads start.
void BoardProgram::TellPlatform() {
  instrument_->SetTrouble("port", platform_.PortTrouble().c_str());
  instrument_->SetTrouble("bus", platform_.BusTrouble().c_str());
}

// What is written waits for up to a second, and goes to the card in one piece.
void BoardProgram::FilesLoop(bool (*stop)()) {
  if (!AwaitStart(stop)) return;
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
    SleepUntil(Loop::kFiles, now_us + kFilesEveryUs);
  });
  files_->Work(nullptr);
  if (stopped) guard_->StartSucceeded();
}

// Before anything is read that may be to blame for a crash.
void BoardProgram::Guard() {
  guard_.reset(new StartGuard(Kept().state_folder));
  guard_->Begin();
  if (guard_->scene_aside() && conf_.scenes.size() > 1) {
    conf_.scenes[0].refused = "set aside, for the program kept ending right after its start";
    conf_.first_scene = 1;
  }
}

void BoardProgram::OpenKeptFiles() {
  const KeptFiles kept = Kept();
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
  if (sounded_s_ == 0.0 && instrument_->mixer().has_started()) sounded_s_ = platform_.SinceBootS();
  if (now_us < next_keep_us_) return;
  next_keep_us_ = now_us + kKeepEveryUs;
  TellPlatform();
  instrument_->SaveMemory(&memory_);
  files_->Keep(report, OwnFigures(), memory_);
}

// How late each loop and the voice came to run in the last second (mean and most, us), and more
// that a report wants to know. Threads: control.
std::string BoardProgram::OwnFigures() {
  std::string text;
  for (Loop loop : {Loop::kTouch, Loop::kControl, Loop::kFiles}) {
    text += std::string("late_us_") + LoopName(loop) + " = " +
            wakes_[static_cast<int>(loop)].Take() + "\n";
  }
  text += "late_us_voice = " + voice_wakes_.Take() + "\n";
  const struct {
    const char* name;
    int64_t count;
  } switches[] = {{"audio", meter_.AudioModeSwitches()},
                  {"touch", meter_.ModeSwitches(kTouchWorker)},
                  {"voice", meter_.ModeSwitches(kVoiceWorker)}};
  for (const auto& one : switches) {
    if (one.count >= 0)
      text += std::string("mode_switches_") + one.name + " = " + std::to_string(one.count) + "\n";
  }
  if (const uint32_t kib = ResidentKib()) text += "memory_kib = " + std::to_string(kib) + "\n";
  if (sounded_s_ > 0.0) text += "sounded_s = " + std::to_string(sounded_s_) + "\n";
  return text;
}

// Sleeps, and notes how late it is then.
void BoardProgram::SleepUntil(Loop loop, uint64_t time_us) {
  Clock& clock = platform_.clock();
  clock.SleepUntilUs(time_us);
  const uint64_t now_us = clock.NowUs();
  wakes_[static_cast<int>(loop)].Add(now_us > time_us ? static_cast<uint32_t>(now_us - time_us)
                                                      : 0u);
}

}  // namespace lodestone
