#include "firmware/instrument/osc_out.h"

#include <algorithm>

#include "firmware/osc/osc_writer.h"

namespace lodestone {
namespace {

constexpr size_t kPacketBytes = 1024;  // 128 latents with their tags and address need 652

void SendFloats(const char* address, const float* values, uint32_t count, PacketSink* sink) {
  char tags[kMaxLatents + 1];
  count = std::min(count, kMaxLatents);
  std::fill(tags, tags + count, 'f');
  tags[count] = '\0';
  uint8_t buffer[kPacketBytes];
  OscWriter packet(buffer, sizeof buffer);
  packet.BeginMessage(address, tags);
  for (uint32_t i = 0; i < count; ++i) packet.Float(values[i]);
  packet.EndMessage();
  sink->Send(packet.data(), packet.size());
}

}  // namespace

// Sensors are numbered from 1 and /mag carries raw counts: the published instrument's patches expect both.
void OscOut::SendFrame(const FieldFrame& frame, bool measured) {
  if (measured) SendFrameHealth(frame);
  uint8_t buffer[64];
  for (int s = 0; s < kSensors && (streams_.mag || measured); ++s) {
    OscWriter packet(buffer, sizeof buffer);
    packet.BeginMessage("/mag", "iiii");
    packet.Int(s + 1);
    for (int a = 0; a < kAxes; ++a) packet.Int(frame.counts[s][a]);
    packet.EndMessage();
    sink_->Send(packet.data(), packet.size());
  }
  for (int s = 0; s < kSensors && (streams_.field || measured); ++s) {
    OscWriter packet(buffer, sizeof buffer);
    packet.BeginMessage("/field", "ifff");
    packet.Int(s + 1);
    for (int a = 0; a < kAxes; ++a) packet.Float(frame.field_mt[s][a]);
    packet.EndMessage();
    sink_->Send(packet.data(), packet.size());
  }
}

// Microseconds as a non-negative int wrap after 35 minutes; every patch language reads them.
void OscOut::SendFrameHealth(const FieldFrame& frame) {
  uint8_t buffer[128];
  OscWriter packet(buffer, sizeof buffer);
  packet.BeginMessage("/frame", "iiiiiiffffffff");
  packet.Int(static_cast<int32_t>(frame.sequence & 0x7FFFFFFFu));
  packet.Int(static_cast<int32_t>(frame.time_us & 0x7FFFFFFFu));
  for (int s = 0; s < kSensors; ++s) packet.Int(static_cast<int32_t>(frame.flags[s]));
  for (int s = 0; s < kSensors; ++s) packet.Float(frame.valid[s]);
  for (int s = 0; s < kSensors; ++s) packet.Float(frame.temperature_c[s]);
  packet.EndMessage();
  sink_->Send(packet.data(), packet.size());
}

void OscOut::SendTouch(const float* touch, const float* latent, uint32_t latents) {
  if (streams_.touch) SendFloats("/touch", touch, kTouchValues, sink_);
  if (streams_.latent) SendFloats("/latent", latent, latents, sink_);
}

void OscOut::SendStatus(const StatusReport& status) {
  uint8_t buffer[kPacketBytes];
  OscWriter packet(buffer, sizeof buffer);
  packet.BeginMessage("/status", "ssisffifiiiififssis");
  packet.String(status.asked_mode);
  packet.String(status.sounding_mode);
  packet.Int(status.scene);
  packet.String(status.scene_name);
  packet.Float(status.voice_load);
  packet.Float(status.touch_load);
  packet.Int(status.underruns);
  packet.Float(status.frames_per_second);
  for (int s = 0; s < kSensors; ++s) packet.Int(status.sensor_flags[s]);
  packet.Float(status.temperature_c);
  packet.Int(status.muted);
  packet.Float(status.uptime_s);
  packet.String(status.version);
  packet.String(status.trouble);
  packet.Int(status.rung);
  packet.String(status.rung_why);
  packet.EndMessage();
  sink_->Send(packet.data(), packet.size());
}

void OscOut::SendModel(const VoiceInfo& voice, const char* touch_name) {
  uint8_t buffer[256];
  OscWriter packet(buffer, sizeof buffer);
  packet.BeginMessage("/model", "issiiii");
  packet.Int(static_cast<int32_t>(voice.latents));
  packet.String(voice.name);
  packet.String(touch_name);
  packet.Int(static_cast<int32_t>(voice.sample_rate_hz));
  packet.Int(static_cast<int32_t>(voice.hop));
  packet.Int(static_cast<int32_t>(voice.channels));
  packet.Int(static_cast<int32_t>(voice.delay_samples));
  packet.EndMessage();
  sink_->Send(packet.data(), packet.size());
}

void OscOut::SendSensor(int sensor, const SensorFacts& facts, uint16_t identity) {
  uint8_t buffer[256];
  OscWriter packet(buffer, sizeof buffer);
  packet.BeginMessage("/sensor", "isiifffs");
  packet.Int(sensor + 1);
  packet.String(facts.chip);
  packet.Int(facts.address);
  packet.Int(identity);
  for (int a = 0; a < kAxes; ++a) packet.Float(facts.full_scale_mt[a]);
  packet.String(facts.settings);
  packet.EndMessage();
  sink_->Send(packet.data(), packet.size());
}

}  // namespace lodestone
