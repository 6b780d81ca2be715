// Four floats in a NEON register, armv7 and aarch64. Included inside a namespace, after
// <arm_neon.h>.

struct Vec {
  static constexpr int kLanes = 4;
  typedef float32x4_t F;
  typedef int32x4_t I;
  typedef uint32x4_t M;

  static inline F Load(const float* p) { return vld1q_f32(p); }
  static inline void Store(float* p, F v) { vst1q_f32(p, v); }
  static inline F LoadSome(const float* p, int n) {
    float lane[4] = {0, 0, 0, 0};
    for (int i = 0; i < n; ++i) lane[i] = p[i];
    return vld1q_f32(lane);
  }
  static inline void StoreSome(float* p, F v, int n) {
    float lane[4];
    vst1q_f32(lane, v);
    for (int i = 0; i < n; ++i) p[i] = lane[i];
  }
  static inline F Set(float x) { return vdupq_n_f32(x); }
#if defined(__aarch64__)
  static inline F MulAdd(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  static inline F Div(F a, F b) { return vdivq_f32(a, b); }
  static inline F Sqrt(F a) { return vsqrtq_f32(a); }
#else
  static inline F MulAdd(F a, F b, F c) { return vmlaq_f32(c, a, b); }
  // Reciprocal from the 8-bit estimate by two Newton steps, each doubling the digits.
  static inline F Div(F a, F b) {
    F r = vrecpeq_f32(b);
    r = vmulq_f32(r, vrecpsq_f32(b, r));
    r = vmulq_f32(r, vrecpsq_f32(b, r));
    return vmulq_f32(a, r);
  }
  static inline F Sqrt(F a) {
    F r = vrsqrteq_f32(a);
    r = vmulq_f32(r, vrsqrtsq_f32(vmulq_f32(a, r), r));
    r = vmulq_f32(r, vrsqrtsq_f32(vmulq_f32(a, r), r));
    return vbslq_f32(vceqq_f32(a, vdupq_n_f32(0.0f)), a, vmulq_f32(a, r));
  }
#endif
  static inline F Add(F a, F b) { return vaddq_f32(a, b); }
  static inline F Sub(F a, F b) { return vsubq_f32(a, b); }
  static inline F Mul(F a, F b) { return vmulq_f32(a, b); }
  static inline M Less(F a, F b) { return vcltq_f32(a, b); }
  static inline M LessEqual(F a, F b) { return vcleq_f32(a, b); }
  static inline M Equal(F a, F b) { return vceqq_f32(a, b); }
  static inline F Select(M m, F a, F b) { return vbslq_f32(m, a, b); }
  static inline F Min(F a, F b) { return vminq_f32(a, b); }
  static inline F Max(F a, F b) { return vmaxq_f32(a, b); }
  static inline F Abs(F a) { return vabsq_f32(a); }
  static inline F WithSignOf(F a, F sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, a); }
  static inline I Truncate(F a) { return vcvtq_s32_f32(a); }
  static inline F ToFloat(I a) { return vcvtq_f32_s32(a); }
  static inline I SetInt(int32_t x) { return vdupq_n_s32(x); }
  static inline I AddInt(I a, I b) { return vaddq_s32(a, b); }
  static inline I SubInt(I a, I b) { return vsubq_s32(a, b); }
  static inline I AndInt(I a, I b) { return vandq_s32(a, b); }
  static inline M EqualInt(I a, I b) { return vceqq_s32(a, b); }
  template <int kBits>
  static inline I ShiftLeft(I a) {
    return vshlq_n_s32(a, kBits);
  }
  template <int kBits>
  static inline I ShiftRight(I a) {
    return vshrq_n_s32(a, kBits);
  }
  static inline void StoreInt16(int16_t* p, I a) { vst1_s16(p, vmovn_s32(a)); }
  static inline I Bits(F a) { return vreinterpretq_s32_f32(a); }
  static inline F FromBits(I a) { return vreinterpretq_f32_s32(a); }
};
