// Decodes OSC 1.0 packets in place: bundles at any depth up to the limit, no allocation, time
// bounded by the size.
#pragma once

#include <cstddef>
#include <cstdint>

#include "firmware/osc/osc_writer.h"

namespace lodestone {

constexpr uint32_t kOscMaxArguments = 128;

// One argument. `tag` is its type: i f s S b h d t c r m T F N I. Text and blobs point into the
// packet.
struct OscValue {
  char tag;
  uint32_t bytes;           // of a blob
  uint64_t bits;            // big-endian word of i f c r m (low 32) and h d t (64)
  const uint8_t* bytes_at;  // of s, S and b
};

struct OscMessage {
  const char* address;  // begins with '/', ends with a zero inside the packet
  uint64_t time_tag;    // of the bundle around it; kOscImmediately outside
  uint32_t count;
  OscValue values[kOscMaxArguments];

  // Each is false when argument `index` is missing, of another kind, or not representable. Numbers
  // of any kind and T/F are numbers; NaN and infinity are not (told by their bits, since boards
  // build with -ffast-math).
  bool AsFloat(uint32_t index, float* value) const;
  bool AsInt(uint32_t index, int32_t* value) const;
  bool AsText(uint32_t index, const char** text) const;
};

class OscListener {
 public:
  virtual ~OscListener() {}
  virtual void OnMessage(const OscMessage& message) = 0;
};

// Checks the whole packet first and calls the listener for every message only when all of it is
// well-formed. False, and no call, otherwise. Addresses are not patterns here: '*' is an ordinary
// character.
bool ReadOscPacket(const uint8_t* packet, size_t bytes, OscListener* listener);

}  // namespace lodestone
