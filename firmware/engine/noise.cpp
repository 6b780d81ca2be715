#include "firmware/engine/noise.h"

#include "firmware/engine/normal_table.h"

namespace lodestone {

namespace {

constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;  // of the counter, 2^64 over the golden ratio

// The counter is handed in: kept in memory, each draw would wait until the one before it has been
// written.
inline uint32_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
}

}  // namespace

void Noise::FillUniform(float* to, size_t count) {
  const uint64_t start = counter_;
  counter_ += kStep * count;
  for (size_t i = 0; i < count; ++i) {
    to[i] = static_cast<float>(Mix(start + kStep * (i + 1u)) >> 8) *
            5.9604644775390625e-08f;  // 24 bits, exact in a float, times 2^-24
  }
}

// The lowest bit is the sign; the other 31 are the tail probability u / 2^32 of one side. Its
// octave is the number of leading zeros, the next 5 bits choose the step, the bits below them the
// place between two entries.
void Noise::FillNormal(float* to, size_t count) {
  const uint64_t start = counter_;
  counter_ += kStep * count;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t draw = Mix(start + kStep * (i + 1u));
    const uint32_t u = (draw >> 1) | 1u;
    const int zeros = __builtin_clz(u) - 1;     // 0..30: octave of the tail
    const uint32_t mantissa = u << zeros << 1;  // leading one at bit 31
    const uint32_t entry = static_cast<uint32_t>(zeros) * 32u + ((mantissa >> 26) & 31u);
    const int64_t low = kNormalTable[entry], high = kNormalTableEnd[entry];
    const int64_t fraction = (mantissa >> 10) & 0xffffu;
    const int32_t size = static_cast<int32_t>(low + ((high - low) * fraction) / 65536);
    to[i] = static_cast<float>((draw & 1u) ? -size : size) * 4.76837158203125e-07f;  // 2^-21
  }
}

}  // namespace lodestone
