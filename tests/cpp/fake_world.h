// An instrument between fakes, driven block by block without threads: what each part does can be
// set and seen.
#pragma once

#include <atomic>
#include <cmath>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "firmware/instrument/instrument.h"
#include "firmware/instrument/staged_voice.h"
#include "firmware/osc/osc_reader.h"

namespace lodestone {

constexpr uint32_t kRate = 44100;

// Plays a sine whose pitch is its first latent in hertz, or whatever `wave` says of (sample index,
// latent).
class FakeVoice : public Voice {
 public:
  explicit FakeVoice(uint32_t hop = 512, uint32_t channels = 1, uint32_t frames = 1,
                     float macs = 0.0f, const char* name = "fake")
      : info_() {
    std::snprintf(info_.name, sizeof info_.name, "%s", name);
    info_.macs_per_second = macs;
    info_.sample_rate_hz = kRate;
    info_.hop = hop;
    info_.frames = frames;
    info_.latents = 2;
    info_.channels = channels;
    latent_.assign(2 * frames, 0.0f);
    audio_.assign(channels * frames * hop, 0.0f);
  }
  const VoiceInfo& info() const override { return info_; }
  float* latent() override { return latent_.data(); }
  const float* audio() const override { return audio_.data(); }
  void Reset() override { phase_ = 0.0, computing_ = false, ++resets; }
  bool Step(uint32_t work_items) override {
    if (stalled) return false;
    if (clock != nullptr && work_items != UINT32_MAX && !InTime())
      return false;  // while it is warmed no time passes
    ++blocks;
    if (latents_heard != nullptr) latents_heard->push_back(latent_[0]);
    for (uint32_t i = 0; i < info_.hop * info_.frames; ++i) {
      phase_ += static_cast<double>(latent_[0]) / kRate;
      const float sample = constant != 0.0f
                               ? constant
                               : 0.5f * static_cast<float>(std::sin(6.283185307179586 * phase_));
      for (uint32_t c = 0; c < info_.channels; ++c)
        audio_[c * info_.hop * info_.frames + i] = c == 0 ? sample : -sample;
    }
    return true;
  }
  bool stalled = false;
  float constant = 0.0f;
  const uint64_t* clock =
      nullptr;  // frames that audio has played; a block then takes cost_frames of them
  uint64_t cost_frames = 0;
  uint32_t blocks = 0, resets = 0;
  std::vector<float>* latents_heard = nullptr;  // the first latent of each block

 private:
  bool InTime() {
    if (!computing_) computing_ = true, began_ = *clock;
    if (*clock - began_ < cost_frames) return false;
    computing_ = false;
    return true;
  }

  bool computing_ = false;
  uint64_t began_ = 0;
  VoiceInfo info_;
  std::vector<float> latent_, audio_;
  double phase_ = 0.0;
};

// Hands two values on, and tells what it has done; takes its time as a FakeVoice does.
class FakeStage : public Stage {
 public:
  explicit FakeStage(uint32_t* alive_count = nullptr) : alive(alive_count) {
    if (alive != nullptr) ++*alive;
  }
  ~FakeStage() override {
    if (alive != nullptr) --*alive;
  }
  void Reset() override { computing_ = false, blocks = 0, ++resets; }
  bool Step(uint32_t work_items) override {
    if (stalled) return false;
    if (work_items == UINT32_MAX) return Done();
    if (clock != nullptr && !computing_) computing_ = true, began_ = *clock;
    if (clock != nullptr && *clock - began_ < cost_frames) return false;
    return Done();
  }
  float in[2] = {}, out[2] = {};
  std::atomic<bool> stalled{false};
  const uint64_t* clock = nullptr;
  uint64_t cost_frames = 0;
  uint32_t blocks = 0, resets = 0;
  uint32_t* alive;

 private:
  bool Done() {
    computing_ = false;
    ++blocks;
    out[0] = in[0], out[1] = in[1];
    return true;
  }

  bool computing_ = false;
  uint64_t began_ = 0;
};

// A FakeVoice as the last stage, and `first` stages before it.
struct FakeChain {
  class Last : public Stage {
   public:
    explicit Last(FakeVoice* voice) : voice_(voice) {}
    bool Step(uint32_t work_items) override { return voice_->Step(work_items); }
    void Reset() override { voice_->Reset(); }

   private:
    std::unique_ptr<FakeVoice> voice_;
  };

