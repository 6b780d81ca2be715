// The whole instrument for a page: fields and OSC in, sound and OSC out. One thread, the browser's
// audio thread, owns all of it and calls Render; every tick follows from the frames that were
// rendered, so equal input gives equal sound.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "firmware/browser/page_field.h"
#include "firmware/browser/page_scenes.h"
#include "firmware/browser/page_wire.h"
#include "firmware/instrument/instrument.h"

namespace lodestone {

// Every latent vector that a voice consumed, as rows of numbers: scene, block of it, frame of the
// ring where the block begins
// (-1: warming), then the latents. For who compares sounds; what no longer fits is left out.
class ConsumedLog : public VoiceTap {
 public:
  void Keep(size_t numbers) { rows_.reserve(numbers); }
  void OnLatents(const Scene& scene, uint32_t block, int64_t ring_frame, uint64_t,
                 const float* latents, uint32_t count) override {
    if (rows_.size() + 3 + count > rows_.capacity()) return;
    rows_.push_back(static_cast<double>(scene.index));
    rows_.push_back(static_cast<double>(block));
    rows_.push_back(static_cast<double>(ring_frame));
    for (uint32_t i = 0; i < count; ++i) rows_.push_back(static_cast<double>(latents[i]));
  }
  const std::vector<double>& rows() const { return rows_; }

 private:
  std::vector<double> rows_;
};

class PageBoard {
 public:
  static constexpr uint32_t kChannels = 2;
  static constexpr uint32_t kFramesPerSecond = 200;  // of the sensors
  static constexpr uint32_t kControlsPerSecond = 100;

  // `block_frames` is the most that one Render may ask for. `prefill_frames`: the next block of the
  // voice is begun when no more is left, and computed within as many; a shorter one sounds sooner
  // and asks for more at a time.
  PageBoard(uint32_t sample_rate_hz, uint32_t block_frames, uint32_t prefill_frames,
            KernelSet kernels = KernelSet::kBest);

  PageField& field() { return field_; }
  PageWire& wire() { return wire_; }
  bool AddScene(const char* name, PlanBytes touch, PlanBytes voice, Spread spread, char* error,
                size_t error_bytes) {
    return scenes_.Add(name, touch, voice, spread, error, error_bytes);
  }

  // After the first scene has been added: it is warmed, which takes some milliseconds.
  void Begin(int32_t first_scene);

  // [kChannels][frames], one channel after the other; valid until the next call.
  const float* Render(uint32_t frames);

  // One sensor frame at a time of the caller's, without sound: for comparing touches with another
  // simulation.
  void TouchAt(uint64_t now_us);

  // Rooms of so many numbers for what the voices consume; before Begin. None without this call.
  void KeepConsumed(size_t numbers) { consumed_.Keep(numbers); }
  const std::vector<double>& consumed() const { return consumed_.rows(); }

  uint32_t underruns() const { return instrument_->mixer().underruns(); }
  const Instrument& instrument() const { return *instrument_; }

 private:
  uint64_t NowUs() const;
  void StepVoice(uint32_t frames);

  uint32_t sample_rate_hz_, prefill_frames_;
  uint64_t frames_;
  uint64_t touches_, controls_;  // ticks so far
  PageField field_;
  PageWire wire_;
  PageScenes scenes_;
  ConsumedLog consumed_;
  std::unique_ptr<Instrument> instrument_;
  std::vector<float> in_, out_;
};

}  // namespace lodestone
