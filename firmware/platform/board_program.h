// The program of the board, but for Bela's buffers and threads: settings, platform, sensors,
// scenes, instrument.
#pragma once

#include <memory>
#include <string>

#include "firmware/chips/sensor_array.h"
#include "firmware/instrument/instrument.h"
#include "firmware/instrument/frame_clock.h"
#include "firmware/instrument/latest_value.h"
#include "firmware/instrument/loop_watch.h"
#include "firmware/instrument/panel.h"
#include "firmware/platform/file_keeper.h"
#include "firmware/platform/own_figures.h"
#include "firmware/platform/plan_scenes.h"
#include "firmware/platform/platform.h"
#include "firmware/platform/start_guard.h"

namespace lodestone {

class BoardProgram {
 public:
  // Reads `folder`board.conf. Never fails: whatever is wrong, the board sounds or stays silent,
  // tells why in its status, and can be put right over the network. Not for real time. `world` is
  // what surrounds it: a board's, or a simulator's; it must outlive this.
  BoardProgram(const std::string& folder, uint32_t sample_rate_hz, uint32_t block_frames,
               const World& world);

  // Nothing else may be called before it has begun, but FilesLoop, which waits for it. `safe`:
  // without what the program remembers, and without the player's mapping and network settings. Not
  // for real time.
  void Begin(bool safe);
  // For a board with a button, where that decides about Begin, which FilesLoop then calls. `down`:
  // its level now, `frames` of sound after the start. Threads: audio.
  void LookAtStart(bool down, uint64_t frames);
  // Threads: any.
  bool begun() const { return begun_.load(std::memory_order_acquire); }

  // Bodies of the threads; they return when `stop` says so. VoiceWork returns when the ring is full
  // again, HelperWork when its parts are done, the others run for good. `wake_helpers` is called
  // between slices, when helpers may have become due. FilesLoop does all that may wait for a card
  // or take long: the beginning, scenes, log, memory, status file.
  void TouchLoop(bool (*stop)());
  void VoiceWork(bool (*stop)(), void (*wake_helpers)());
  void HelperWork(uint32_t helper, bool (*stop)());
  void ControlLoop(bool (*stop)());
  void FilesLoop(bool (*stop)());

  // Whether a loop is to be started, at first or again. Threads: audio.
  bool Missing(Loop loop) const { return watch_.Missing(loop); }
  // A block of audio has been played; `voice_due`: the voice is asked for. Threads: audio.
  void OnBlock(uint64_t frames, bool voice_due) { voice_wakes_.OnBlock(frames, voice_due); }
  // Whether the LED shall be lit, `frames` of sound after the start; it blinks fast where control
  // itself hangs. Threads: audio.
  bool Led(uint64_t frames);

  Instrument& instrument() { return *instrument_; }
  Platform& platform() { return platform_; }
  const SensorArray& sensors() const { return *sensors_; }
  const BoardConf& conf() const { return conf_; }
  uint32_t helpers() const { return helpers_; }  // that the scenes' voices need

 private:
  class ArraySource : public FieldSource {
   public:
    ArraySource(SensorArray* array, Clock* clock) : array_(array), clock_(clock), spent_us_(0) {}
    void Read(FieldFrame* frame) override {
      const uint64_t before_us = clock_->NowUs();
      array_->Tick(frame);
      spent_us_ = static_cast<uint32_t>(clock_->NowUs() - before_us);
    }
    uint16_t Identity(int sensor) const override { return array_->Health(sensor).identity; }
    uint32_t spent_us() const { return spent_us_; }  // on the last frame

   private:
    SensorArray* array_;
    Clock* clock_;
    uint32_t spent_us_;
  };

  template <typename Body>
  bool Run(Loop loop, bool (*stop)(), const Body& body);
  void TellStart(const std::string& sensor_trouble);
  bool AwaitStart(bool (*stop)());
  KeptFiles Kept() const;
  void LookAtLoops(uint64_t now_us);
  void TellPlatform();
  void Guard();
  void TellFrames();
  void OpenKeptFiles();
  void Keep(uint64_t now_us);
  void SleepUntil(Loop loop, uint64_t time_us);
  std::string OwnFigures();
  void Enter(uint32_t worker);
  float VoiceShare(uint64_t now_us);

  enum class Start : uint8_t { kUndecided, kUsual, kSafe };

  Platform& platform_;
  LoadMeter& meter_;
  const std::string folder_;
  const uint32_t sample_rate_hz_, block_frames_;
  StartButton start_button_;
  std::atomic<Start> start_;
  std::atomic<bool> begun_;
  bool safe_;
  BoardConf conf_;
  std::string conf_trouble_;
  uint32_t helpers_;
  std::unique_ptr<FileKeeper> files_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<StartGuard> guard_;
  Memory memory_;
  uint64_t next_keep_us_;
  std::unique_ptr<SensorArray> sensors_;
  std::unique_ptr<ArraySource> source_;
  std::unique_ptr<PlanScenes> scenes_;
  std::unique_ptr<Instrument> instrument_;
  LoopWatch watch_;
  uint32_t bus_hz_;  // 0: not known
  LatestValue<FrameReport> frames_;
  uint32_t restarts_[kLoops];       // as last told
  uint32_t control_pulse_;          // as the audio thread saw it last,
  uint64_t control_pulsed_frames_;  // and when it changed
  WakeWatch wakes_[kLoops];
  VoiceWakes voice_wakes_;
  double sounded_s_;        // after power-on; 0: not yet. Threads: control
  bool entered_[kWorkers];  // each is its worker's own
  std::atomic<uint32_t> voice_rounds_;
  uint32_t voice_rounds_seen_;  // Threads: control
};

}  // namespace lodestone
