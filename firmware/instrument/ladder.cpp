#include "firmware/instrument/ladder.h"

#include <algorithm>

namespace lodestone {

Ladder::Ladder()
    : rate_hz_(44100.0f),
      voice_(),
      voices_(0),
      rung_(0),
      cause_(StepCause::kNone),
      last_cause_(StepCause::kNone),
      since_(0),
      arrived_(0),
      trouble_at_(0),
      underruns_(0),
      recent_(),
      recent_count_(0),
      window_from_(0),
      window_took_(0),
      window_blocks_(0),
      full_windows_(0),
      load_(0.0f),
      load_known_(false),
      quiet_s_(kQuietS),
      came_up_(false) {}

void Ladder::Begin(const Voice* voices, uint32_t count, uint32_t now) {
  voices_ = std::min(count, kMostVoices);
  std::copy(voices, voices + voices_, voice_);
  quiet_s_ = kQuietS;
  came_up_ = false;
  load_ = 0.0f;
  Step(now, 0, StepCause::kNone);
}

void Ladder::Step(uint32_t now, uint32_t rung, StepCause cause) {
  rung_ = rung;
  last_cause_ = cause;
  cause_ = StepCause::kNone;
  since_ = arrived_ = trouble_at_ = now;
  recent_count_ = 0;
  full_windows_ = 0;
  load_known_ = false;
  StartWindow(now);
}

void Ladder::StartWindow(uint32_t now) {
  window_from_ = now;
  window_took_ = 0;
  window_blocks_ = 0;
}

void Ladder::OnBlock(uint32_t now, uint32_t took) {
  if (rung_ >= voices_) return;
  if (!Settled(now)) {
    StartWindow(now);
    return;
  }
  window_took_ += took;
  ++window_blocks_;
  if (now - window_from_ < Frames(kWindowS)) return;
  load_ = static_cast<float>(window_took_) /
          static_cast<float>(window_blocks_ * std::max(voice_[rung_].allowed, 1u));
  load_known_ = true;
  full_windows_ = load_ > kFull ? full_windows_ + 1 : 0;
  if (full_windows_ > 0) trouble_at_ = now;
  if (full_windows_ >= kFullWindows) cause_ = StepCause::kLoad;
  StartWindow(now);
}

void Ladder::OnProgress(uint32_t now, uint32_t underruns, uint32_t took) {
  const uint32_t fresh = underruns - underruns_;
  underruns_ = underruns;
  if (rung_ >= voices_) return;
  if (fresh > 0) trouble_at_ = now;
  const bool dry = now - trouble_at_ < took;  // an underrun came while this block was under way
  if (dry && took > std::max(Frames(kStuckS), 2 * voice_[rung_].block)) cause_ = StepCause::kStuck;
  if (!Settled(now)) return;
  for (uint32_t i = 0; i < std::min(fresh, kUnderruns); ++i)
    recent_[recent_count_++ % kUnderruns] = now;
  const uint32_t oldest = recent_[recent_count_ % kUnderruns];
  if (fresh > 0 && recent_count_ >= kUnderruns && now - oldest <= Frames(kUnderrunsS))
    cause_ = StepCause::kUnderruns;
}

// Load counts against the time that a block has, which may be less than its length: hence the two
// ratios.
bool Ladder::RoomAbove() const {
  if (rung_ >= voices_) return true;
  const Voice& here = voice_[rung_];
  const Voice& above = voice_[rung_ - 1];
  if (!load_known_) return false;
  if (here.macs_per_second <= 0.0f || above.macs_per_second <= 0.0f) return true;
  const float share =
      load_ * static_cast<float>(here.allowed) / static_cast<float>(std::max(here.block, 1u));
  const float there = share * above.macs_per_second / here.macs_per_second;
  return there * static_cast<float>(above.block) <= kRoom * static_cast<float>(above.allowed);
}

uint32_t Ladder::Next(uint32_t now) {
  if (voices_ == 0) return rung_;
  if (cause_ != StepCause::kNone) {
    const bool brief = now - arrived_ < Frames(kRelapseS);
    if (brief && came_up_) quiet_s_ = std::min(2.0f * quiet_s_, kLongestQuietS);
    if (!brief) quiet_s_ = kQuietS;
    came_up_ = false;
    Step(now, rung_ + 1, cause_);
  } else if (rung_ > 0 && now - trouble_at_ >= Frames(quiet_s_) && RoomAbove()) {
    came_up_ = true;
    Step(now, rung_ - 1, StepCause::kQuiet);
  }
  return rung_;
}

}  // namespace lodestone
