// Says in OSC what the board feels and does. One message a packet: every patch language reads that.
#pragma once

#include <cstdint>

#include "firmware/chips/field_frame.h"
#include "firmware/instrument/parts.h"

namespace lodestone {

// Which of the continuous streams are sent.
struct OscStreams {
  bool mag, field, touch, latent;
};

// A second of sensor frames, from the touch thread.
struct FrameReport {
  float rate_hz;         // reached
  uint32_t jitter_us;    // largest deviation of the time between two frames from what was wanted
  uint32_t skew_us;      // between the first and the last sensor of a frame
  uint32_t software_us;  // of a frame besides its sensors, mean
  bool ahead;
};

// What /status tells; see docs/osc.md for the order of the arguments.
struct StatusReport {
  const char* asked_mode;
  const char* sounding_mode;
  int32_t scene;
  const char* scene_name;
  float voice_load, touch_load;     // share of one core, 0..1
  int32_t underruns;
  float frames_per_second;          // reached in the last second
  uint32_t frames_wanted, jitter_us, skew_us, software_us;  // of the last second's frames; FrameReport
  bool ahead;                       // sensors are started ahead of their frame
  uint32_t bus_hz;                  // of the sensors' bus; 0: not known
  int32_t sensor_flags[kSensors];
  float temperature_c;
  int32_t muted;
  float uptime_s;
  const char* version;
  const char* trouble;              // one line, or empty
  int32_t rung;                     // of the scene's ladder, 0: the whole voice
  char rung_why[112];               // what plays instead, and why; empty on the whole voice
};

class OscOut {
 public:
  explicit OscOut(PacketSink* sink) : sink_(sink), streams_{true, true, true, true} {}

  void SetStreams(const OscStreams& streams) { streams_ = streams; }

  // Threads: touch.
  // `measured`: somebody calibrates; counts and field go out whatever the streams are, and /frame before them.
  void SendFrame(const FieldFrame& frame, bool measured);
  void SendTouch(const float* touch, const float* latent, uint32_t latents);

  // Threads: control.
  void SendStatus(const StatusReport& status);
  void SendModel(const VoiceInfo& voice, const char* touch_name);
  void SendSensor(int sensor, const SensorFacts& facts, uint16_t identity);

 private:
  // Flags, weights, temperatures and the time of a frame.
  void SendFrameHealth(const FieldFrame& frame);

  PacketSink* sink_;
  OscStreams streams_;
};

}  // namespace lodestone
