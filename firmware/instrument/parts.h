// What the instrument is made of, seen from its logic: a source of field frames, a touch, a voice,
// and a way out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "firmware/chips/field_frame.h"

namespace lodestone {

constexpr uint32_t kMaxLatents = 128;
constexpr uint32_t kMaxKnobs = 32;
constexpr uint32_t kMostHelpers = 2;  // threads that work for the voice thread
constexpr uint32_t kTouchValues = kSensors * kAxes;
constexpr uint32_t kRoomValues = 4;  // mT, K, mT, mT: see Touch::room

// The sensors. Threads: touch only.
class FieldSource {
 public:
  virtual ~FieldSource() {}
  // Reads all four attractors; takes as long as a conversion does.
  virtual void Read(FieldFrame* frame) = 0;
  // The serial (TREF) of a chip, 0 before it has been met.
  virtual uint16_t Identity(int) const { return 0; }
};

// What is fixed about a sensor: whoever calibrates over the network needs it to know the board
// again.
struct SensorFacts {
  char chip[16];
  int32_t address;
  float full_scale_mt[kAxes];
  char settings[128];  // "gain_sel=3 resolution=2,2,2 ..."
};

struct KnobInfo {
  const char* name;  // without "knob."; stays valid as long as the touch does
  float minimum, maximum, default_value;
};

// A touch graph: field in, calibrated touch and latents out. Threads: touch, after it has been
// handed over.
class Touch {
 public:
  virtual ~Touch() {}
  virtual const char* name() const = 0;
  virtual uint32_t latents() const = 0;
  virtual uint32_t knobs() const = 0;
  virtual KnobInfo knob(uint32_t index) const = 0;
  virtual void SetKnob(uint32_t index, float value) = 0;
  virtual void Run(const FieldFrame& frame, float dt_s) = 0;
  virtual const float* touch() const = 0;   // kTouchValues, in -1..1
  virtual const float* latent() const = 0;  // latents()
  // Where the last Run left it, latents() values in sigma: what another touch can be led by. Null:
  // it does not tell, and cannot be led itself.
  virtual const float* place() const { return nullptr; }
  // (place, share) In the next runs another touch's place counts so much, 1: alone, 0: not at all.
  // Null: the place that was given last.
  virtual void Lead(const float*, float) {}
  // How the room differs from that of the calibration, 0: it does not. By how many mT that are the
  // same everywhere, by how many kelvin, by how many mT of a magnet beside the board or under it,
  // by how many mT of steel under it. Null: it does not tell.
  virtual const float* room() const { return nullptr; }
  // Why the last rest that was asked for was not taken: the field moved by so many mT meanwhile. 0:
  // it was taken, or none was asked for.
  virtual float rest_refused_mt() const { return 0.0f; }
  // How many frames gave no finite numbers: what came before them is held then.
  virtual uint32_t strange() const { return 0; }
  // Until half of a small step of the field has come through its smoothing; 0: not known.
  virtual float lag_ms() const { return 0.0f; }
  // Everything it has gathered, a captured rest above all. Threads: touch, or before it has been
  // handed over.
  virtual size_t state_bytes() const = 0;
  virtual void SaveState(void* to) = 0;
  virtual void LoadState(const void* from) = 0;
};

struct VoiceInfo {
  char name[64];
  uint32_t sample_rate_hz, hop, frames, latents, channels, delay_samples;
  float
      macs_per_second;  // multiplications, as its card has them, of the slowest stage; 0: not known
  uint32_t helpers;     // stages besides the one that Step runs
  uint32_t block() const {
    return hop * frames;
  }  // samples of a call, bounded where the plan was loaded
};

// From a field change to its sound, mean: half a sensor frame until it is read, half a block until
// the voice takes it, the ring, the voice's own delay, two blocks of the converters.
inline double FieldToSoundMs(const VoiceInfo& voice, double prefill, uint32_t period,
                             double rate_hz, double frames_per_second) {
  const double samples = 0.5 * voice.block() + prefill + voice.delay_samples + 2.0 * period;
  const double sensor_ms = frames_per_second > 0.0 ? 500.0 / frames_per_second : 0.0;
  return 1e3 * samples / rate_hz + sensor_ms;
}

// A voice graph: latents in, a block of sound out. Threads: voice, after it has been handed over.
//
// A voice may be a chain of stages. Step then runs the last one; each of the `helpers` before it
// works on the block after at the same time, on a thread of its own. So a block sounds `helpers`
// blocks after its latents were taken, which delay_samples includes.
class Voice {
 public:
  virtual ~Voice() {}
  virtual const VoiceInfo& info() const = 0;
  virtual float* latent() = 0;  // [latents, frames], row-major
  virtual bool at_work(uint32_t) const {
    return false;
  }  // (helper) has not done what it was given. Threads: any
  // No helper is at work: a block may begin. Threads: any.
  bool ready() const {
    for (uint32_t h = 0; h < info().helpers; ++h) {
      if (at_work(h)) return false;
    }
    return true;
  }
  virtual void Begin() {}  // latent() has been filled; only while ready()
  virtual bool Step(
      uint32_t work_items) = 0;  // a slice of one block; true when the block is complete
  // A slice of what `helper` has been given by Begin; true when nothing of it is left. Threads: the
  // helper's.
  virtual bool Help(uint32_t, uint32_t) { return true; }  // (helper, work_items)
  virtual bool sounds() const {
    return true;
  }  // false: the block has only filled the stages, audio() is silence
  virtual const float* audio() const = 0;  // [channels, frames * hop], valid until the next Step
  virtual void Reset() = 0;                // at any moment, also while helpers work
};

// A whole block on one thread, before a voice is handed over.
inline void RunBlock(Voice* voice) {
  voice->Begin();
  while (!voice->Step(UINT32_MAX)) {}
  for (uint32_t h = 0; h < voice->info().helpers; ++h) {
    while (!voice->Help(h, UINT32_MAX)) {}
  }
}

struct Packet {
  const uint8_t* data;
  size_t bytes;
};

// Where encoded OSC packets go: to every target of the settings. Threads: touch and control.
class PacketSink {
 public:
  virtual ~PacketSink() {}
  virtual void Send(const uint8_t* packet, size_t bytes) = 0;
  // Those of a frame, in their order.
  virtual void SendAll(const Packet* packets, size_t count) {
    for (size_t p = 0; p < count; ++p) Send(packets[p].data, packets[p].bytes);
  }
};

// Both ways. Only packets of peers that the settings allow come out of Receive.
class Network : public PacketSink {
 public:
  // One packet of at most `capacity` bytes, or 0 when none waits; never blocks. Threads: control.
  virtual size_t Receive(uint8_t* packet, size_t capacity) = 0;
  // The sender of the last received packet wants everything sent to its `port` as well. Threads:
  // control.
  virtual void AnswerTo(uint16_t port) = 0;
  // Whether another guest will have to leave when that sender is answered at `port`. Threads:
  // control.
  virtual bool IsFull(uint16_t) const { return false; }
  // No more to `port` of the sender of the last received packet. Threads: control.
  virtual void Forget(uint16_t) {}
  // Who sent the last received packet, address << 16 | port; 0 where that is not known. Threads:
  // control.
  virtual uint64_t Sender() const { return 0; }
};

}  // namespace lodestone
