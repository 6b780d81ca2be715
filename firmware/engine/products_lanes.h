// The inner loop of a convolution's tile for NEON, whose multiply takes one lane of a register:
// four channels of a row are loaded at once. Included inside a namespace, before conv_impl.h.

// A pointer that the compiler cannot derive from another one: it then advances by itself, as part
// of the load.
template <class T>
static inline void OwnPointer(T*& pointer) {
  __asm__("" : "+r"(pointer));
}

template <int kLane>
static inline Vec::F MulAddLane(Vec::F sum, Vec::F w, Vec::F x) {
#if defined(__aarch64__)
  return vfmaq_laneq_f32(sum, w, x, kLane);
#elif defined(__clang__) && \
    __clang_major__ >= 11  // clang 3.9 of image v0.3 does not know the constraint x
  // Tuned for a Cortex-A8, clang turns the intrinsic into a multiply and an addition: twice the
  // work of this loop, whose sums are independent of each other and so never wait for one another.
  // Volatile: in the order as written, in which the registers suffice; what clang would make of it
  // spills.
  switch (kLane) {
    case 0: __asm__ volatile("vmla.f32 %q0, %q1, %e2[0]" : "+w"(sum) : "w"(w), "x"(x)); break;
    case 1: __asm__ volatile("vmla.f32 %q0, %q1, %e2[1]" : "+w"(sum) : "w"(w), "x"(x)); break;
    case 2: __asm__ volatile("vmla.f32 %q0, %q1, %f2[0]" : "+w"(sum) : "w"(w), "x"(x)); break;
    default: __asm__ volatile("vmla.f32 %q0, %q1, %f2[1]" : "+w"(sum) : "w"(w), "x"(x)); break;
  }
  return sum;
#else
  return vmlaq_lane_f32(sum, w, kLane < 2 ? vget_low_f32(x) : vget_high_f32(x), kLane % 2);
#endif
}

template <int kLane, int kRows, int kVectors>
static inline const float* Products(const float* weights, const Vec::F (&x)[kRows],
                                    Vec::F (&sum)[kRows][kVectors]) {
  Vec::F w[kVectors];
  LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    w[v] = Vec::Load(weights);
    weights += Vec::kLanes;
    OwnPointer(weights);
  }
  LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) LODESTONE_UNROLL(8)
  for (int r = 0; r < kRows; ++r) sum[r][v] = MulAddLane<kLane>(sum[r][v], w[v], x[r]);
  return weights;
}

template <int kRows, int kVectors>
static inline void Accumulate(const float* from, ptrdiff_t step, uint32_t channels,
                              const float* weights, Vec::F (&sum)[kRows][kVectors]) {
  const float* at[kRows];
  LODESTONE_UNROLL(8)
  for (int r = 0; r < kRows; ++r) at[r] = from + r * step;
  uint32_t c = 0;
  for (; c + 4u <= channels; c += 4u) {
    // Weights are read once and in order: fetch them some lines ahead, which the Cortex-A8 does not
    // do by itself.
    __builtin_prefetch(weights + 4 * kVectors * Vec::kLanes + 64);
    Vec::F x[kRows];
    LODESTONE_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      x[r] = Vec::Load(at[r]);
      at[r] += 4;
      OwnPointer(at[r]);
    }
    weights = Products<0>(weights, x, sum);
    weights = Products<1>(weights, x, sum);
    weights = Products<2>(weights, x, sum);
    weights = Products<3>(weights, x, sum);
  }
  for (; c < channels; ++c) {
    LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) {
      const Vec::F w = Vec::Load(weights + v * Vec::kLanes);
      LODESTONE_UNROLL(8)
      for (int r = 0; r < kRows; ++r) sum[r][v] = Vec::MulAdd(Vec::Set(*at[r]), w, sum[r][v]);
    }
    LODESTONE_UNROLL(8)
    for (int r = 0; r < kRows; ++r) ++at[r];
    weights += kVectors * Vec::kLanes;
  }
}

// The same for 8-bit weights and 16-bit input: weights are widened once and multiplied by a lane of
// each row, packed as [channels][8], or 16 where few rows share them. A long multiply takes one
// cycle on a Cortex-A8, a float one two. Weights come sixteen at a time: clang would widen eight by
// way of the stack.
struct PanelOrder8 {
  static constexpr uint32_t kFewestVectors = 2;
  static inline size_t Index(size_t depth, uint32_t column, uint32_t columns) {
    return depth * columns + column;
  }
};

template <int kLane, int kVector, int kRows, int kVectors>
static inline void Products8(int8x8_t weights, const int16x4_t (&x)[kRows],
                             Vec::I (&sum)[kRows][kVectors]) {
  const int16x8_t w = vmovl_s8(weights);
  LODESTONE_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    sum[r][kVector] = vmlal_lane_s16(sum[r][kVector], vget_low_s16(w), x[r], kLane);
    sum[r][kVector + 1] = vmlal_lane_s16(sum[r][kVector + 1], vget_high_s16(w), x[r], kLane);
  }
}

// Sixteen weights: of two channels where a panel has two vectors (kLane is even then), else of one.
template <int kLane, int kRows>
static inline const int8_t* Sixteen(const int8_t* weights, const int16x4_t (&x)[kRows],
                                    Vec::I (&sum)[kRows][2]) {
  const int8x16_t w = vld1q_s8(weights);
  Products8<kLane, 0>(vget_low_s8(w), x, sum);
  Products8<(kLane + 1) % 4, 0>(vget_high_s8(w), x, sum);
  return weights + 16;
}
template <int kLane, int kRows>
static inline const int8_t* Sixteen(const int8_t* weights, const int16x4_t (&x)[kRows],
                                    Vec::I (&sum)[kRows][4]) {
  const int8x16_t w = vld1q_s8(weights);
  Products8<kLane, 0>(vget_low_s8(w), x, sum);
  Products8<kLane, 2>(vget_high_s8(w), x, sum);
  return weights + 16;
}

template <int kRows, int kVectors>
static inline void Accumulate8(const int16_t* from, ptrdiff_t step, uint32_t channels,
                               const int8_t* weights, Vec::I (&sum)[kRows][kVectors]) {
  const int16_t* at[kRows];
  LODESTONE_UNROLL(8)
  for (int r = 0; r < kRows; ++r) at[r] = from + r * step;
  for (const int16_t* end = from + channels; at[0] < end;) {
    __builtin_prefetch(weights + 256);
    int16x4_t x[kRows];
    LODESTONE_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      x[r] = vld1_s16(at[r]);
      at[r] += 4;
      OwnPointer(at[r]);
    }
    weights = Sixteen<0>(weights, x, sum);
    OwnPointer(weights);
    if (kVectors == 4) {
      weights = Sixteen<1>(weights, x, sum);
      OwnPointer(weights);
    }
    weights = Sixteen<2>(weights, x, sum);
    OwnPointer(weights);
    if (kVectors == 4) {
      weights = Sixteen<3>(weights, x, sum);
      OwnPointer(weights);
    }
  }
}
