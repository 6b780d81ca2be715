#include "firmware/platform/peers.h"

#include <algorithm>

namespace lodestone {
namespace {

constexpr uint32_t kLoopbackNet = 127u << 24;
constexpr uint32_t kUsbNetWindows = 192u << 24 | 168u << 16 | 6u << 8;
constexpr uint32_t kUsbNet = 192u << 24 | 168u << 16 | 7u << 8;

uint64_t Packed(const Ipv4Target& target) {
  return static_cast<uint64_t>(target.address) << 16 | target.port;
}

}  // namespace

Peers::Peers(const BoardConf& conf)
    : targets_(conf.osc_targets), allowed_(conf.allow), guests_(), renewed_(), renewals_(0) {}

bool Peers::Allows(uint32_t address) const {
  if ((address & 0xFF000000u) == kLoopbackNet) return true;
  if ((address & 0xFFFFFF00u) == kUsbNet || (address & 0xFFFFFF00u) == kUsbNetWindows) return true;
  for (uint32_t allowed : allowed_) {
    if (allowed == address) return true;
  }
  return false;
}

bool Peers::Known(const Ipv4Target& target) const {
  for (const Ipv4Target& known : targets_) {
    if (known.address == target.address && known.port == target.port) return true;
  }
  return false;
}

// The place of a guest (or, of 0, the first that is free); kGuests: none.
int Peers::Find(uint64_t packed) const {
  int at = 0;
  while (at < kGuests && guests_[at].load(std::memory_order_relaxed) != packed) ++at;
  return at;
}

bool Peers::IsFull(const Ipv4Target& target) const {
  return !Known(target) && Find(Packed(target)) == kGuests && Find(0) == kGuests;
}

void Peers::Add(const Ipv4Target& target) {
  if (Known(target)) return;
  int at = Find(Packed(target));
  if (at == kGuests) at = Find(0);
  if (at == kGuests)
    at = static_cast<int>(std::min_element(renewed_, renewed_ + kGuests) - renewed_);
  guests_[at].store(Packed(target), std::memory_order_relaxed);
  renewed_[at] = ++renewals_;
}

void Peers::Remove(const Ipv4Target& target) {
  const int at = Find(Packed(target));
  if (at < kGuests) guests_[at].store(0, std::memory_order_relaxed);
}

}  // namespace lodestone
