#include "firmware/platform/board_program.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

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

BoardProgram* running = nullptr;

InstrumentSettings SettingsOf(const BoardConf& conf, uint32_t sample_rate_hz, uint32_t block_frames) {
  InstrumentSettings settings;
  settings.sample_rate_hz = sample_rate_hz;
  settings.block_frames = block_frames;
  settings.prefill_frames = conf.prefill_frames;
  settings.crossfade_s = static_cast<float>(conf.crossfade_ms) * 1e-3f;
  settings.heartbeat_timeout_us = static_cast<uint64_t>(conf.heartbeat_ms) * 1000u;
  settings.streams = {conf.send_mag, conf.send_field, conf.send_touch, conf.send_latent};
  settings.carries_two = conf.carries_two;
  return settings;
}

}  // namespace

BoardProgram* BoardProgram::Running() { return running; }

BoardProgram::BoardProgram(const std::string& folder, uint32_t sample_rate_hz, uint32_t block_frames)
    : helpers_(0), next_keep_us_(0), restarts_(), control_pulse_(0), control_pulsed_frames_(0), touch_share_(0.0f), voice_share_(0.0f), helper_share_() {
  std::string conf_trouble, sensor_trouble;
  ReadBoardConf(folder + "board.conf", &conf_, &conf_trouble);
  helpers_ = MostHelpers(conf_);
  platform_ = MakePlatform(conf_);
  SensorArraySettings array;
  SensorArrayOf(conf_, &array, &sensor_trouble);
  sensors_.reset(new SensorArray(platform_->bus(), platform_->clock(), array));
  source_.reset(new ArraySource(sensors_.get()));
  InstrumentSettings settings = SettingsOf(conf_, sample_rate_hz, block_frames);
  for (int s = 0; s < kSensors; ++s) {
    settings.sensors[s] = FactsOf(array.sensor[s]);
    for (int a = 0; a < kAxes; ++a) settings.sensors[s].full_scale_mt[a] = sensors_->FullScaleMt(s, a);
  }
  scenes_.reset(new PlanScenes(conf_, folder, sample_rate_hz, settings.prefill_frames));
  instrument_.reset(new Instrument(settings, source_.get(), &platform_->network(), scenes_.get()));
  instrument_->SetTaps(Hooks().voice_tap, Hooks().mode_tap);
  Recollect();
  instrument_->SetTrouble(Cause::kSettings, conf_trouble.c_str());
  instrument_->SetTrouble(Cause::kSensorConf, sensor_trouble.c_str());
  TellPlatform();
  instrument_->Begin(conf_.first_scene, platform_->clock().NowUs());
  instrument_->Recall(memory_);
  // A page fault in the audio thread is a dropout.
  if (Hooks().clock == nullptr && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
    journal_->Note(0, ("memory is not locked: " + std::string(strerror(errno))).c_str());
  }
  watch_.Start(platform_->clock().NowUs());
  running = this;
}

BoardProgram::~BoardProgram() { running = nullptr; }

// Goes round until the program stops. Whatever throws ends this loop alone, and render() asks for it again.
template <typename Body>
void BoardProgram::Run(Loop loop, bool (*stop)(), const Body& body) {
  const FlushDenormals flush;
  Clock& clock = platform_->clock();
  watch_.Begin(loop, clock.NowUs());
  try {
    while (!stop()) {
      body();
      watch_.Beat(loop, clock.NowUs());
    }
  } catch (const std::exception& error) {
    files_->OnLine(clock.NowUs(), (std::string("a loop has stopped: ") + error.what()).c_str());
  }
  watch_.End(loop, clock.NowUs());
}

// Frames begin on a fixed grid; a tick that took too long costs frames, not pace.
void BoardProgram::TouchLoop(bool (*stop)()) {
  Clock& clock = platform_->clock();
  const uint64_t every_us = 1000000u / conf_.frame_rate_hz;
  uint64_t next_us = clock.NowUs();
  Run(Loop::kTouch, stop, [&] {
    instrument_->TouchTick();
    const uint64_t now_us = clock.NowUs();
    next_us += every_us;
    if (next_us < now_us) next_us = now_us - (now_us - next_us) % every_us + every_us;
    if (Hooks().clock == nullptr) touch_share_.store(touch_load_.Update(now_us), std::memory_order_relaxed);
    clock.SleepUntilUs(next_us);
  });
}

void BoardProgram::VoiceWork(bool (*stop)(), void (*wake_helpers)()) {
  const FlushDenormals flush;
  Clock& clock = platform_->clock();
  while (!stop() && instrument_->VoiceStep(kSliceItems)) {
    wake_helpers();
    ChargeSlice();
  }
  watch_.Beat(Loop::kVoice, clock.NowUs());
  if (Hooks().clock == nullptr) voice_share_.store(voice_load_.Update(clock.NowUs()), std::memory_order_relaxed);
}

