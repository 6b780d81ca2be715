// The engine's own random numbers: the same bits on every processor, because only integers take
// part.
//
// Generator: SplitMix64 (Steele, Lea, Flood 2014), a counter passed through a mixing function; 32
// bits per draw. Uniform: the upper 24 bits of a draw times 2^-24, in [0, 1). Normal: the inverse
// of the normal distribution function at the draw, from a table that is linear in 32 steps per
// octave of the tail probability; error of a quantile <= 5e-4, tail cut at 6.3 sigma.
// normal_table.h is printed by bench/normal_table.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lodestone {

class Noise {
 public:
  void Seed(uint64_t seed) { counter_ = seed; }
  uint64_t position() const { return counter_; }
  void FillUniform(float* to, size_t count);
  void FillNormal(float* to, size_t count);

 private:
  uint64_t counter_ = 0;
};

}  // namespace lodestone
