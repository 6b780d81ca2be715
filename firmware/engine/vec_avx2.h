// Eight floats in an AVX2 register. Included inside a namespace, after <immintrin.h>.

struct Vec {
  static constexpr int kLanes = 8;
  static constexpr int kRegisters = 16;
  typedef __m256 F;
  typedef __m256i I;
  typedef __m256 M;

  static inline F Load(const float* p) { return _mm256_loadu_ps(p); }
  static inline void Store(float* p, F v) { _mm256_storeu_ps(p, v); }
  static inline I FirstLanes(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static inline F LoadSome(const float* p, int n) { return _mm256_maskload_ps(p, FirstLanes(n)); }
  static inline void StoreSome(float* p, F v, int n) { _mm256_maskstore_ps(p, FirstLanes(n), v); }
  static inline F Set(float x) { return _mm256_set1_ps(x); }
  static inline F MulAdd(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static inline F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static inline F Sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static inline F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static inline F Div(F a, F b) { return _mm256_div_ps(a, b); }
  static inline F Sqrt(F a) { return _mm256_sqrt_ps(a); }
  static inline M Less(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static inline M LessEqual(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
  static inline M Equal(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }
  static inline F Select(M m, F a, F b) { return _mm256_blendv_ps(b, a, m); }
  static inline F Min(F a, F b) { return _mm256_min_ps(a, b); }
  static inline F Max(F a, F b) { return _mm256_max_ps(a, b); }
  static inline F Abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
  static inline F WithSignOf(F a, F sign) {
    const F bit = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(bit, a), _mm256_and_ps(bit, sign));
  }
  static inline I Truncate(F a) { return _mm256_cvttps_epi32(a); }
  static inline F ToFloat(I a) { return _mm256_cvtepi32_ps(a); }
  static inline I SetInt(int32_t x) { return _mm256_set1_epi32(x); }
  static inline I AddInt(I a, I b) { return _mm256_add_epi32(a, b); }
  static inline I SubInt(I a, I b) { return _mm256_sub_epi32(a, b); }
  static inline I AndInt(I a, I b) { return _mm256_and_si256(a, b); }
  static inline M EqualInt(I a, I b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
  template <int kBits>
  static inline I ShiftLeft(I a) {
    return _mm256_slli_epi32(a, kBits);
  }
  template <int kBits>
  static inline I ShiftRight(I a) {
    return _mm256_srai_epi32(a, kBits);
  }
  typedef __m256i W;
  static inline W LoadWeights(const int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static inline I Pair(const int16_t* p) {
    int32_t both;
    __builtin_memcpy(&both, p, 4);
    return _mm256_set1_epi32(both);
  }
  static inline I AddPairs(I sum, I pair, W w) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pair, w));
  }
  static inline void StoreInt16(int16_t* p, I a) {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, a), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
  }
  static inline I Bits(F a) { return _mm256_castps_si256(a); }
  static inline F FromBits(I a) { return _mm256_castsi256_ps(a); }
};