  FakeChain(FakeVoice* last, std::vector<FakeStage*> first) {
    std::vector<StagedVoice::Link> chain(first.size() + 1);
    for (size_t s = 0; s < first.size(); ++s) {
      chain[s].stage.reset(first[s]);
      chain[s].handovers = {
          {first[s]->out, s + 1 < first.size() ? first[s + 1]->in : last->latent(), 2}};
    }
    chain.back().stage.reset(new Last(last));
    voice.reset(new StagedVoice(last->info(), first[0]->in, last->audio(), std::move(chain)));
  }
  std::unique_ptr<StagedVoice> voice;
};

// The first latent is the field of sensor 1 along x, times the knob "gain"; counts presses of its
// rest button.
class FakeTouch : public Touch {
 public:
  const char* name() const override { return "fake-touch"; }
  uint32_t latents() const override { return 2; }
  uint32_t knobs() const override { return 2; }
  KnobInfo knob(uint32_t index) const override {
    return index == 0 ? KnobInfo{"gain", 0.0f, 10.0f, 1.0f}
                      : KnobInfo{"rest_capture", 0.0f, 1.0f, 0.0f};
  }
  void SetKnob(uint32_t index, float value) override {
    if (index == 0) gain_ = value;
    if (index == 1 && value == 1.0f && !pressed_) ++rest_presses;
    if (index == 1) pressed_ = value == 1.0f, rest_frames += pressed_ && rest_presses == 1 ? 1 : 0;
  }
  void Run(const FieldFrame& frame, float) override {
    latent_[0] = gain_ * frame.field_mt[0][0];
    for (int s = 0; s < kSensors; ++s) touch_[s * kAxes] = frame.field_mt[s][0];
  }
  const float* touch() const override { return touch_; }
  const float* latent() const override { return latent_; }
  size_t state_bytes() const override { return sizeof gain_; }
  void SaveState(void* to) override { std::memcpy(to, &gain_, sizeof gain_); }
  void LoadState(const void* from) override { std::memcpy(&gain_, from, sizeof gain_); }
  float rest_refused_mt() const override { return refused_mt; }
  uint32_t rest_presses = 0, rest_frames = 0;
  float refused_mt = 0.0f;

 private:
  float gain_ = 1.0f, touch_[kTouchValues] = {}, latent_[2] = {};
  bool pressed_ = false;
};

class FakeSource : public FieldSource {
 public:
  void Read(FieldFrame* frame) override {
    *frame = FieldFrame();
    frame->time_us = now_us += 5000;
    for (int s = 0; s < kSensors; ++s) {
      frame->valid[s] = 1.0f;
      for (int a = 0; a < kAxes; ++a) frame->field_mt[s][a] = field_mt;
    }
  }
  uint64_t now_us = 0;
  float field_mt = 440.0f;
};

class FakeNetwork : public Network, private OscListener {
 public:
  void Send(const uint8_t* packet, size_t bytes) override {
    CHECK(ReadOscPacket(packet, bytes, this));
  }
  size_t Receive(uint8_t* packet, size_t) override {
    if (waiting.empty()) return 0;
    const std::vector<uint8_t> next = waiting.front();
    waiting.pop_front();
    std::copy(next.begin(), next.end(), packet);
    return next.size();
  }
  void AnswerTo(uint16_t port) override { answered_to = port; }
  uint64_t Sender() const override { return sender; }

  template <typename Fill>
  void Post(const char* address, const char* tags, Fill fill) {
    uint8_t buffer[256];
    OscWriter writer(buffer, sizeof buffer);
    writer.BeginMessage(address, tags);
    fill(writer);
    writer.EndMessage();
    CHECK(writer.ok());
    waiting.emplace_back(buffer, buffer + writer.size());
  }
  void Post(const char* address) {
    Post(address, "", [](OscWriter&) {});
  }
  void PostText(const char* address, const char* text) {
    Post(address, "s", [&](OscWriter& w) { w.String(text); });
  }
  void PostInt(const char* address, int32_t value) {
    Post(address, "i", [&](OscWriter& w) { w.Int(value); });
  }
  void PostFloat(const char* address, float value) {
    Post(address, "f", [&](OscWriter& w) { w.Float(value); });
  }

  std::deque<std::vector<uint8_t>> waiting;
  std::map<std::string, uint32_t> sent;
  std::string last_trouble, last_sounding, last_rung_why, last_error, last_knob;
  float knob_value = 0.0f;
  int32_t mag = 0;  // the last count
  uint64_t sender = 0;
  uint16_t answered_to = 0;

