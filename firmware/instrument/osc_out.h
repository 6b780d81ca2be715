// Says in OSC what the board feels and does. One message a packet: every patch language reads that.
#pragma once

#include <cstdint>

#include "firmware/chips/field_frame.h"
#include "firmware/generated/osc.h"
#include "firmware/instrument/parts.h"

namespace lodestone {

// Which of the continuous streams are sent.
struct OscStreams {
  bool mag, field, touch, latent;
  bool legacy = false;  // /mag as the published instrument sent it
};

// What /status tells; definitions/osc.toml has the meaning of each field.
using StatusReport = StatusMessage;

class OscOut {
 public:
  explicit OscOut(PacketSink* sink) : sink_(sink), streams_{true, true, true, true} {}

  void SetStreams(const OscStreams& streams) { streams_ = streams; }

  // Threads: touch.
  // `measured`: somebody calibrates; counts and field go out whatever the streams are, and /frame
  // before them.
  void SendFrame(const FieldFrame& frame, bool measured);
  void SendTouch(const float* touch, const float* latent, uint32_t latents);

  // Threads: control.
  template <typename Message>
  void Send(const Message& message) {
    uint8_t buffer[kPacketBytes];
    OscWriter packet(buffer, sizeof buffer);
    Write(message, &packet);
    sink_->Send(packet.data(), packet.size());
  }
  void SendModel(const VoiceInfo& voice, const char* touch_name);
  void SendSensor(int sensor, const SensorFacts& facts, uint16_t identity);

 private:
  static constexpr size_t kPacketBytes = 1024;  // 128 latents with their tags and address need 652

  void SendFloats(const char* address, const float* values, uint32_t count);
  // Flags, weights, temperatures and the time of a frame.
  void SendFrameHealth(const FieldFrame& frame);

  PacketSink* sink_;
  OscStreams streams_;
};

}  // namespace lodestone
