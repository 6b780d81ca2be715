#include "firmware/simulator/live_network.h"

#include <cstring>

namespace lodestone {
namespace {

constexpr char kWorld[] = "/sim/";
// A bound for one control tick, as for the board's own packets.
constexpr int kMostPackets = 64;

}  // namespace

size_t LiveNetwork::Receive(uint8_t* packet, size_t capacity) {
  for (int i = 0; i < kMostPackets; ++i) {
    const size_t bytes = udp_.Receive(packet, capacity);
    if (bytes == 0) break;
    const bool for_world =
        bytes >= sizeof kWorld && std::memcmp(packet, kWorld, sizeof kWorld - 1) == 0;
    if (!for_world) return bytes;
    world_->Send(packet, bytes);
  }
  for (int i = 0; i < kMostPackets; ++i) {
    const size_t bytes = world_->Receive(packet, capacity);
    if (bytes == 0) break;
    udp_.Send(packet, bytes);
  }
  return 0;
}

}  // namespace lodestone
