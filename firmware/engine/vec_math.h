// Vector exp, log, sin, tanh and kin on `Vec`. Coefficients: bench/polynomials.py prints them.
// Included inside a namespace. Largest errors, tested in tests/engine: exp, sigmoid, tanh 3e-7
// relative; log 2e-7; sin, cos 2e-7 absolute to |x| = 8192; x^y 3e-7 (1 + |y log x|) relative.

// The nearest whole number, of |x| < 2^31.
static inline Vec::F Nearest(Vec::F x) {
#if defined(__AVX512F__)
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  return Vec::ToFloat(Vec::Truncate(Vec::Add(x, Vec::WithSignOf(Vec::Set(0.5f), x))));
#endif
}

// x 2^n for whole n in -126..128.
static inline Vec::F TimesPowerOfTwo(Vec::F x, Vec::F n) {
#if defined(__AVX512F__)
  return _mm512_scalef_ps(x, n);
#else
  // In two factors: n = 128 has no float of its own.
  typedef Vec V;
  const V::I whole = V::Truncate(n), half = V::ShiftRight<1>(whole), rest = V::SubInt(whole, half);
  const V::F a = V::FromBits(V::ShiftLeft<23>(V::AddInt(half, V::SetInt(127))));
  const V::F b = V::FromBits(V::ShiftLeft<23>(V::AddInt(rest, V::SetInt(127))));
  return V::Mul(V::Mul(x, a), b);
#endif
}

// e^r - 1 with r = x - n ln 2, |r| <= ln 2 / 2, for whole n = round(x / ln 2); ln 2 in two parts,
// so that n ln 2 is exact in the first. Not too large an x.
static inline Vec::F ExpLessOne(Vec::F x, Vec::F* whole) {
  typedef Vec V;
  *whole = Nearest(V::Mul(x, V::Set(1.44269504f)));
  V::F r = V::MulAdd(*whole, V::Set(-0.693359375f), x);
  r = V::MulAdd(*whole, V::Set(2.12194440e-4f), r);
  V::F p = V::Set(0.00139504881f);
  p = V::MulAdd(p, r, V::Set(0.008368887678f));
  p = V::MulAdd(p, r, V::Set(0.04166620585f));
  p = V::MulAdd(p, r, V::Set(0.1666651885f));
  p = V::MulAdd(p, r, V::Set(0.5000000095f));
  return V::MulAdd(V::Mul(r, r), p, r);
}

static inline Vec::F Exp(Vec::F x) {
  Vec::F whole;
  const Vec::F p =
      ExpLessOne(Vec::Min(Vec::Set(88.3762589f), Vec::Max(Vec::Set(-87.0f), x)), &whole);
  return TimesPowerOfTwo(Vec::Add(p, Vec::Set(1.0f)), whole);
}

// x = 2^e m with m in sqrt(1/2)..sqrt(2); log x = e ln 2 + log(1 + f), f = m - 1. Positive finite x
// only.
static inline Vec::F LogPositive(Vec::F x) {
  typedef Vec V;
  const V::I bits = V::AddInt(V::Bits(x), V::SetInt(0x3f800000 - 0x3f3504f3));
  const V::F e = V::ToFloat(V::AddInt(V::ShiftRight<23>(bits), V::SetInt(-127)));
  const V::F m =
      V::FromBits(V::AddInt(V::AndInt(bits, V::SetInt(0x007fffff)), V::SetInt(0x3f3504f3)));
  const V::F f = V::Sub(m, V::Set(1.0f));
  V::F p = V::Set(0.06915424462f);
  p = V::MulAdd(p, f, V::Set(-0.1178983518f));
  p = V::MulAdd(p, f, V::Set(0.1187296549f));
  p = V::MulAdd(p, f, V::Set(-0.1238434308f));
  p = V::MulAdd(p, f, V::Set(0.1421865888f));
  p = V::MulAdd(p, f, V::Set(-0.1666925115f));
  p = V::MulAdd(p, f, V::Set(0.2000222658f));
  p = V::MulAdd(p, f, V::Set(-0.2499998659f));
  p = V::MulAdd(p, f, V::Set(0.3333331044f));
  const V::F square = V::Mul(f, f);
  V::F y = V::Mul(V::Mul(square, f), p);
  y = V::MulAdd(e, V::Set(-2.12194440e-4f), y);
  y = V::MulAdd(square, V::Set(-0.5f), y);
  return V::MulAdd(e, V::Set(0.693359375f), V::Add(f, y));
}