void BoardProgram::HelperWork(uint32_t helper, bool (*stop)()) {
  const FlushDenormals flush;
  Clock& clock = platform_->clock();
  while (!stop() && instrument_->HelperStep(helper, kSliceItems)) ChargeSlice();
  if (Hooks().clock != nullptr) return;
  helper_share_[helper].store(helper_load_[helper].Update(clock.NowUs()), std::memory_order_relaxed);
}

// Of the thread that has most to do for the voice that sounds. Threads: control.
float BoardProgram::VoiceShare() const {
  float most = voice_share_.load(std::memory_order_relaxed);
  for (uint32_t h = 0; h < instrument_->helpers(); ++h) most = std::max(most, helper_share_[h].load(std::memory_order_relaxed));
  return most;
}

// In simulation a slice takes as long as it is told to.
void BoardProgram::ChargeSlice() {
  if (Hooks().voice_slice_us == 0) return;
  Clock& clock = platform_->clock();
  const uint64_t now_us = clock.NowUs();
  double factor = 1.0;
  for (const Slowness& slow : Hooks().slow) {
    if (static_cast<double>(now_us) >= slow.from_s * 1e6 && static_cast<double>(now_us) < slow.to_s * 1e6) factor = slow.factor;
  }
  clock.SleepUntilUs(now_us + static_cast<uint64_t>(factor * Hooks().voice_slice_us));
}

void BoardProgram::ControlLoop(bool (*stop)()) {
  Clock& clock = platform_->clock();
  Run(Loop::kControl, stop, [&] {
    const uint64_t now_us = clock.NowUs();
    instrument_->SetLoad(VoiceShare(), touch_share_.load(std::memory_order_relaxed));
    instrument_->ControlTick(now_us);
    LookAtLoops(now_us);
    Keep(now_us);
    clock.SleepUntilUs(now_us + kControlEveryUs);
  });
}

// Threads: control.
void BoardProgram::LookAtLoops(uint64_t now_us) {
  constexpr Cause kCauses[kLoops] = {Cause::kTouchLoop, Cause::kControlLoop, Cause::kFilesLoop, Cause::kVoiceLoop};
  if (!instrument_->VoiceDue()) watch_.Beat(Loop::kVoice, now_us);
  for (int l = 0; l < kLoops; ++l) {
    const Loop loop = static_cast<Loop>(l);
    const char* trouble = loop == Loop::kControl ? nullptr : watch_.Trouble(loop, now_us);
    instrument_->SetTrouble(kCauses[l], trouble != nullptr ? trouble : "");
    if (watch_.Restarts(loop) == restarts_[l]) continue;
    restarts_[l] = watch_.Restarts(loop);
    journal_->Note(now_us, ("a loop that had stopped runs again: " + std::string(LoopName(loop))).c_str());
  }
}

bool BoardProgram::Led(uint64_t frames) {
  const uint32_t rate_hz = instrument_->settings().sample_rate_hz, pulse = watch_.Pulse(Loop::kControl);
  if (pulse != control_pulse_) control_pulsed_frames_ = frames;
  control_pulse_ = pulse;
  if (frames - control_pulsed_frames_ < 2u * rate_hz) return instrument_->led();
  return LedLit({Mode::kOnboard, false, true}, frames * 1000u / rate_hz * 1000u);
}

// What the platform may find put right by itself. Threads: control, or before the threads start.
void BoardProgram::TellPlatform() {
  const std::string port = platform_->PortTrouble();
  instrument_->SetTrouble(Cause::kPort, port.c_str());
  instrument_->SetTrouble(Cause::kBus, platform_->BusTrouble());
}

// What is written waits for up to a second, and goes to the card in one piece.
void BoardProgram::FilesLoop(bool (*stop)()) {
  Clock& clock = platform_->clock();
  uint64_t next_us = 0;
  Run(Loop::kFiles, stop, [&] {
    while (!stop() && instrument_->SceneWork()) watch_.Beat(Loop::kFiles, clock.NowUs());
    const uint64_t now_us = clock.NowUs();
    if (now_us >= next_us) {
      files_->Work(watch_.Trouble(Loop::kControl, now_us));
      next_us = now_us + kKeepEveryUs;
    }
    clock.SleepUntilUs(now_us + kFilesEveryUs);
  });
  files_->Work(nullptr);
}

void BoardProgram::Recollect() {
  const PlatformHooks& hooks = Hooks();
  const bool simulated = hooks.clock != nullptr;
  const auto chosen = [&](const std::string& theirs, const std::string& ours) {
    return hooks.alone ? std::string() : simulated ? theirs : ours;
  };
  files_.reset(new FileKeeper(chosen(hooks.state_folder, conf_.state_folder), chosen(hooks.status_file, conf_.status_file),
                              chosen(hooks.log_file, conf_.log_file)));
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
  instrument_->Remember(&memory_);
  files_->Keep(report, memory_);
}

}  // namespace lodestone
