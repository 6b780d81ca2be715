// Moves between two sounds at constant power: gains cos(p pi/2) and sin(p pi/2) for a position p in
// 0..1.
#pragma once

#include <cstdint>

namespace lodestone {

class EqualPowerFade {
 public:
  explicit EqualPowerFade(float position = 0.0f);

  // Travels to `target` at the pace that crosses 0..1 in `frames`; may be turned round at any
  // moment. Real-time safe.
  void GoTo(float target, uint32_t frames);
  void JumpTo(float position);

  // Advances by one frame; the gains of the first (p = 0) and the second sound (p = 1), exact at
  // both ends.
  void Next(float* first, float* second);

  bool moving() const { return position_ != target_; }
  float position() const { return position_; }
  float target() const { return target_; }

 private:
  void Gains();

  float position_, target_, step_;
  float first_, second_;
};

}  // namespace lodestone