 private:
  void OnMessage(const OscMessage& message) override {
    ++sent[message.address];
    const std::string address = message.address;
    if (address == ErrorMessage::kAddress) {
      last_error =
          Text(message, ErrorMessage::kAddressAt) + ": " + Text(message, ErrorMessage::kReasonAt);
    } else if (address == KnobsMessage::kAddress) {
      last_knob = Text(message, KnobsMessage::kNameAt);
      CHECK(message.AsFloat(KnobsMessage::kValueAt, &knob_value));
    } else if (address == MagMessage::kAddress) {
      CHECK(message.AsInt(MagMessage::kCountsAt, &mag));
    } else if (address == StatusMessage::kAddress) {
      last_sounding = Text(message, StatusMessage::kSoundingAt);
      last_trouble = Text(message, StatusMessage::kTroubleAt);
      last_rung_why = Text(message, StatusMessage::kRungWhyAt);
    }
  }
  static std::string Text(const OscMessage& message, uint32_t place) {
    const char* text = nullptr;
    CHECK(message.AsText(place, &text));
    return text;
  }
};

class FakeLoader : public SceneLoader {
 public:
  using Make = std::function<std::unique_ptr<Scene>()>;
  int32_t count() const override { return static_cast<int32_t>(makers.size()); }
  std::unique_ptr<Scene> Load(int32_t index, char* error, size_t bytes) override {
    std::unique_ptr<Scene> scene = makers[static_cast<size_t>(index)]();
    if (!scene)
      std::snprintf(error, bytes, "scene %d is broken", static_cast<int>(index));
    else
      scene->index = index;
    return scene;
  }
  std::vector<Make> makers;
};

inline std::unique_ptr<Scene> SceneOf(Voice* voice) {
  std::unique_ptr<Scene> scene(new Scene);
  scene->touch.reset(new FakeTouch);
  scene->voice.reset(voice);
  scene->ResetKnobs();
  return scene;
}

struct World {
  explicit World(InstrumentSettings settings = InstrumentSettings())
      : block(settings.block_frames) {
    loader.makers.push_back([this] { return SceneOf(voice = new FakeVoice); });
    this->settings = settings;
  }

  void Begin() {
    instrument.reset(new Instrument(settings, &source, &network, &loader));
    instrument->Begin(0, 0);
  }

  // Plays on; touch every 5 ms, control every 10 ms, voice as soon as it is due.
  void Play(double seconds) {
    if (!instrument) Begin();
    std::vector<float> in(block * in_channels), out(block * out_channels);
    for (const uint64_t end = frame + static_cast<uint64_t>(seconds * kRate); frame < end;
         frame += block) {
      const uint64_t now_us = frame * 1000000 / kRate;
      for (; next_touch_us <= now_us; next_touch_us += 5000) instrument->TouchTick();
      for (; next_control_us <= now_us; next_control_us += 10000) {
        if (heart_beats) network.Post("/heartbeat");
        instrument->ControlTick(now_us);
        if (now_us >= next_files_us && files_work) instrument->SceneWork();
      }
      for (int steps = 0; instrument->VoiceDue() && steps < 100 && instrument->VoiceStep(16);
           ++steps) {}
      for (uint32_t h = 0; h < kMostHelpers; ++h) {
        for (int steps = 0; helpers_work && instrument->HelperDue(h) && steps < 100; ++steps)
          instrument->HelperStep(h, 16);
      }
      for (float& sample : in) sample = host;
      for (float& sample : out) sample = 1.0e6f;
      instrument->Render({in.data(), in_channels, in_channels, 1},
                         {out.data(), out_channels, out_channels, 1}, block);
      heard.insert(heard.end(), out.begin(), out.end());
    }
  }

  float At(uint64_t f, uint32_t channel = 0) const { return heard[f * out_channels + channel]; }
  float Loudest(uint64_t from, uint64_t to) const {
    float loudest = 0.0f;
    for (uint64_t f = from; f < to; ++f) loudest = std::fmax(loudest, std::fabs(At(f)));
    return loudest;
  }
  double LargestStep(uint64_t from, uint64_t to, uint32_t channel = 0) const {
    double largest = 0.0;
    for (uint64_t f = from + 1; f < to; ++f) {
      largest = std::fmax(largest, std::fabs(static_cast<double>(At(f, channel)) -
                                             static_cast<double>(At(f - 1, channel))));
    }
    return largest;
  }

  FakeSource source;
  FakeNetwork network;
  FakeLoader loader;
  FakeVoice* voice = nullptr;  // of the scene made last
  InstrumentSettings settings;
  std::unique_ptr<Instrument> instrument;
  uint32_t block, in_channels = 2, out_channels = 2;
  uint64_t frame = 0, next_touch_us = 0, next_control_us = 0;
  uint64_t next_files_us = 0;  // the files thread is at something long until then
  bool heart_beats = false, files_work = true, helpers_work = true;
  float host = 0.0f;
  std::vector<float> heard;
};

}  // namespace lodestone
