// The whole instrument without threads: five entry points, each called by one thread on the board
// and by one loop in simulation, and one for each helper of a voice of several stages. They meet in
// the scenes' latest-value slots, one ring, the helpers' queues, and atomics.
#pragma once

#include <atomic>
#include <cstdint>

#include "firmware/instrument/command_reader.h"
#include "firmware/instrument/frame_clock.h"
#include "firmware/instrument/hosts.h"
#include "firmware/instrument/memory.h"
#include "firmware/instrument/mixer.h"
#include "firmware/instrument/mode_keeper.h"
#include "firmware/instrument/osc_out.h"
#include "firmware/instrument/panel.h"
#include "firmware/instrument/plan_inbox.h"
#include "firmware/instrument/played.h"
#include "firmware/instrument/scene_keeper.h"
#include "firmware/instrument/touch_player.h"
#include "firmware/instrument/troubles.h"
#include "firmware/instrument/voice_player.h"

namespace lodestone {

struct InstrumentSettings {
  uint32_t sample_rate_hz = 44100;
  uint32_t block_frames = 16;  // of the audio thread
  uint32_t prefill_frames =
      1024;  // at most: the next voice block is begun when the ring holds no more than this
  float crossfade_s = 0.3f;  // between board and host
  float rescue_s = 0.03f;    // to the board, when the host has died
  float mute_s = 0.02f;
  uint64_t heartbeat_timeout_us = 300000;
  OscStreams streams = {true, true, true, true};
  bool carries_two = true;  // voices at once, while scenes are swapped
  SensorFacts sensors[kSensors] = {};
};

// Told on the control thread whenever another mode sounds.
class ModeTap {
 public:
  virtual ~ModeTap() {}
  virtual void OnMode(uint64_t now_us, Mode asked, Mode sounding) = 0;
};

class Instrument : private Commands, private RefusalSink {
 public:
  // Frames of the ring: a voice whose prefill and block are longer is refused by the loader.
  static constexpr uint32_t kRingFrames = 32768;

  Instrument(const InstrumentSettings& settings, FieldSource* source, Network* network,
             SceneLoader* loader);

  // Before the threads start: the first scene, and what a log wants to see.
  void Begin(int32_t first_scene, uint64_t now_us);
  void SetTaps(VoiceTap* voice, ModeTap* mode);

  // Threads: touch. Reads the sensors, runs the touch graph, hands on the latents, sends OSC.
  void TouchTick() { touch_.Tick(); }

  // Threads: voice. A slice of due work; false when nothing is due.
  bool VoiceStep(uint32_t work_items) { return voice_.Step(work_items); }

  // Threads: audio. Whether the voice is to be woken.
  bool VoiceDue() const { return voice_.due(); }

  // A helper's slice of due work; false when nothing is due. Threads: the helper's. Whether it is
  // to be woken. Threads: audio.
  bool HelperStep(uint32_t helper, uint32_t work_items) { return voice_.Help(helper, work_items); }
  bool HelperDue(uint32_t helper) const { return voice_.help_due(helper); }

  // Threads: audio. Never waits, allocates or calls the system; writes every output channel.
  void Render(const AudioView<const float>& in, const AudioView<float>& out, uint32_t frames) {
    mixer_.Render(in, out, frames);
  }

  // Level of the button, and whether the LED shall be lit. Threads: audio.
  // The program has started without the player's settings, for the button was held: the LED tells
  // it, and that press is none. Before the threads start.
  void SetSafe() {
    safe_ = true;
    button_.Ignore();
    button_down_.store(true, std::memory_order_relaxed);
  }
  void SetButton(bool down) { button_down_.store(down, std::memory_order_relaxed); }
  bool led() const { return led_.load(std::memory_order_relaxed); }

  // Threads: control. Obeys packets, keeps mode and scene, tells the status; takes no time.
  void ControlTick(uint64_t now_us);

  // Threads: files. A step of loading, warming or giving back a scene; false when there is nothing
  // to do.
  bool SceneWork() { return scenes_.Work(); }

