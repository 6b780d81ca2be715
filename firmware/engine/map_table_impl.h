// From a function's number to its loop. Included inside a namespace, after map_impl.h.

typedef Vec::F F;

static bool MapUnary(plan::Map function, const LoopsTask& t, uint32_t first, uint32_t last) {
  switch (function) {
    case plan::Map::kCopy: Map1(t, first, last, [](F x) { return x; }); return true;
    case plan::Map::kNeg: Map1(t, first, last, [](F x) { return Vec::Sub(Vec::Set(0.0f), x); }); return true;
    case plan::Map::kAbs: Map1(t, first, last, [](F x) { return Vec::Abs(x); }); return true;
    case plan::Map::kSign:
      Map1(t, first, last, [](F x) { return Vec::Select(IsZero(x), Vec::Set(0.0f), Vec::WithSignOf(Vec::Set(1.0f), x)); });
      return true;
    case plan::Map::kSqrt: Map1(t, first, last, [](F x) { return Vec::Sqrt(x); }); return true;
    case plan::Map::kExp: Map1(t, first, last, [](F x) { return Exp(x); }); return true;
    case plan::Map::kLog: Map1(t, first, last, [](F x) { return Log(x); }); return true;
    case plan::Map::kSin: Map1(t, first, last, [](F x) { return Sin(x); }); return true;
    case plan::Map::kCos: Map1(t, first, last, [](F x) { return Cos(x); }); return true;
    case plan::Map::kTanh: Map1(t, first, last, [](F x) { return Tanh(x); }); return true;
    case plan::Map::kSigmoid: Map1(t, first, last, [](F x) { return Sigmoid(x); }); return true;
    case plan::Map::kAsinh: Map1(t, first, last, [](F x) { return Lanes(x, [](float v) { return __builtin_asinhf(v); }); }); return true;
    case plan::Map::kErf: Map1(t, first, last, [](F x) { return Lanes(x, [](float v) { return __builtin_erff(v); }); }); return true;
    case plan::Map::kTan: Map1(t, first, last, [](F x) { return Lanes(x, [](float v) { return __builtin_tanf(v); }); }); return true;
    case plan::Map::kAtan: Map1(t, first, last, [](F x) { return Lanes(x, [](float v) { return __builtin_atanf(v); }); }); return true;
    case plan::Map::kFloor: Map1(t, first, last, [](F x) { return Floor(x); }); return true;
    case plan::Map::kCeil:
      Map1(t, first, last, [](F x) { return Vec::Sub(Vec::Set(0.0f), Floor(Vec::Sub(Vec::Set(0.0f), x))); });
      return true;
    case plan::Map::kRound: Map1(t, first, last, [](F x) { return RoundEven(x); }); return true;
    case plan::Map::kTruncate: Map1(t, first, last, [](F x) { return Whole(x); }); return true;
    case plan::Map::kReciprocal: Map1(t, first, last, [](F x) { return Vec::Div(Vec::Set(1.0f), x); }); return true;
    case plan::Map::kNot: Map1(t, first, last, [](F x) { return Truth(IsZero(x)); }); return true;
    case plan::Map::kIsNonzero:
      Map1(t, first, last, [](F x) { return Vec::Select(IsZero(x), Vec::Set(0.0f), Vec::Set(1.0f)); });
      return true;
    case plan::Map::kSquare: Map1(t, first, last, [](F x) { return Vec::Mul(x, x); }); return true;
    case plan::Map::kLeakyRelu: {
      const F slope = Vec::Set(t.parameter[0]);
      Map1(t, first, last, [slope](F x) { return LeakyRelu(x, slope); });
      return true;
    }
    default: return false;
  }
}

