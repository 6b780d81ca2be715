// Arithmetic on numbers that a file brought: where 64 bits do not hold a result it becomes the
// largest number, and stays there, so that a comparison at the end sees every overflow on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lodestone {

class Checked {
 public:
  constexpr Checked(uint64_t value)
      : value_(value) {}  // NOLINT: numbers become checked ones by themselves
  constexpr bool Within(uint64_t most) const { return value_ <= most; }
  constexpr uint64_t value() const { return value_; }

  friend constexpr Checked operator*(Checked a, Checked b) {
    return b.value_ != 0u && a.value_ > kOver / b.value_ ? Checked(kOver)
                                                         : Checked(a.value_ * b.value_);
  }
  friend constexpr Checked operator+(Checked a, Checked b) {
    return a.value_ > kOver - b.value_ ? Checked(kOver) : Checked(a.value_ + b.value_);
  }

 private:
  static constexpr uint64_t kOver = UINT64_MAX;
  uint64_t value_;
};

// Rounded up to a multiple.
constexpr Checked RoundedUp(uint64_t value, uint64_t multiple) {
  return Checked((value + multiple - 1u) / multiple) * multiple;
}

// Neither infinite nor not a number. By its bits: the boards' compilers take it for granted.
inline bool IsFinite(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u;
}

// Whether all of them are finite.
inline bool AreFinite(const float* values, size_t count) {
  uint32_t strange = 0;
  for (size_t i = 0; i < count; ++i) strange |= IsFinite(values[i]) ? 0u : 1u;
  return strange == 0;
}

// The whole number 0..most that `value` is; false where it is none.
inline bool WholeNumber(float value, uint32_t most, uint32_t* whole) {
  if (!IsFinite(value) || value < 0.0f || value > static_cast<float>(most)) return false;
  *whole = static_cast<uint32_t>(value);
  return static_cast<float>(*whole) == value;
}

}  // namespace lodestone
