#include "firmware/instrument/instrument.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "firmware/instrument/version.h"

namespace lodestone {
namespace {

constexpr uint64_t kStatusEveryUs = 1000000;
// More packets than this in one control tick (10 ms) wait in the system's queue, which drops what
// it cannot hold.
constexpr int kPacketsPerTick = 64;
constexpr int kMostErrors = 8;  // /error at once; one more each tick
constexpr uint32_t kFastBusHz = 400000;
// Away from the temperature of the calibration: told beyond the one, cured below the other.
constexpr float kWarmK = 12.0f, kWarmAgainK = 10.0f;
constexpr uint64_t kStrangeForUs = 5000000;  // a trouble with numbers is told so long
constexpr size_t kLongestPacket = 1472;      // one Ethernet frame

uint32_t FramesOf(float seconds, uint32_t rate_hz) {
  return static_cast<uint32_t>(seconds * static_cast<float>(rate_hz));
}

}  // namespace

Instrument::Instrument(const InstrumentSettings& settings, FieldSource* source, Network* network,
                       SceneLoader* loader)
    : settings_(settings),
      network_(network),
      out_(network),
      touch_(source, &out_),
      voice_(&ring_, &played_),
      mixer_(&ring_, &played_),
      scenes_(loader, &touch_, &voice_),
      reader_(this, this),
      modes_(settings.heartbeat_timeout_us),
      mode_tap_(nullptr),
      now_us_(0),
      began_us_(0),
      told_us_(0),
      sounding_(Mode::kOnboard),
      muted_(false),
      rung_(0),
      resting_(false),
      tell_(false),
      tell_model_(true),
      tell_sensors_(false),
      tell_scenes_(false),
      tell_troubles_(false),
      tell_knobs_(0),
      errors_left_(kMostErrors),
      refused_(0),
      refusal_(),
      health_(),
      voice_load_(0.0f),
      touch_load_(0.0f),
      button_down_(false),
      led_(false),
      frames_(),
      frames_wanted_(0),
      bus_hz_(0),
      rung_why_() {
  ring_.Allocate(kRingFrames);
  // A block of audio is taken at once, so a shorter prefill would run dry by design.
  settings_.prefill_frames = std::max(settings.prefill_frames, settings.block_frames);
  voice_.SetPace(settings.sample_rate_hz, settings.block_frames, settings_.prefill_frames);
  voice_.SetCarriesTwo(settings.carries_two);
  scenes_.SetRate(settings.sample_rate_hz);
  out_.SetStreams(settings.streams);
  const uint32_t rate = settings.sample_rate_hz;
  mixer_.SetFades(FramesOf(settings.crossfade_s, rate), FramesOf(settings.rescue_s, rate),
                  FramesOf(settings.mute_s, rate));
}

void Instrument::Begin(int32_t first_scene, uint64_t now_us) {
  began_us_ = now_us;
  now_us_ = now_us;
  scenes_.Begin(first_scene);
  KeepTroubles();
  tell_ = true;
  if (mode_tap_ != nullptr) mode_tap_->OnMode(now_us, modes_.asked(), sounding_);
}

void Instrument::SetTaps(VoiceTap* voice, ModeTap* mode) {
  voice_.SetTap(voice);
  scenes_.SetTap(voice);
  mode_tap_ = mode;
}

// A tenth of the frames may be missing for a second without a word.
void Instrument::SetFrames(const FrameReport& frames, uint32_t wanted_hz, uint32_t bus_hz) {
  frames_ = frames;
  frames_wanted_ = wanted_hz;
  bus_hz_ = bus_hz;
  if (frames.rate_hz >= 0.9f * static_cast<float>(wanted_hz)) return SetTrouble("frames", "");
  char line[192], why[96] = "a sensor that hangs, or the load of the core, holds them up";
  if (bus_hz != 0 && bus_hz < kFastBusHz) {
    std::snprintf(why, sizeof why, "their bus runs at %u kHz, see docs/board.md, bus speed",
                  static_cast<unsigned>(bus_hz / 1000));
  }
  std::snprintf(line, sizeof line, "wanted %u sensor frames a second, got %.0f: %s",
                static_cast<unsigned>(wanted_hz), static_cast<double>(frames.rate_hz), why);
  SetTrouble("frames", line);
}

void Instrument::ControlTick(uint64_t now_us) {
  now_us_ = now_us;
  touch_.health().Read(&health_);
  errors_left_ = std::min(errors_left_ + 1, kMostErrors);
  ReadPackets();
  KeepPanel();
  KeepMode();
  const uint32_t rung = voice_.rung().rung;
  if (rung != rung_) tell_ = true;
  rung_ = rung;
  if (scenes_.Tick()) {
    tell_ = tell_model_ = true;
    tell_knobs_ = ~0u;
    if (scenes_.trouble()[0] != '\0') OnRefused("/scene", scenes_.trouble());
  }
  if (plan_comes_ && scenes_.replaced()) {
    plan_comes_ = false;
    TellPlan(-1, true, scenes_.replace_trouble());
  }
  KeepTroubles();
  for (int s = 0; s < kSensors && tell_sensors_; ++s) {
    out_.SendSensor(s, settings_.sensors[s], health_.identity[s]);
  }
  tell_sensors_ = false;
  if (tell_scenes_) TellScenes();
  if (tell_knobs_ != 0) TellKnobs();
  if (tell_ || now_us - told_us_ >= kStatusEveryUs) Tell();
}

void Instrument::ReadPackets() {
  uint8_t packet[kLongestPacket];
  for (int i = 0; i < kPacketsPerTick; ++i) {
    const size_t bytes = network_->Receive(packet, sizeof packet);
    if (bytes == 0) return;
    reader_.Read(packet, bytes);
  }
}

// A short press goes on to the next mode, a long one takes the board as empty.
void Instrument::KeepPanel() {
  const Press press = button_.Update(button_down_.load(std::memory_order_relaxed), now_us_);
  if (press == Press::kShort)
    AskMode(static_cast<Mode>((static_cast<int>(modes_.asked()) + 1) % kModes));
  Refusal refusal;
  if (press == Press::kLong && !OnRest(&refusal)) OnRefused("/rest", refusal.text());
  bool trouble = troubles_.count() > 0 || voice_.rung().rung > 0;
  for (uint32_t flags : health_.flags) trouble = trouble || (flags & kSensorLost) != 0;
  led_.store(LedLit({sounding_, muted_, trouble, safe_}, now_us_), std::memory_order_relaxed);
}

void Instrument::KeepTroubles() {
  SetTrouble("scene", scenes_.trouble());
  KeepRoom();
  KeepNumbers();
  SetTrouble("hosts", hosts_.Trouble(now_us_));
  KeepRest();
}

// A rest is taken seconds after it was asked for: that it was not is told then.
void Instrument::KeepRest() {
  const bool resting = touch_.resting();
  if (resting == resting_) return;
  resting_ = resting;
  tell_ = true;
  if (resting) return;
  if (touch_.rest_left()) {
    OnRefused("/rest",
              "wanted the scene to stay until its rest was kept, got another one: take "
              "marbles and hands off, and say it again");
  }
  const float moved_mt = touch_.rest_refused_mt();
  if (!(moved_mt > 0.0f)) return;
  char line[200];
  std::snprintf(line, sizeof line,
                "wanted a board that stands still for 3 s, got a field that moved by %.3f mT: take "
                "marbles and hands off, wait until it is as warm as it gets, and say it again",
                static_cast<double>(moved_mt));
  OnRefused("/rest", line);
}

// What the touch graph sees of the room, in words. In steps, so that noise is no news.
void Instrument::KeepRoom() {
  const float* room = health_.room;
  TellRoom("room", room[0],
           "wanted the room of the calibration, got a field of %.2f mT more, the same everywhere "
           "(steel, a magnet or the board was moved): take the marbles off, /rest");
  TellRoom("magnet", room[2],
           "wanted the room of the calibration, got a magnet beside or under the board (%.2f mT at "
           "the nearest sensor): take it away, or the marbles off and /rest");
  TellRoom(
      "steel", room[3],
      "wanted the table of the calibration, got what steel under the board does (%.2f mT): put "
      "wood between or calibrate here; /rest, the marbles off, mends the silence only");
  const float warmer_k = room[1];
  warm_told_ = warmer_k > (warm_told_ ? kWarmAgainK : kWarmK);
  TellRoom(
      "heat", warm_told_ ? warmer_k : 0.0f,
      "wanted the temperature at which the rest was taken, got %.0f degrees away from it: take "
      "the marbles off, /rest, and calibrate when there is time");
}

// A trouble of this name with its figure, or none of it where the figure is 0.
void Instrument::TellRoom(const char* name, float figure, const char* words) {
  char line[208] = "";
  if (figure > 0.0f) std::snprintf(line, sizeof line, words, static_cast<double>(figure));
  SetTrouble(name, line);
}

// Has risen in the last seconds.
bool Instrument::Strange::Rises(uint32_t now, uint64_t now_us) {
  if (now != count) at_us = now != 0 ? now_us : 0;
  count = now;
  if (at_us != 0 && now_us - at_us > kStrangeForUs) at_us = 0;
  return at_us != 0;
}

// A mapping or a voice that divides by nothing somewhere: others' graphs may.
void Instrument::KeepNumbers() {
  const Scene* scene = scenes_.playing();
  char line[192] = "";
  if (strange_touch_.Rises(health_.strange, now_us_) && scene != nullptr) {
    std::snprintf(line, sizeof line,
                  "wanted numbers from the touch %.60s, got none: the last latents are held; turn "
                  "its knobs back, or go to another scene",
                  scene->touch->name());
  }
  SetTrouble("touch", line);
  line[0] = '\0';
  if (strange_voice_.Rises(voice_.strange(), now_us_) && scene != nullptr) {
    std::snprintf(line, sizeof line,
                  "wanted sound from the voice %.60s, got what is no number: the last sound is "
                  "held; go to another scene, and export the voice again",
                  scene->voice->info().name);
  }
  SetTrouble("voice", line);
}

void Instrument::KeepMode() {
  const Mode sounding = modes_.Sounding(now_us_);
  if (sounding == sounding_) return;
  const bool rescue = !modes_.HostLives(now_us_);
  sounding_ = sounding;
  mixer_.SetMode(sounding, rescue);
  tell_ = true;
  if (mode_tap_ != nullptr) mode_tap_->OnMode(now_us_, modes_.asked(), sounding);
}

void Instrument::Tell() {
  tell_ = false;
  told_us_ = now_us_;
  const Scene* scene = scenes_.playing();
  if (tell_model_ && scene != nullptr) out_.SendModel(scene->voice->info(), scene->touch->name());
  tell_model_ = false;
  if (tell_troubles_) TellTroubles();
  out_.Send(Report());  // last: whoever said hello then knows all
}

void Instrument::TellTroubles() {
  tell_troubles_ = false;
  TroubleMessage told;
  told.of = troubles_.count();
  if (told.of == 0) out_.Send(told);
  for (int t = 0; t < troubles_.count(); ++t) {
    told.number = t + 1;
    told.name = troubles_.name(t);
    told.text = troubles_.text(t);
    out_.Send(told);
  }
}

float Instrument::frames_per_second() const {
  const uint64_t span_us = health_.last_us - health_.first_us;
  if (health_.frames < 2 || span_us == 0) return 0.0f;
  return static_cast<float>(static_cast<double>(health_.frames - 1) * 1e6 /
                            static_cast<double>(span_us));
}

uint32_t Instrument::helpers() const {
  const Scene* scene = scenes_.playing();
  const uint32_t rung = voice_.rung().rung;
  return scene != nullptr && rung < scene->voices() ? scene->voice_at(rung).info().helpers : 0;
}

StatusReport Instrument::Report() const {
  StatusReport report = StatusReport();
  const Scene* scene = scenes_.playing();
  report.asked = ModeName(modes_.asked());
  report.sounding = ModeName(sounding_);
  const Scene* told = scenes_.told();
  report.scene = told != nullptr ? told->index : -1;
  report.scene_name = told != nullptr ? told->name : "";
  report.voice_load = voice_load_.load(std::memory_order_relaxed);
  report.touch_load = touch_load_.load(std::memory_order_relaxed);
  report.underruns = static_cast<int32_t>(mixer_.underruns());
  report.frames_per_second = frames_.rate_hz > 0.0f ? frames_.rate_hz : frames_per_second();
  report.frames_wanted = static_cast<int32_t>(frames_wanted_);
  report.frame_jitter_us = static_cast<int32_t>(frames_.jitter_us);
  report.frame_skew_us = static_cast<int32_t>(frames_.skew_us);
  report.frame_software_us = static_cast<int32_t>(frames_.software_us);
  report.frames_ahead = frames_.ahead ? 1 : 0;
  report.bus_hz = static_cast<int32_t>(bus_hz_);
  float sum_c = 0.0f;
  for (int s = 0; s < kSensors; ++s) {
    report.sensor_flags[s] = static_cast<int32_t>(health_.flags[s]);
    sum_c += health_.temperature_c[s];
  }
  report.temperature_c = sum_c / kSensors;
  report.muted = muted_ ? 1 : 0;
  report.uptime_s = static_cast<float>(static_cast<double>(now_us_ - began_us_) * 1e-6);
  report.version = kVersion;
  report.trouble = troubles_.joined();
  report.troubles = troubles_.count();
  report.refused = static_cast<int32_t>(refused_);
  report.refusal = refusal_;
  report.resting = resting_ ? 1 : 0;
  report.prefill = static_cast<int32_t>(voice_.prefill());
  if (scene != nullptr) {
    report.delay_ms = static_cast<float>(
        FieldToSoundMs(scene->voice->info(), report.prefill, settings_.block_frames,
                       settings_.sample_rate_hz, static_cast<double>(frames_per_second())));
    report.touch_ms = scene->touch->lag_ms();
  }
  DescribeRung(&report);
  return report;
}

void Instrument::DescribeRung(StatusReport* report) const {
  const RungReport at = voice_.rung();
  const Scene* scene = scenes_.playing();
  report->rung = static_cast<int32_t>(at.rung);
  if (at.rung == 0 || scene == nullptr) return;
  const char* plays =
      at.rung < scene->voices() ? scene->voice_at(at.rung).info().name : "the sound is held";
  char why[64] = "the load has let up, one rung higher";
  if (at.cause == StepCause::kUnderruns) {
    std::snprintf(why, sizeof why, "%u underruns within %.0f s",
                  static_cast<unsigned>(Ladder::kUnderruns),
                  static_cast<double>(Ladder::kUnderrunsS));
  } else if (at.cause == StepCause::kLoad) {
    std::snprintf(why, sizeof why, "the voice above took %.0f %% of its time",
                  100.0 * static_cast<double>(at.load));
  } else if (at.cause == StepCause::kStuck) {
    std::snprintf(why, sizeof why, "the voice above was stuck");
  }
  std::snprintf(rung_why_, sizeof rung_why_, "%.40s: %s", plays, why);
  report->rung_why = rung_why_;
}

void Instrument::SaveMemory(Memory* memory) {
  constexpr size_t kMostTouches = 8;
  Scene* scene = scenes_.playing();
  memory->mode = modes_.asked();
  if (scene == nullptr) return;
  memory->scene = scene->name;
  memory->knobs.clear();
  for (uint32_t k = 0; k < std::min(scene->touch->knobs(), kMaxKnobs); ++k) {
    if (static_cast<int32_t>(k) == scene->rest_knob) continue;
    memory->knobs.emplace_back(scene->touch->knob(k).name,
                               scene->knob_targets[k].load(std::memory_order_relaxed));
  }
  if (!scene->after_rest_ready.exchange(false, std::memory_order_acquire)) return;
  std::vector<TouchMemory>& touches = memory->touches;
  const uint32_t crc = scene->touch_crc;
  touches.erase(std::remove_if(touches.begin(), touches.end(),
                               [crc](const TouchMemory& touch) { return touch.plan_crc == crc; }),
                touches.end());
  if (touches.size() >= kMostTouches) touches.erase(touches.begin());
  touches.push_back({crc, scene->after_rest});
}

void Instrument::RestoreMemory(const Memory& memory) {
  modes_.Ask(memory.mode);
  const Scene* scene = scenes_.playing();
  if (scene == nullptr || memory.scene != scene->name) return;  // knobs belong to their scene
  Refusal gone;  // a knob that the scene no longer has
  for (const auto& knob : memory.knobs) OnKnob(knob.first.c_str(), knob.second, &gone);
}

}  // namespace lodestone