// sin(x + quarter * pi / 2): pi / 2 taken off in three parts, then one of two polynomials by the
// quadrant.
static inline Vec::F SinQuarter(Vec::F x, int32_t quarter) {
  typedef Vec V;
  const V::F turns = V::Mul(x, V::Set(0.636619772f));
  const V::I n = V::Truncate(V::Add(turns, V::WithSignOf(V::Set(0.5f), turns)));
  const V::F whole = V::ToFloat(n);
  V::F r = V::MulAdd(whole, V::Set(-1.5703125f), x);
  r = V::MulAdd(whole, V::Set(-4.83751297e-4f), r);
  r = V::MulAdd(whole, V::Set(-7.54953362e-8f), r);
  const V::F u = V::Mul(r, r);
  V::F s = V::MulAdd(V::Set(-0.0001951729888f), u, V::Set(0.008332178145f));
  s = V::MulAdd(V::MulAdd(s, u, V::Set(-0.1666665494f)), V::Mul(u, r), r);
  V::F c = V::MulAdd(V::Set(2.443845142e-05f), u, V::Set(-0.001388736751f));
  c = V::MulAdd(c, u, V::Set(0.04166664687f));
  c = V::MulAdd(V::Mul(u, u), c, V::MulAdd(u, V::Set(-0.5f), V::Set(1.0f)));
  const V::I quadrant = V::AddInt(n, V::SetInt(quarter));
  const V::F y = V::Select(V::EqualInt(V::AndInt(quadrant, V::SetInt(1)), V::SetInt(0)), s, c);
  return V::Select(V::EqualInt(V::AndInt(quadrant, V::SetInt(2)), V::SetInt(0)), y,
                   V::Sub(V::Set(0.0f), y));
}

static inline Vec::F Sin(Vec::F x) { return SinQuarter(x, 0); }
static inline Vec::F Cos(Vec::F x) { return SinQuarter(x, 1); }

static inline Vec::F Sigmoid(Vec::F x) {
  return Vec::Div(Vec::Set(1.0f), Vec::Add(Vec::Set(1.0f), Exp(Vec::Sub(Vec::Set(0.0f), x))));
}

// 2^n for whole n in -126..127.
static inline Vec::F PowerOfTwo(Vec::F n) {
  return Vec::FromBits(Vec::ShiftLeft<23>(Vec::AddInt(Vec::Truncate(n), Vec::SetInt(127))));
}

// E / (E + 2) with E = e^2x - 1, which keeps its digits near zero: e^r - 1 is never formed from
// e^r.
static inline Vec::F Tanh(Vec::F x) {
  typedef Vec V;
  V::F whole;
  const V::F p = ExpLessOne(V::Min(V::Set(40.0f), V::Max(V::Set(-40.0f), V::Add(x, x))), &whole);
  const V::F power = PowerOfTwo(whole);
  const V::F e = V::MulAdd(p, power, V::Sub(power, V::Set(1.0f)));
  return V::Div(e, V::Add(e, V::Set(2.0f)));
}

// a sigmoid(b).
static inline Vec::F Gated(Vec::F a, Vec::F b) {
  return Vec::Div(a, Vec::Add(Vec::Set(1.0f), Exp(Vec::Sub(Vec::Set(0.0f), b))));
}

// x^y of x >= 0 and y > 0.
static inline Vec::F PowPositive(Vec::F x, Vec::F y) {
  return Exp(Vec::Mul(y, LogPositive(Vec::Max(x, Vec::Set(1.17549435e-38f)))));
}

static inline Vec::F LeakyRelu(Vec::F x, Vec::F slope) {
  return Vec::Select(Vec::Less(x, Vec::Set(0.0f)), Vec::Mul(x, slope), x);
}

// x + sin(alpha x)^2 / (alpha + 1e-9), the reciprocal ready made.
static inline Vec::F Snake(Vec::F x, Vec::F alpha, Vec::F reciprocal) {
  const Vec::F s = Sin(Vec::Mul(alpha, x));
  return Vec::MulAdd(Vec::Mul(s, s), reciprocal, x);
}
