// The inner loop of a convolution's tile where one input value is spread over a whole register
// (x86: a broadcast from memory is part of the multiply). Included inside a namespace, before
// conv_impl.h.

// Row pointers in steps of three: base + {0, 1, 2} * step is one addressing mode, so that twelve
// rows need four registers.
template <int kRows, int kVectors>
static inline void Accumulate(const float* from, ptrdiff_t step, uint32_t channels,
                              const float* weights, Vec::F (&sum)[kRows][kVectors]) {
  constexpr int kTriples = (kRows + 2) / 3;
  const float* x[kTriples];
  for (int t = 0; t < kTriples; ++t) x[t] = from + 3 * t * step;
  for (uint32_t c = 0; c < channels; ++c) {
    Vec::F w[kVectors];
    for (int v = 0; v < kVectors; ++v) w[v] = Vec::Load(weights + v * Vec::kLanes);
    weights += kVectors * Vec::kLanes;
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r) {
      const Vec::F value = Vec::Set(x[r / 3][(r % 3) * step]);
      LODESTONE_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::MulAdd(value, w[v], sum[r][v]);
    }
    for (int t = 0; t < kTriples; ++t) ++x[t];
  }
}

// The same for 8-bit weights and 16-bit input, two inputs at a time: packed as [channels /
// 2][lane][2].
struct PanelOrder8 {
  static constexpr uint32_t kFewestVectors = 1;
  static inline size_t Index(size_t depth, uint32_t column, uint32_t columns) {
    return depth / 2u * 2u * columns + column * 2u + depth % 2u;
  }
};

template <int kRows, int kVectors>
static inline void Accumulate8(const int16_t* from, ptrdiff_t step, uint32_t channels,
                               const int8_t* weights, Vec::I (&sum)[kRows][kVectors]) {
  constexpr int kTriples = (kRows + 2) / 3;
  const int16_t* x[kTriples];
  for (int t = 0; t < kTriples; ++t) x[t] = from + 3 * t * step;
  for (uint32_t c = 0; c < channels; c += 2u) {
    Vec::W w[kVectors];
    for (int v = 0; v < kVectors; ++v) w[v] = Vec::LoadWeights(weights + v * 2 * Vec::kLanes);
    weights += kVectors * 2 * Vec::kLanes;
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r) {
      const Vec::I pair = Vec::Pair(x[r / 3] + (r % 3) * step);
      LODESTONE_UNROLL(4)
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::AddPairs(sum[r][v], pair, w[v]);
    }
    for (int t = 0; t < kTriples; ++t) x[t] += 2;
  }
}
