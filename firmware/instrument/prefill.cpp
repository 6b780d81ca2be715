#include "firmware/instrument/prefill.h"

#include <algorithm>

namespace lodestone {

Prefill::Prefill()
    : rate_hz_(44100.0f),
      period_(0),
      most_(0),
      frames_(0),
      risen_(true),
      underruns_(0),
      lowest_(UINT32_MAX),
      blocks_(0),
      window_from_(0),
      waits_from_(0),
      waits_(false),
      patience_s_(kPatienceS) {}

void Prefill::SetBounds(uint32_t period, uint32_t most, uint32_t sample_rate_hz) {
  period_ = period;
  most_ = std::max(most, period);
  rate_hz_ = static_cast<float>(sample_rate_hz);
  Set(most_);
}

void Prefill::Set(uint32_t frames) {
  frames_.store(std::min(std::max(frames, period_), most_), std::memory_order_relaxed);
}

void Prefill::StartWindow(uint32_t now) {
  window_from_ = now;
  lowest_ = UINT32_MAX;
  blocks_ = 0;
}

void Prefill::Rise() {
  risen_ = true;
  Set(most_);
}

void Prefill::Settle(uint32_t now) {
  if (!risen_) return;
  risen_ = false;
  StartWindow(now);
}

// Of the frames that the prefill holds now, those that were not spare have been used: computing,
// waiting, one period.
uint32_t Prefill::Margin(uint32_t spare) const {
  const uint32_t used = frames() > spare ? frames() - spare : 0;
  return std::max(Frames(kMarginS), used / 4);
}

void Prefill::Look(uint32_t now, uint32_t underruns, uint32_t spare) {
  const bool dry = underruns != underruns_;
  underruns_ = underruns;
  if (dry && !risen_ && frames() < most_) {
    Set(most_);
    patience_s_ = waits_ && now - waits_from_ < Frames(kRelapse * patience_s_)
                      ? std::min(2.0f * patience_s_, kLongestPatienceS)
                      : kPatienceS;
    waits_ = true;
    waits_from_ = now;
  }
  if (dry || risen_) {
    StartWindow(now);
    return;
  }
  if (spare == UINT32_MAX) return;
  ++blocks_;
  lowest_ = std::min(lowest_, spare);
  if (spare < Margin(spare) / 2) {  // nearly dry: half the margin was needed
    Set(frames() + Margin(spare) - spare);
    StartWindow(now);
    return;
  }
  if (now - window_from_ < Frames(kWindowS) || blocks_ < kLeastBlocks) return;
  const uint32_t margin = Margin(lowest_);
  if (lowest_ < margin) Set(frames() + margin - lowest_);
  const bool patient = waits_ && now - waits_from_ < Frames(patience_s_);
  if (lowest_ > margin && !patient) Set(frames() - (lowest_ - margin + 1) / 2);
  StartWindow(now);
}

}  // namespace lodestone
