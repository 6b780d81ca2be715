// One sensor frame to the next: field in, touch graph, latents to the voice, packets to the host.
// Threads: touch.
#pragma once

#include <atomic>
#include <cstdint>

#include "firmware/instrument/osc_out.h"
#include "firmware/instrument/scene.h"

namespace lodestone {

// What the touch thread knows of the sensors, for the status.
struct TouchHealth {
  uint32_t frames;
  uint64_t first_us, last_us;
  uint32_t flags[kSensors];
  float temperature_c[kSensors];
  float valid[kSensors];
  uint16_t identity[kSensors];
  float room[kRoomValues];  // of the touch that plays, as Touch::room()
  uint32_t strange;         // and as Touch::strange()
};

class TouchPlayer {
 public:
  static constexpr uint32_t kRestFrames = 20;
  static constexpr uint64_t kRestTakesUs = 3000000;  // the graph averages the empty board
  static constexpr uint64_t kRestSettlesUs = kRestTakesUs + 2000000;  // and then glides

  TouchPlayer(FieldSource* source, OscOut* out);

  // The scene to play and, while scenes are swapped, the one to come and the one that leaves: their
  // touches run as well, and each leads the one that comes after it. Threads: control.
  void Request(Scene* playing, Scene* coming, Scene* leaving) {
    // In this order, and read in the other: no tick sees a scene that has left the one place and
    // not reached the other. One that is seen in two places runs once.
    leaving_.store(leaving, std::memory_order_release);
    playing_.store(playing, std::memory_order_release);
    coming_.store(coming, std::memory_order_release);
    turns_wanted_.store(turns_.load(std::memory_order_acquire) + 2, std::memory_order_release);
  }
  // True once no tick that may have seen older wishes is under way. Threads: control.
  bool HasSwitched() const {
    return static_cast<int32_t>(turns_.load(std::memory_order_acquire) - turns_wanted_.load()) >= 0;
  }

  // Takes the board as it stands as empty: presses the knob "rest_capture" for a moment. A scene
  // that comes while the board must stand empty takes it as well. Threads: control.
  void AskRest() {
    resting_.store(true, std::memory_order_relaxed);
    rest_asked_.store(true, std::memory_order_release);
  }
  // From AskRest until the rest has settled and is kept, was refused, or left. Threads: control.
  bool resting() const { return resting_.load(std::memory_order_acquire); }
  // Behind it: as Touch::rest_refused_mt(). Threads: control.
  float rest_refused_mt() const { return rest_refused_mt_.load(std::memory_order_relaxed); }
  // Behind it: the scene went before its rest was kept, and the one that plays has none of it.
  // Threads: control.
  bool rest_left() const { return rest_left_.load(std::memory_order_relaxed); }

  // Somebody calibrates: for so many frames all is told. Threads: control.
  void Measure(int32_t frames) { measured_frames_.store(frames, std::memory_order_relaxed); }

  void Tick();

  LatestValue<TouchHealth>& health() { return health_; }

 private:
  void Play(Scene* scene, const Scene* leads, float dt_s);
  void Watch(const Scene* playing);
  void PressRest(const Scene* playing);
  void FollowScene(const Scene* playing);
  void KeepRest(Scene* playing);
  void EndRest(float refused_mt, bool left);

  FieldSource* source_;
  OscOut* out_;
  std::atomic<Scene*> leaving_, playing_, coming_;
  std::atomic<uint32_t> turns_, turns_wanted_;
  FieldFrame frame_;
  uint64_t last_us_;
  std::atomic<bool> rest_asked_, resting_, rest_left_;
  std::atomic<float> rest_refused_mt_;
  std::atomic<int32_t> measured_frames_;
  const Scene* rested_;     // whose rest is taken; only compared
  uint64_t rest_asked_us_;  // when AskRest was heard
  uint64_t rest_at_us_;     // of the last press; 0: kept, or none
  uint32_t rest_frames_;    // for which the knob stays pressed
  TouchHealth seen_;
  LatestValue<TouchHealth> health_;
};

}  // namespace lodestone
