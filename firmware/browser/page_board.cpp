#include "firmware/browser/page_board.h"

#include <algorithm>

namespace lodestone {
namespace {

constexpr uint32_t kWorkItems = 32;  // of one slice of the voice
// Slices that a block may take in all; those of the voices that ship take fewer.
constexpr uint32_t kSlices = 4096;

InstrumentSettings SettingsOf(uint32_t sample_rate_hz, uint32_t block_frames,
                              uint32_t prefill_frames) {
  InstrumentSettings settings;
  settings.sample_rate_hz = sample_rate_hz;
  settings.block_frames = block_frames;
  settings.prefill_frames = prefill_frames;
  settings.streams = {
      false, false, true,
      true};  // counts and fields cost time that nobody looks at; /measure turns them on
  return settings;
}

}  // namespace

PageBoard::PageBoard(uint32_t sample_rate_hz, uint32_t block_frames, uint32_t prefill_frames,
                     KernelSet kernels)
    : sample_rate_hz_(sample_rate_hz),
      prefill_frames_(std::max(prefill_frames, block_frames)),
      frames_(0),
      touches_(0),
      controls_(0),
      scenes_(sample_rate_hz, Instrument::kRingFrames - std::max(prefill_frames, block_frames),
              kernels),
      instrument_(new Instrument(SettingsOf(sample_rate_hz, block_frames, prefill_frames), &field_,
                                 &wire_, &scenes_)),
      in_(block_frames * kChannels, 0.0f),
      out_(block_frames * kChannels, 0.0f) {}

uint64_t PageBoard::NowUs() const { return frames_ * 1000000u / sample_rate_hz_; }

void PageBoard::Begin(int32_t first_scene) {
  instrument_->SetTaps(&consumed_, nullptr);
  instrument_->Begin(first_scene, NowUs());
}

void PageBoard::TouchAt(uint64_t now_us) {
  field_.SetTime(now_us);
  instrument_->TouchTick();
}

const float* PageBoard::Render(uint32_t frames) {
  const AudioView<const float> in = {in_.data(), kChannels, 1u, frames};
  const AudioView<float> out = {out_.data(), kChannels, 1u, frames};
  instrument_->Render(in, out, frames);
  frames_ += frames;
  for (; touches_ * sample_rate_hz_ < frames_ * kFramesPerSecond; ++touches_) TouchAt(NowUs());
  for (; controls_ * sample_rate_hz_ < frames_ * kControlsPerSecond; ++controls_) {
    instrument_->ControlTick(NowUs());
    instrument_->SceneWork();
  }
  StepVoice(frames);
  return out_.data();
}

// A block is spread over the calls for which the prefill lasts.
void PageBoard::StepVoice(uint32_t frames) {
  const uint32_t slices = std::max(kSlices * frames / prefill_frames_, 1u);
  for (uint32_t i = 0; i < slices && instrument_->VoiceStep(kWorkItems); ++i) {}
}

}  // namespace lodestone
