#include "firmware/instrument/osc_out.h"

#include <algorithm>

namespace lodestone {
namespace {

// The published instrument's scale: 0.3 µT a count, in 16 bits that wrap. The field is held far
// inside an int first.
int32_t LegacyCount(float field_mt) {
  const float count = std::min(std::max(field_mt / 0.3e-3f, -1.0e6f), 1.0e6f);
  return static_cast<int16_t>(
      static_cast<uint16_t>(static_cast<int32_t>(count + (count < 0.0f ? -0.5f : 0.5f))));
}

}  // namespace

void OscOut::SendFloats(const char* address, const float* values, uint32_t count) {
  char tags[kMaxLatents + 1];
  count = std::min(count, kMaxLatents);
  std::fill(tags, tags + count, 'f');
  tags[count] = '\0';
  Gather([&](OscWriter* packet) {
    packet->BeginMessage(address, tags);
    for (uint32_t i = 0; i < count; ++i) packet->Float(values[i]);
    packet->EndMessage();
  });
}

void OscOut::EndFrame() {
  if (packets_ > 0) sink_->SendAll(frame_, packets_);
  packets_ = used_ = 0;
}

// Sensors are numbered from 1, as the published instrument's patches expect. Who calibrates is told
// raw counts.
void OscOut::SendFrame(const FieldFrame& frame, bool measured) {
  if (measured) SendFrameHealth(frame);
  const bool counts_go = measured || (streams_.mag && LegacyDue(frame.time_us));
  for (int s = 0; s < kSensors && counts_go; ++s) {
    MagMessage mag;
    mag.sensor = s + 1;
    for (int a = 0; a < kAxes; ++a) {
      mag.counts[a] =
          streams_.legacy && !measured ? LegacyCount(frame.field_mt[s][a]) : frame.counts[s][a];
    }
    Gather([&](OscWriter* packet) { Write(mag, packet); });
  }
  for (int s = 0; s < kSensors && (streams_.field || measured); ++s) {
    FieldMessage field;
    field.sensor = s + 1;
    std::copy(frame.field_mt[s], frame.field_mt[s] + kAxes, field.field);
    Gather([&](OscWriter* packet) { Write(field, packet); });
  }
}

// The frames nearest to an even rate; a bus that stood still is not caught up with.
bool OscOut::LegacyDue(uint64_t now_us) {
  if (!streams_.legacy || streams_.legacy_hz == 0) return true;
  const uint64_t period_us = 1000000u / streams_.legacy_hz;
  if (now_us < legacy_us_) return false;
  legacy_us_ = now_us - legacy_us_ < period_us ? legacy_us_ + period_us : now_us + period_us;
  return true;
}

// Microseconds as a non-negative int wrap after 35 minutes; every patch language reads them.
void OscOut::SendFrameHealth(const FieldFrame& frame) {
  FrameMessage health;
  health.number = static_cast<int32_t>(frame.sequence & 0x7FFFFFFFu);
  health.time_us = static_cast<int32_t>(frame.time_us & 0x7FFFFFFFu);
  for (int s = 0; s < kSensors; ++s) {
    health.flags[s] = static_cast<int32_t>(frame.flags[s]);
    health.weights[s] = frame.valid[s];
    health.temperature_c[s] = frame.temperature_c[s];
  }
  Gather([&](OscWriter* packet) { Write(health, packet); });
}

void OscOut::SendTouch(const float* touch, const float* latent, uint32_t latents) {
  if (streams_.touch) SendFloats(TouchMessage::kAddress, touch, kTouchValues);
  if (streams_.latent) SendFloats(LatentMessage::kAddress, latent, latents);
}

void OscOut::SendModel(const VoiceInfo& voice, const char* touch_name) {
  ModelMessage model;
  model.latents = static_cast<int32_t>(voice.latents);
  model.voice = voice.name;
  model.touch = touch_name;
  model.sample_rate = static_cast<int32_t>(voice.sample_rate_hz);
  model.hop = static_cast<int32_t>(voice.hop);
  model.channels = static_cast<int32_t>(voice.channels);
  model.delay_samples = static_cast<int32_t>(voice.delay_samples);
  Send(model);
}

void OscOut::SendSensor(int sensor, const SensorFacts& facts, uint16_t identity) {
  SensorMessage told;
  told.sensor = sensor + 1;
  told.chip = facts.chip;
  told.address = facts.address;
  told.identity = identity;
  std::copy(facts.full_scale_mt, facts.full_scale_mt + kAxes, told.full_scale_mt);
  told.settings = facts.settings;
  Send(told);
}

}  // namespace lodestone