  // Share of a core, measured by the loops outside. Threads: any.
  void SetLoad(float voice, float touch) {
    voice_load_.store(voice, std::memory_order_relaxed);
    touch_load_.store(touch, std::memory_order_relaxed);
  }
  // How frames come, and what was wanted; too few are told as a trouble, with the reason. Threads:
  // control.
  void SetFrames(const FrameReport& frames, uint32_t wanted_hz, uint32_t bus_hz);
  // What `name` (one word) is in trouble with, told by /status and /trouble; empty: nothing any
  // more. Threads: control, or before the threads start.
  void SetTrouble(const char* name, const char* text) {
    if (troubles_.Set(name, text)) tell_ = tell_troubles_ = true;
  }

  // What the power may not take: scene, mode, knobs; and a rest, as soon as one has been captured.
  // Threads: control.
  void SaveMemory(Memory* memory);
  // Mode and knobs as remembered; the scene is chosen by Begin. Before the threads start.
  void RestoreMemory(const Memory& memory);

  // Threads: control, or after all have ended.
  const Mixer& mixer() const { return mixer_; }
  const Scene* scene() const { return scenes_.playing(); }
  uint32_t ring_fill() const { return ring_.fill(); }
  uint32_t prefill_frames() const { return voice_.prefill(); }  // at present
  const CommandReader& commands() const { return reader_; }
  const TouchHealth& health() const { return health_; }
  const InstrumentSettings& settings() const { return settings_; }
  Mode sounding() const { return sounding_; }
  float frames_per_second() const;
  uint32_t helpers() const;  // of the voice that sounds
  StatusReport Report() const;

 private:
  // The handlers of the commands: instrument_commands.cpp.
#define LODESTONE_OVERRIDE(Handler, parameters) bool Handler parameters override;
  LODESTONE_COMMANDS(LODESTONE_OVERRIDE)
#undef LODESTONE_OVERRIDE
  void OnRefused(const char* address, const char* reason) override;

  void ReadPackets();
  void AskMode(Mode mode);
  void AddPeer(uint16_t port);
  void KeepTroubles();
  void KeepRest();
  void KeepRoom();
  void KeepNumbers();
  void TellRoom(const char* name, float figure, const char* words);
  void TellKnobs();
  void TellScenes();
  void TellPlan(int32_t missing, bool done, const char* trouble);
  bool PlanComes(int32_t scene, std::vector<uint8_t>* plan, int32_t way);
  void TellTroubles();
  void KeepPanel();
  void KeepMode();
  void Tell();
  void DescribeRung(StatusReport* report) const;

  InstrumentSettings settings_;
  Network* network_;
  SampleRing ring_;
  Played played_;
  OscOut out_;
  TouchPlayer touch_;
  VoicePlayer voice_;
  Mixer mixer_;
  SceneKeeper scenes_;
  PlanInbox inbox_;
  int32_t plan_scene_ = 0;
  bool warm_told_ = false;
  struct Strange {
    uint32_t count = 0;
    uint64_t at_us = 0;  // when it rose last; 0: long ago
    bool Rises(uint32_t now, uint64_t now_us);
  } strange_touch_, strange_voice_;
  bool plan_comes_ = false;  // to be told of when it plays, or cannot
  char plan_about_[9] =
      "";  // checksum of the plan that was sent last and whole; empty: it was turned to
  uint64_t plan_heard_us_ = 0;  // when the last piece of a plan came
  CommandReader reader_;
  ModeKeeper modes_;
  Hosts hosts_;
  ModeTap* mode_tap_;

  uint64_t now_us_, began_us_, told_us_;
  Mode sounding_;
  bool muted_;
  uint32_t rung_;  // last told
  bool resting_;   // last told
  bool tell_, tell_model_, tell_sensors_, tell_scenes_, tell_troubles_;
  uint32_t tell_knobs_;  // a bit for each
  int errors_left_;      // that may be sent now
  uint32_t refused_;     // packets and commands
  char refusal_[240];    // the last one
  TouchHealth health_;
  std::atomic<float> voice_load_, touch_load_;
  std::atomic<bool> button_down_, led_;
  Button button_;
  bool safe_ = false;
  FrameReport frames_;
  uint32_t frames_wanted_, bus_hz_;
  Troubles troubles_;
  mutable char rung_why_[112];
};

}  // namespace lodestone
