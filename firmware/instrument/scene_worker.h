// Does what would keep the control thread from its packets: loads, warms and gives back scenes, one
// job at a time.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "firmware/instrument/scene.h"

namespace lodestone {

class SceneWorker {
 public:
  static constexpr int kWarmBlocks = 10;

  explicit SceneWorker(SceneLoader* loader);
  void SetTap(VoiceTap* tap) { tap_ = tap; }

  // Threads: control, while idle().
  void Load(int32_t index);
  void Warm(
      Scene* scene);  // on its own latents, so that its memories hold sound and its pages are there
  void Release(std::unique_ptr<Scene> scene);
  // Another touch for a scene, kept and loaded with it: `plan`, or where that is empty the one
  // before or after (`way`); with neither it is only looked which one is in force.
  void Replace(int32_t index, std::vector<uint8_t>* plan, int32_t way);

  // The last job is done, or there was none. Threads: control.
  bool idle() const { return !busy_.load(std::memory_order_acquire); }
  // What was loaded, null where it cannot play; error() has one line then, or a warning. Threads:
  // control, while idle().
  std::unique_ptr<Scene> TakeScene() { return std::move(scene_); }
  const char* error() const { return error_; }
  // What is in force after the last Replace. Threads: control, while idle().
  const TouchInForce& in_force() const { return in_force_; }

  // A step of the job: a load, a release, or one block of warming; false when there is no job.
  // Threads: files.
  bool Step();

 private:
  enum class Job { kLoad, kWarm, kRelease, kReplace };

  void Post(Job job);
  bool WarmBlock();
  void KeepAndLoad();

  SceneLoader* loader_;
  VoiceTap* tap_;
  std::atomic<bool> busy_;  // true: the files thread's, with all below
  Job job_;
  int32_t index_, way_;
  std::vector<uint8_t> plan_;
  TouchInForce in_force_;
  Scene* warming_;
  uint32_t warming_rung_;
  int warmed_;
  std::unique_ptr<Scene> scene_;
  char error_[192];
};

}  // namespace lodestone
