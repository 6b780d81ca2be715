#include "firmware/platform/peers.h"

namespace lodestone {
namespace {

constexpr uint32_t kLoopbackNet = 127u << 24;
constexpr uint32_t kUsbNetWindows = 192u << 24 | 168u << 16 | 6u << 8;
constexpr uint32_t kUsbNet = 192u << 24 | 168u << 16 | 7u << 8;

}  // namespace

Peers::Peers(const BoardConf& conf) : targets_(conf.osc_targets), allowed_(conf.allow), guests_(), next_guest_(0) {}

bool Peers::Allows(uint32_t address) const {
  if ((address & 0xFF000000u) == kLoopbackNet) return true;
  if ((address & 0xFFFFFF00u) == kUsbNet || (address & 0xFFFFFF00u) == kUsbNetWindows) return true;
  for (uint32_t allowed : allowed_) {
    if (allowed == address) return true;
  }
  return false;
}

void Peers::Add(const Ipv4Target& target) {
  for (const Ipv4Target& known : targets_) {
    if (known.address == target.address && known.port == target.port) return;
  }
  const uint64_t packed = static_cast<uint64_t>(target.address) << 16 | target.port;
  for (const std::atomic<uint64_t>& guest : guests_) {
    if (guest.load(std::memory_order_relaxed) == packed) return;
  }
  guests_[next_guest_].store(packed, std::memory_order_relaxed);
  next_guest_ = (next_guest_ + 1) % kGuests;
}

}  // namespace lodestone
