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
  bool legacy = false;     // /mag as the published instrument sent it
  uint32_t legacy_hz = 0;  // and no more often than that; 0: with every frame
};

// What /status tells; definitions/osc.toml has the meaning of each field.
using StatusReport = StatusMessage;

class OscOut {
 public:
  explicit OscOut(PacketSink* sink)
      : sink_(sink), streams_{true, true, true, true}, packets_(0), used_(0), legacy_us_(0) {}

  void SetStreams(const OscStreams& streams) { streams_ = streams; }

  // Threads: touch. A frame's packets are gathered, and leave together at EndFrame: that is one
  // call of the system where the network has such a call. `measured`: somebody calibrates; counts
  // and field go out whatever the streams are, and /frame before them.
  void SendFrame(const FieldFrame& frame, bool measured);
  void SendTouch(const float* touch, const float* latent, uint32_t latents);
  void EndFrame();

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

  // All streams of four sensors take 10 packets and 1,400 bytes; what does not fit leaves in a
  // second batch.
  static constexpr size_t kFramePackets = 12, kFrameBytes = 2048;

  template <typename Fill>
  void Gather(const Fill& fill) {
    if (packets_ == kFramePackets || kFrameBytes - used_ < kPacketBytes) EndFrame();
    OscWriter packet(gathered_ + used_, kPacketBytes);
    fill(&packet);
    frame_[packets_++] = {packet.data(), packet.size()};
    used_ += packet.size();
  }
  void SendFloats(const char* address, const float* values, uint32_t count);
  // Whether /mag, as the published instrument sent it, goes out with this frame.
  bool LegacyDue(uint64_t now_us);
  // Flags, weights, temperatures and the time of a frame.
  void SendFrameHealth(const FieldFrame& frame);

  PacketSink* sink_;
  OscStreams streams_;
  Packet frame_[kFramePackets];  // Threads: touch
  size_t packets_, used_;
  uint64_t legacy_us_;  // when /mag is due again
  uint8_t gathered_[kFrameBytes];
};

}  // namespace lodestone
