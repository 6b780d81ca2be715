// 8-bit weights times 8-bit input for AVX-512 VNNI: four inputs at a time, packed as [channels /
// 4][lane][4]. The input is unsigned; what its zero adds to a sum is a constant of the output,
// which lies in front of the panel and starts the sum. Included inside a namespace, by
// conv8_impl.h.

struct Bytes {
  typedef uint8_t Value;
  static constexpr uint32_t kFewestVectors = 1;
  static constexpr uint32_t kHeadBytes = sizeof(int32_t);
  static inline size_t Index(size_t depth, uint32_t column, uint32_t columns) {
    return depth / 4u * 4u * columns + column * 4u + depth % 4u;
  }
  static inline int32_t Zero(const ConvTask& task) { return task.input_zero; }
  static inline void Store(Value* to, Vec::I steps) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(steps));
  }
  static inline void PackHead(const ConvTask& task, int32_t weights, int8_t* to) {
    const int32_t start = -task.input_zero * weights;
    __builtin_memcpy(to, &start, sizeof start);
  }
  template <int kRows, int kVectors>
  static inline const int8_t* Start(const int8_t* weights, Vec::I (&sum)[kRows][kVectors]) {
    LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v, weights += sizeof(Vec::I)) {
      const Vec::I start = _mm512_loadu_si512(weights);
      LODESTONE_UNROLL(16)
      for (int r = 0; r < kRows; ++r) sum[r][v] = start;
    }
    return weights;
  }
  template <int kRows, int kVectors>
  static inline void Accumulate(const Value* from, ptrdiff_t step, uint32_t channels,
                                const int8_t* weights, Vec::I (&sum)[kRows][kVectors]) {
    constexpr int kTriples = (kRows + 2) / 3;
    const Value* x[kTriples];
    for (int t = 0; t < kTriples; ++t) x[t] = from + 3 * t * step;
    for (uint32_t c = 0; c < channels; c += 4u) {
      Vec::I w[kVectors];
      for (int v = 0; v < kVectors; ++v) w[v] = _mm512_loadu_si512(weights + v * 4 * Vec::kLanes);
      weights += kVectors * 4 * Vec::kLanes;
      LODESTONE_UNROLL(16)
      for (int r = 0; r < kRows; ++r) {
        int32_t four;
        __builtin_memcpy(&four, x[r / 3] + (r % 3) * step, sizeof four);
        const Vec::I inputs = _mm512_set1_epi32(four);
        LODESTONE_UNROLL(4)
        for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_dpbusd_epi32(sum[r][v], inputs, w[v]);
      }
      for (int t = 0; t < kTriples; ++t) x[t] += 4;
    }
  }
};
