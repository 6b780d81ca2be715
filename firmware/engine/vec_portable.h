// Four floats in plain C++: GCC and clang turn the loops into whatever the processor has. Included
// inside a namespace. Integer vectors meet vectors only: clang 3.9 takes no number beside one.

struct Vec {
  static constexpr int kLanes = 4;
  static constexpr int kRegisters = 16;
  typedef float F __attribute__((vector_size(16)));
  typedef int32_t I __attribute__((vector_size(16)));
  typedef I M;

  static inline F Load(const float* p) {
    F v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static inline void Store(float* p, F v) { __builtin_memcpy(p, &v, sizeof v); }
  static inline F LoadSome(const float* p, int n) {
    F v = {0, 0, 0, 0};
    for (int i = 0; i < n; ++i) v[i] = p[i];
    return v;
  }
  static inline void StoreSome(float* p, F v, int n) {
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }
  static inline F Set(float x) { return F{x, x, x, x}; }
  static inline F MulAdd(F a, F b, F c) { return a * b + c; }
  static inline F Add(F a, F b) { return a + b; }
  static inline F Sub(F a, F b) { return a - b; }
  static inline F Mul(F a, F b) { return a * b; }
  static inline F Div(F a, F b) { return a / b; }
  static inline F Sqrt(F a) {
    F r = a;
    for (int i = 0; i < 4; ++i) r[i] = __builtin_sqrtf(a[i]);
    return r;
  }
  static inline M Less(F a, F b) { return a < b; }
  static inline M LessEqual(F a, F b) { return a <= b; }
  static inline M Equal(F a, F b) { return a == b; }
  static inline F Select(M m, F a, F b) {
    return reinterpret_cast<F>((m & reinterpret_cast<I>(a)) | (~m & reinterpret_cast<I>(b)));
  }
  static inline F Min(F a, F b) { return Select(a < b, a, b); }
  static inline F Max(F a, F b) { return Select(a > b, a, b); }
  static inline F Abs(F a) {
    return reinterpret_cast<F>(reinterpret_cast<I>(a) & SetInt(0x7fffffff));
  }
  static inline F WithSignOf(F a, F sign) {
    return reinterpret_cast<F>(reinterpret_cast<I>(Abs(a)) |
                               (reinterpret_cast<I>(sign) & SetInt(INT32_MIN)));
  }
  static inline I Truncate(F a) {
    I r;
    for (int i = 0; i < 4; ++i) r[i] = static_cast<int32_t>(a[i]);
    return r;
  }
  static inline F ToFloat(I a) {
    F r;
    for (int i = 0; i < 4; ++i) r[i] = static_cast<float>(a[i]);
    return r;
  }
  static inline I SetInt(int32_t x) { return I{x, x, x, x}; }
  static inline I AddInt(I a, I b) { return a + b; }
  static inline I SubInt(I a, I b) { return a - b; }
  static inline I AndInt(I a, I b) { return a & b; }
  static inline M EqualInt(I a, I b) { return a == b; }
  template <int kBits>
  static inline I ShiftLeft(I a) {
    return a << SetInt(kBits);
  }
  template <int kBits>
  static inline I ShiftRight(I a) {
    return a >> SetInt(kBits);
  }
  // Eight 16-bit weights; lane i holds those of output i for two inputs that follow each other.
  typedef int16_t W __attribute__((vector_size(16)));
  static inline W LoadWeights(const int8_t* p) {
    W w;
    for (int i = 0; i < 8; ++i) w[i] = p[i];
    return w;
  }
  static inline I Pair(const int16_t* p) {
    int32_t both;
    __builtin_memcpy(&both, p, 4);
    return SetInt(both);
  }
  static inline I AddPairs(I sum, I pair, W w) {
    const int32_t low = static_cast<int16_t>(pair[0] & 0xffff), high = pair[0] >> 16;
    for (int i = 0; i < 4; ++i) sum[i] += low * w[2 * i] + high * w[2 * i + 1];
    return sum;
  }
  static inline void StoreInt16(int16_t* p, I a) {
    for (int i = 0; i < 4; ++i) p[i] = static_cast<int16_t>(a[i]);
  }
  static inline I Bits(F a) { return reinterpret_cast<I>(a); }
  static inline F FromBits(I a) { return reinterpret_cast<F>(a); }
};