static bool MapBinary(plan::Map function, const LoopsTask& t, uint32_t first, uint32_t last) {
  switch (function) {
    case plan::Map::kAdd: Map2(t, first, last, [](F a, F b) { return Vec::Add(a, b); }); return true;
    case plan::Map::kSub: Map2(t, first, last, [](F a, F b) { return Vec::Sub(a, b); }); return true;
    case plan::Map::kMul: Map2(t, first, last, [](F a, F b) { return Vec::Mul(a, b); }); return true;
    case plan::Map::kDiv: Map2(t, first, last, [](F a, F b) { return Vec::Div(a, b); }); return true;
    case plan::Map::kPow: Map2(t, first, last, [](F a, F b) { return Lanes(a, b, [](float v, float w) { return __builtin_powf(v, w); }); }); return true;
    case plan::Map::kMin: Map2(t, first, last, [](F a, F b) { return Vec::Min(a, b); }); return true;
    case plan::Map::kMax: Map2(t, first, last, [](F a, F b) { return Vec::Max(a, b); }); return true;
    case plan::Map::kLess: Map2(t, first, last, [](F a, F b) { return Truth(Vec::Less(a, b)); }); return true;
    case plan::Map::kLessOrEqual: Map2(t, first, last, [](F a, F b) { return Truth(Vec::LessEqual(a, b)); }); return true;
    case plan::Map::kGreater: Map2(t, first, last, [](F a, F b) { return Truth(Vec::Less(b, a)); }); return true;
    case plan::Map::kGreaterOrEqual: Map2(t, first, last, [](F a, F b) { return Truth(Vec::LessEqual(b, a)); }); return true;
    case plan::Map::kEqual: Map2(t, first, last, [](F a, F b) { return Truth(Vec::Equal(a, b)); }); return true;
    case plan::Map::kAnd:
      Map2(t, first, last, [](F a, F b) { return Vec::Select(IsZero(a), Vec::Set(0.0f), Vec::Sub(Vec::Set(1.0f), Truth(IsZero(b)))); });
      return true;
    case plan::Map::kOr:
      Map2(t, first, last, [](F a, F b) { return Vec::Select(IsZero(a), Vec::Sub(Vec::Set(1.0f), Truth(IsZero(b))), Vec::Set(1.0f)); });
      return true;
    case plan::Map::kMod: Map2(t, first, last, [](F a, F b) { return Modulo(a, b); }); return true;
    case plan::Map::kFmod: Map2(t, first, last, [](F a, F b) { return Lanes(a, b, [](float v, float w) { return __builtin_fmodf(v, w); }); }); return true;
    case plan::Map::kSnake:
      Map2(t, first, last, [](F x, F alpha) {
        return Snake(x, alpha, Vec::Div(Vec::Set(1.0f), Vec::Add(alpha, Vec::Set(1e-9f))));
      });
      return true;
    case plan::Map::kPowPositive: Map2(t, first, last, [](F x, F y) { return PowPositive(x, y); }); return true;
    default: return false;
  }
}

static void RunMap(const LoopsTask& t, uint32_t first, uint32_t last) {
  const plan::Map function = static_cast<plan::Map>(t.function);
  if (MapUnary(function, t, first, last) || MapBinary(function, t, first, last)) return;
  switch (function) {
    case plan::Map::kWhere: Map3(t, first, last, [](F c, F a, F b) { return Vec::Select(IsZero(c), b, a); }); return;
    case plan::Map::kClip: Map3(t, first, last, [](F x, F low, F high) { return Vec::Min(Vec::Max(x, low), high); }); return;
    case plan::Map::kGate:
      Map3(t, first, last, [](F a, F b, F c) { return Vec::Mul(Tanh(Gated(a, b)), c); });
      return;
    case plan::Map::kNoisyGate: Map3(t, first, last, [](F a, F b, F c) { return Tanh(Vec::Add(Gated(a, b), c)); }); return;
    case plan::Map::kMulAdd: Map3(t, first, last, [](F a, F b, F c) { return Vec::MulAdd(a, b, c); }); return;
    default: return;
  }
}
