// Sixteen floats in an AVX-512 register. Included inside a namespace, after <immintrin.h>.

struct Vec {
  static constexpr int kLanes = 16;
  static constexpr int kRegisters = 32;
  typedef __m512 F;
  typedef __m512i I;
  typedef __mmask16 M;

  static inline F Load(const float* p) { return _mm512_loadu_ps(p); }
  static inline void Store(float* p, F v) { _mm512_storeu_ps(p, v); }
  static inline M FirstLanes(int n) { return static_cast<M>((1u << n) - 1u); }
  static inline F LoadSome(const float* p, int n) {
    return _mm512_maskz_loadu_ps(FirstLanes(n), p);
  }
  static inline void StoreSome(float* p, F v, int n) { _mm512_mask_storeu_ps(p, FirstLanes(n), v); }
  static inline F Set(float x) { return _mm512_set1_ps(x); }
  static inline F MulAdd(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static inline F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static inline F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static inline F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static inline F Div(F a, F b) { return _mm512_div_ps(a, b); }
  static inline F Sqrt(F a) { return _mm512_sqrt_ps(a); }
  static inline M Less(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static inline M LessEqual(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
  static inline M Equal(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static inline F Select(M m, F a, F b) { return _mm512_mask_blend_ps(m, b, a); }
  static inline F Min(F a, F b) { return _mm512_min_ps(a, b); }
  static inline F Max(F a, F b) { return _mm512_max_ps(a, b); }
  static inline F Abs(F a) { return _mm512_abs_ps(a); }
  static inline F WithSignOf(F a, F sign) {
    const F bit = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(bit, a), _mm512_and_ps(bit, sign));
  }
  static inline I Truncate(F a) { return _mm512_cvttps_epi32(a); }
  static inline F ToFloat(I a) { return _mm512_cvtepi32_ps(a); }
  static inline I SetInt(int32_t x) { return _mm512_set1_epi32(x); }
  static inline I AddInt(I a, I b) { return _mm512_add_epi32(a, b); }
  static inline I SubInt(I a, I b) { return _mm512_sub_epi32(a, b); }
  static inline I AndInt(I a, I b) { return _mm512_and_si512(a, b); }
  static inline M EqualInt(I a, I b) { return _mm512_cmpeq_epi32_mask(a, b); }
  template <int kBits>
  static inline I ShiftLeft(I a) {
    return _mm512_slli_epi32(a, kBits);
  }
  template <int kBits>
  static inline I ShiftRight(I a) {
    return _mm512_srai_epi32(a, kBits);
  }
  typedef __m512i W;
  static inline W LoadWeights(const int8_t* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static inline I Pair(const int16_t* p) {
    int32_t both;
    __builtin_memcpy(&both, p, 4);
    return _mm512_set1_epi32(both);
  }
  static inline I AddPairs(I sum, I pair, W w) { return _mm512_dpwssd_epi32(sum, pair, w); }
  static inline void StoreInt16(int16_t* p, I a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a));
  }
  static inline I Bits(F a) { return _mm512_castps_si512(a); }
  static inline F FromBits(I a) { return _mm512_castsi512_ps(a); }
};
