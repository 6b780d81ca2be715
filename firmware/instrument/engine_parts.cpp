#include "firmware/instrument/engine_parts.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "firmware/engine/checked.h"

namespace lodestone {
namespace {

constexpr size_t kAbsent = SIZE_MAX;
constexpr char kKnobPrefix[] = "knob.";
constexpr size_t kKnobPrefixLength = sizeof kKnobPrefix - 1;

// Inputs may be absent (a graph need not use the temperature); of another size they may not.
bool Place(int found, const TensorInfo* info, uint32_t elements, const char* name, size_t* place,
           char* error, size_t error_bytes) {
  *place = kAbsent;
  if (found < 0) return true;
  if (info->elements != elements) {
    std::snprintf(error, error_bytes, "wanted %u values in %s, got %u: compile the plan again",
                  static_cast<unsigned>(elements), name, static_cast<unsigned>(info->elements));
    return false;
  }
  *place = static_cast<size_t>(found);
  return true;
}

bool PlaceInput(const Engine& engine, const char* name, uint32_t elements, size_t* place,
                char* error, size_t bytes) {
  const int found = engine.FindInput(name);
  const TensorInfo* info = found < 0 ? nullptr : &engine.input(static_cast<size_t>(found));
  return Place(found, info, elements, name, place, error, bytes);
}

bool PlaceOutput(const Engine& engine, const char* name, uint32_t elements, size_t* place,
                 char* error, size_t bytes) {
  const int found = engine.FindOutput(name);
  const TensorInfo* info = found < 0 ? nullptr : &engine.output(static_cast<size_t>(found));
  return Place(found, info, elements, name, place, error, bytes);
}

// A number of the card that mapping/touch_card.py writes; a touch made elsewhere may have none.
float LagOf(const char* card) {
  constexpr char kKey[] = "\"lag_ms\":";
  const char* at = std::strstr(card, kKey);
  const float lag_ms = at == nullptr ? 0.0f : std::strtof(at + sizeof kKey - 1, nullptr);
  return lag_ms >= 0.0f && lag_ms <= 1e6f ? lag_ms : 0.0f;
}

}  // namespace

EngineTouch::EngineTouch(Engine engine)
    : engine_(std::move(engine)),
      field_(kAbsent),
      valid_(kAbsent),
      temperature_(kAbsent),
      dt_(kAbsent),
      lead_place_(kAbsent),
      lead_share_(kAbsent),
      touch_(kAbsent),
      latent_(kAbsent),
      room_(kAbsent),
      place_(kAbsent),
      rest_refused_(kAbsent),
      latents_(0),
      lag_ms_(LagOf(engine_.card_json())),
      knobs_(),
      strange_(0),
      in_a_row_(0) {}

std::unique_ptr<EngineTouch> EngineTouch::Make(Engine engine, char* error, size_t error_bytes) {
  std::unique_ptr<EngineTouch> touch(new EngineTouch(std::move(engine)));
  if (!touch->Find(error, error_bytes)) touch.reset();
  return touch;
}

bool EngineTouch::Find(char* error, size_t error_bytes) {
  if (engine_.info().kind != PlanKind::kTouch) {
    std::snprintf(error, error_bytes,
                  "wanted a touch plan, got a voice (%s): exchange the two in the scene",
                  engine_.info().name);
    return false;
  }
  latents_ = engine_.info().latents;
  if (!PlaceInput(engine_, "field", kTouchValues, &field_, error, error_bytes) ||
      !PlaceInput(engine_, "valid", kSensors, &valid_, error, error_bytes) ||
      !PlaceInput(engine_, "temperature", kSensors, &temperature_, error, error_bytes) ||
      !PlaceInput(engine_, "dt", 1, &dt_, error, error_bytes) ||
      !PlaceInput(engine_, "lead.place", latents_, &lead_place_, error, error_bytes) ||
      !PlaceInput(engine_, "lead.share", 1, &lead_share_, error, error_bytes) ||
      !PlaceOutput(engine_, "touch", kTouchValues, &touch_, error, error_bytes) ||
      !PlaceOutput(engine_, "latent", latents_, &latent_, error, error_bytes) ||
      !PlaceOutput(engine_, "room", kRoomValues, &room_, error, error_bytes) ||
      !PlaceOutput(engine_, "place", latents_, &place_, error, error_bytes) ||
      !PlaceOutput(engine_, "rest_refused", 1, &rest_refused_, error, error_bytes)) {
    return false;
  }
  if (field_ == kAbsent || touch_ == kAbsent || latent_ == kAbsent || latents_ == 0 ||
      latents_ > kMaxLatents) {
    std::snprintf(error, error_bytes,
                  "wanted a touch plan with field in and touch and 1..%u latents out, got %s",
                  static_cast<unsigned>(kMaxLatents), engine_.info().name);
    return false;
  }
  for (size_t i = 0; i < engine_.input_count() && knobs_.size() < kMaxKnobs; ++i) {
    if (std::strncmp(engine_.input(i).name, kKnobPrefix, kKnobPrefixLength) == 0)
      knobs_.push_back(i);
  }
  now_.assign(kTouchValues + latents_ + kRoomValues + latents_ + 1, 0.0f);
  home_.resize(engine_.state_bytes());
  engine_.SaveState(home_.data());
  return true;
}

KnobInfo EngineTouch::knob(uint32_t index) const {
  const TensorInfo& info = engine_.input(knobs_[index]);
  return KnobInfo{info.name + kKnobPrefixLength, info.minimum, info.maximum, info.default_value};
}

const float* EngineTouch::room() const {
  return room_ == kAbsent ? nullptr : now_.data() + kTouchValues + latents_;
}

const float* EngineTouch::place() const {
  const bool whole = place_ != kAbsent && lead_place_ != kAbsent && lead_share_ != kAbsent;
  return whole ? now_.data() + kTouchValues + latents_ + kRoomValues : nullptr;
}

float EngineTouch::rest_refused_mt() const { return now_.back(); }

void EngineTouch::Lead(const float* place, float share) {
  if (this->place() == nullptr) return;
  if (place != nullptr)
    std::memcpy(engine_.input_data(lead_place_), place, sizeof(float) * latents_);
  *engine_.input_data(lead_share_) = share;
}

void EngineTouch::Run(const FieldFrame& frame, float dt_s) {
  std::memcpy(engine_.input_data(field_), frame.field_mt, sizeof frame.field_mt);
  if (valid_ != kAbsent) std::memcpy(engine_.input_data(valid_), frame.valid, sizeof frame.valid);
  if (temperature_ != kAbsent) {
    std::memcpy(engine_.input_data(temperature_), frame.temperature_c, sizeof frame.temperature_c);
  }
  if (dt_ != kAbsent) *engine_.input_data(dt_) = dt_s;
  engine_.Run();
  const float* from[] = {engine_.output_data(touch_), engine_.output_data(latent_),
                         room_ == kAbsent ? nullptr : engine_.output_data(room_),
                         place_ == kAbsent ? nullptr : engine_.output_data(place_),
                         rest_refused_ == kAbsent ? nullptr : engine_.output_data(rest_refused_)};
  const uint32_t counts[] = {kTouchValues, latents_, kRoomValues, latents_, 1};
  constexpr int kParts = 5;
  for (int part = 0; part < kParts; ++part) {
    if (from[part] != nullptr && !AreFinite(from[part], counts[part])) return Recover();
  }
  in_a_row_ = 0;
  float* to = now_.data();
  for (int part = 0; part < kParts; ++part) {
    if (from[part] != nullptr) std::memcpy(to, from[part], counts[part] * sizeof(float));
    to += counts[part];
  }
}

// A state with "no number" in it would keep it for good. The good one may be spoiled, too, where it
// came from a file: then it begins from nothing.
void EngineTouch::Recover() {
  ++strange_;
  if (++in_a_row_ > 1)
    engine_.Reset();
  else
    engine_.LoadState(home_.data());
}

void EngineTouch::SaveState(void* to) {
  engine_.SaveState(home_.data());
  std::memcpy(to, home_.data(), home_.size());
}

void EngineTouch::LoadState(const void* from) {
  std::memcpy(home_.data(), from, home_.size());
  engine_.LoadState(from);
}

VoiceInfo VoiceInfoOf(const Engine& engine) {
  const PlanInfo& plan = engine.info();
  VoiceInfo info = VoiceInfo();
  std::memcpy(info.name, plan.name, sizeof info.name);
  info.sample_rate_hz = plan.sample_rate_hz;
  info.hop = plan.hop;
  info.frames = plan.frames;
  info.latents = plan.latents;
  info.channels = plan.channels;
  info.delay_samples = plan.delay_samples;
  info.macs_per_second = plan.macs_per_second;
  return info;
}

EngineVoice::EngineVoice(Engine engine)
    : engine_(std::move(engine)), info_(), latent_(kAbsent), audio_(kAbsent) {}

std::unique_ptr<EngineVoice> EngineVoice::Make(Engine engine, char* error, size_t error_bytes) {
  std::unique_ptr<EngineVoice> voice(new EngineVoice(std::move(engine)));
  if (!voice->Find(error, error_bytes)) voice.reset();
  return voice;
}

bool EngineVoice::Find(char* error, size_t error_bytes) {
  const PlanInfo& plan = engine_.info();
  if (plan.kind != PlanKind::kVoice) {
    std::snprintf(error, error_bytes,
                  "wanted a voice plan, got a touch (%s): exchange the two in the scene",
                  plan.name);
    return false;
  }
  info_ = VoiceInfoOf(engine_);
  if (!PlaceInput(engine_, "latent", plan.latents * plan.frames, &latent_, error, error_bytes) ||
      !PlaceOutput(engine_, "audio", plan.channels * plan.block(), &audio_, error, error_bytes)) {
    return false;
  }
  if (latent_ == kAbsent || audio_ == kAbsent || plan.latents == 0 || plan.latents > kMaxLatents ||
      plan.block() == 0 || plan.channels == 0) {
    std::snprintf(
        error, error_bytes,
        "wanted a voice plan with 1..%u latents in and audio out, got %s: compile the plan again",
        static_cast<unsigned>(kMaxLatents), plan.name);
    return false;
  }
  return true;
}

}  // namespace lodestone
