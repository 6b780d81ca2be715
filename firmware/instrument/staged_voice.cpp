#include "firmware/instrument/staged_voice.h"

#include <cstring>
#include <utility>

namespace lodestone {

StagedVoice::StagedVoice(const VoiceInfo& info, float* latent, const float* audio,
                         std::vector<Link> chain)
    : info_(info),
      latent_(latent),
      audio_(audio),
      helped_(),
      last_(std::move(chain.back().stage)),
      silence_(size_t{info.channels} * info.block(), 0.0f),
      sounds_(false) {
  chain.pop_back();
  info_.helpers = static_cast<uint32_t>(chain.size());
  for (Link& link : chain) {
    helped_.emplace_back(
        new Helped{std::move(link.stage), std::move(link.handovers), {0}, {0}, {false}, false});
  }
}

// From the end to the beginning, so that every result is taken before it is overwritten.
void StagedVoice::Begin() {
  for (size_t h = helped_.size(); h-- > 0;) {
    Helped& helped = *helped_[h];
    if (helped.dropped.load(std::memory_order_relaxed)) {  // done before its helper saw it
      helped.stage->Reset();
      helped.dropped.store(false, std::memory_order_relaxed);
    }
    if (helped.full) {
      for (const Handover& handover : helped.handovers) {
        std::memcpy(handover.to, handover.from, handover.values * sizeof(float));
      }
    }
    const bool last = h + 1 == helped_.size();
    (last ? sounds_ : helped_[h + 1]->full) = helped.full;
  }
  helped_[0]->full = true;
  for (const std::unique_ptr<Helped>& helped : helped_) {
    if (helped->full)
      helped->given.store(helped->given.load(std::memory_order_relaxed) + 1,
                          std::memory_order_release);
  }
}

bool StagedVoice::Help(uint32_t helper, uint32_t work_items) {
  Helped& helped = *helped_[helper];
  const uint32_t given = helped.given.load(std::memory_order_acquire);
  if (helped.done.load(std::memory_order_relaxed) == given) return true;
  if (helped.dropped.load(std::memory_order_relaxed)) {
    helped.stage->Reset();
    helped.dropped.store(false, std::memory_order_relaxed);
  } else if (!helped.stage->Step(work_items)) {
    return false;
  }
  helped.done.store(given, std::memory_order_release);  // from here on the voice may be gone
  return true;
}

void StagedVoice::Reset() {
  last_->Reset();
  sounds_ = false;
  for (const std::unique_ptr<Helped>& helped : helped_) {
    helped->full = false;
    const bool idle = helped->idle();
    if (idle) helped->stage->Reset();
    helped->dropped.store(!idle, std::memory_order_relaxed);
  }
}

}  // namespace lodestone
