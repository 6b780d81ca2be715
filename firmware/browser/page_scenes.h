// Scenes whose plans a page hands over. Each is loaded once, when it is added, and lent to the
// instrument whenever it plays: a change of scenes then costs the audio thread no more than
// clearing memories.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "firmware/instrument/engine_parts.h"
#include "firmware/instrument/scene.h"

namespace lodestone {

struct PlanBytes {
  const void* data;
  size_t size;
};

// How a voice's latents are spread: mean, then standard deviation of each. For a touch that was
// made for no voice and gives standard deviations; count 0: the touch was made for this voice.
struct Spread {
  const float* values;
  uint32_t count;
};

// The engines of one voice plan. Two: while scenes change, the one that goes and the one that comes
// may be of one voice.
struct KeptVoice {
  static constexpr int kMost = 2;
  uint32_t crc;
  size_t bytes;
  std::unique_ptr<EngineVoice> engines[kMost];
  bool lent[kMost];
};

class PageScenes : public SceneLoader {
 public:
  PageScenes(uint32_t sample_rate_hz, uint32_t longest_block, KernelSet kernels)
      : sample_rate_hz_(sample_rate_hz), longest_block_(longest_block), kernels_(kernels) {}

  // False with one line in `error` (wanted, got, what to do) where the two plans do not play
  // together; all scenes stay as they were. Takes some milliseconds.
  bool Add(const char* name, PlanBytes touch, PlanBytes voice, Spread spread, char* error,
           size_t error_bytes);

  int32_t count() const override { return static_cast<int32_t>(kept_.size()); }
  const char* name(int32_t index) const override {
    return kept_[static_cast<size_t>(index)].name.c_str();
  }
  std::unique_ptr<Scene> Load(int32_t index, char* error, size_t error_bytes) override;

 private:
  struct Kept {
    std::string name;
    std::unique_ptr<EngineTouch> touch;
    KeptVoice* voice;
    std::vector<float> mean, std;  // where the touch gives standard deviations
    std::vector<uint8_t> fresh;    // the touch's state before its first frame
  };

  KeptVoice* Keep(PlanBytes voice, char* error, size_t error_bytes);
  bool Fits(uint32_t latents, const VoiceInfo& voice, char* error, size_t error_bytes) const;

  uint32_t sample_rate_hz_, longest_block_;
  KernelSet kernels_;
  std::vector<std::unique_ptr<KeptVoice>> voices_;
  std::vector<Kept> kept_;
};

}  // namespace lodestone
