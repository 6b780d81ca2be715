// Element-wise functions over four loops; the innermost runs in vectors. Included inside a
// namespace, after vec_math.h.

struct Operand {
  const float* at;
  ptrdiff_t step;
  // `count` elements from element `index` on: adjacent, one broadcast, or gathered.
  template <bool kAdjacent>
  inline Vec::F Load(uint32_t index, int count) const {
    if (kAdjacent) return Vec::Load(at + index);
    const float* p = at + static_cast<ptrdiff_t>(index) * step;
    if (step == 0) return Vec::Set(*p);
    if (step == 1) return count == Vec::kLanes ? Vec::Load(p) : Vec::LoadSome(p, count);
    float gathered[Vec::kLanes] = {};
    for (int i = 0; i < count; ++i) gathered[i] = p[i * step];
    return Vec::Load(gathered);
  }
};

// One row, from element c on, whose elements do not all lie side by side, or do not fill a vector.
template <class Function>
static inline void MapScattered(const Function& function, const Operand* in, float* out,
                                ptrdiff_t out_step, uint32_t c, uint32_t count) {
  for (; c < count; c += Vec::kLanes) {
    const int some = count - c < Vec::kLanes ? static_cast<int>(count - c) : Vec::kLanes;
    const Vec::F y = function.template Apply<false>(in, c, some);
    if (out_step == 1) {
      Vec::StoreSome(out + c, y, some);
    } else {
      float scattered[Vec::kLanes];
      Vec::Store(scattered, y);
      for (int n = 0; n < some; ++n)
        out[static_cast<ptrdiff_t>(c + static_cast<uint32_t>(n)) * out_step] = scattered[n];
    }
  }
}

template <class Function>
static void MapRows(const LoopsTask& task, uint32_t first, uint32_t last,
                    const Function& function) {
  const uint32_t count = task.dims[3], whole = count / Vec::kLanes * Vec::kLanes;
  uint32_t k = first % task.dims[2], j = first / task.dims[2] % task.dims[1],
           i = first / task.dims[2] / task.dims[1];
  bool adjacent = task.out_step[3] == 1;
  for (int n = 0; n < Function::kOperands; ++n) adjacent = adjacent && task.in_step[n][3] == 1;
  float* out = task.out;
  Operand in[3];
  for (int n = 0; n < Function::kOperands; ++n) in[n] = Operand{task.in[n], task.in_step[n][3]};
  for (uint32_t row = first; row < last; ++row) {
    if (row == first || k == 0u) {
      const auto at = [&](const ptrdiff_t* step) {
        return static_cast<ptrdiff_t>(i) * step[0] + static_cast<ptrdiff_t>(j) * step[1] +
               static_cast<ptrdiff_t>(k) * step[2];
      };
      out = task.out + at(task.out_step);
      for (int n = 0; n < Function::kOperands; ++n) in[n].at = task.in[n] + at(task.in_step[n]);
    } else {
      out += task.out_step[2];
      for (int n = 0; n < Function::kOperands; ++n) in[n].at += task.in_step[n][2];
    }
    uint32_t c = 0;
    if (adjacent)
      for (; c < whole; c += Vec::kLanes)
        Vec::Store(out + c, function.template Apply<true>(in, c, Vec::kLanes));
    if (c < count) MapScattered(function, in, out, task.out_step[3], c, count);
    if (++k == task.dims[2]) {
      k = 0;
      if (++j == task.dims[1]) {
        j = 0;
        ++i;
      }
    }
  }
}

template <class Body>
struct Unary {
  static constexpr int kOperands = 1;
  Body body;
  template <bool kAdjacent>
  inline Vec::F Apply(const Operand* in, uint32_t c, int n) const {
    return body(in[0].Load<kAdjacent>(c, n));
  }
};
template <class Body>
struct Binary {
  static constexpr int kOperands = 2;
  Body body;
  template <bool kAdjacent>
  inline Vec::F Apply(const Operand* in, uint32_t c, int n) const {
    return body(in[0].Load<kAdjacent>(c, n), in[1].Load<kAdjacent>(c, n));
  }
};
template <class Body>
struct Ternary {
  static constexpr int kOperands = 3;
  Body body;
  template <bool kAdjacent>
  inline Vec::F Apply(const Operand* in, uint32_t c, int n) const {
    return body(in[0].Load<kAdjacent>(c, n), in[1].Load<kAdjacent>(c, n),
                in[2].Load<kAdjacent>(c, n));
  }
};

// Functions too rare for a vector form: the C library, one lane after another.
template <class Scalar>
static inline Vec::F Lanes(Vec::F x, Scalar scalar) {
  float lane[Vec::kLanes];
  Vec::Store(lane, x);
  for (int i = 0; i < Vec::kLanes; ++i) lane[i] = scalar(lane[i]);
  return Vec::Load(lane);
}
template <class Scalar>
static inline Vec::F Lanes(Vec::F x, Vec::F y, Scalar scalar) {
  float a[Vec::kLanes], b[Vec::kLanes];
  Vec::Store(a, x);
  Vec::Store(b, y);
  for (int i = 0; i < Vec::kLanes; ++i) a[i] = scalar(a[i], b[i]);
  return Vec::Load(a);
}

static inline Vec::F Truth(Vec::M mask) {
  return Vec::Select(mask, Vec::Set(1.0f), Vec::Set(0.0f));
}
static inline Vec::M IsZero(Vec::F x) { return Vec::Equal(x, Vec::Set(0.0f)); }

// Beyond 2^23 every float is whole already.
static inline Vec::F Whole(Vec::F x) {
  const Vec::F whole = Vec::WithSignOf(Vec::ToFloat(Vec::Truncate(x)), x);
  return Vec::Select(Vec::Less(Vec::Abs(x), Vec::Set(8388608.0f)), whole, x);
}
static inline Vec::F Floor(Vec::F x) {
  const Vec::F whole = Whole(x);
  return Vec::Select(Vec::Less(x, whole), Vec::Sub(whole, Vec::Set(1.0f)), whole);
}
// Halves go to the even neighbour, as ONNX asks: adding 2^23 leaves no room for a fraction.
static inline Vec::F RoundEven(Vec::F x) {
  return Lanes(x, [](float v) { return __builtin_nearbyintf(v); });
}

// log of zero is -infinity and of a negative number not a number, as everywhere.
static inline Vec::F Log(Vec::F x) {
  const Vec::F zero = Vec::Set(0.0f);
  const Vec::F bounded = Vec::Max(x, Vec::Set(1.17549435e-38f));
  const Vec::F finite =
      Vec::Select(Vec::Less(x, Vec::Set(__builtin_inff())), LogPositive(bounded), x);
  const Vec::F low =
      Vec::Select(Vec::Less(x, zero), Vec::Set(__builtin_nanf("")), Vec::Set(-__builtin_inff()));
  return Vec::Select(Vec::LessEqual(x, zero), low, finite);
}

static inline Vec::F Modulo(Vec::F a, Vec::F b) {  // the sign of the divisor, as Python's %
  return Lanes(a, b, [](float x, float y) {
    const float r = __builtin_fmodf(x, y);
    return r != 0.0f && (r < 0.0f) != (y < 0.0f) ? r + y : r;
  });
}
