// The element-wise functions of a plan (definitions/operations.toml), a line each; operands are a,
// b and c. Included inside a namespace, after map_impl.h.

typedef Vec::F F;

// MAPn(NAME, value): the kernel of function NAME, which has n operands.
#define MAP1(NAME, ...)                             \
  struct Map##NAME {                                \
    explicit Map##NAME(const LoopsTask&) {}         \
    F operator()(F a) const { return __VA_ARGS__; } \
  };
#define MAP2(NAME, ...)                                  \
  struct Map##NAME {                                     \
    explicit Map##NAME(const LoopsTask&) {}              \
    F operator()(F a, F b) const { return __VA_ARGS__; } \
  };
#define MAP3(NAME, ...)                                       \
  struct Map##NAME {                                          \
    explicit Map##NAME(const LoopsTask&) {}                   \
    F operator()(F a, F b, F c) const { return __VA_ARGS__; } \
  };

MAP1(Copy, a)
MAP1(Neg, Vec::Sub(Vec::Set(0.0f), a))
MAP1(Abs, Vec::Abs(a))
MAP1(Sign, Vec::Select(IsZero(a), Vec::Set(0.0f), Vec::WithSignOf(Vec::Set(1.0f), a)))
MAP1(Sqrt, Vec::Sqrt(a))
MAP1(Exp, Exp(a))
MAP1(Log, Log(a))
MAP1(Sin, Sin(a))
MAP1(Cos, Cos(a))
MAP1(Tanh, Tanh(a))
MAP1(Sigmoid, Sigmoid(a))
MAP1(Asinh, Lanes(a, [](float v) { return __builtin_asinhf(v); }))
MAP1(Erf, Lanes(a, [](float v) { return __builtin_erff(v); }))
MAP1(Tan, Lanes(a, [](float v) { return __builtin_tanf(v); }))
MAP1(Atan, Lanes(a, [](float v) { return __builtin_atanf(v); }))
MAP1(Floor, Floor(a))
MAP1(Ceil, Vec::Sub(Vec::Set(0.0f), Floor(Vec::Sub(Vec::Set(0.0f), a))))
MAP1(Round, RoundEven(a))
MAP1(Truncate, Whole(a))
MAP1(Reciprocal, Vec::Div(Vec::Set(1.0f), a))
MAP1(Not, Truth(IsZero(a)))
MAP1(IsNonzero, Vec::Select(IsZero(a), Vec::Set(0.0f), Vec::Set(1.0f)))
MAP1(Square, Vec::Mul(a, a))

struct MapLeakyRelu {
  F slope;
  explicit MapLeakyRelu(const LoopsTask& task) : slope(Vec::Set(task.parameter[0])) {}
  F operator()(F a) const { return LeakyRelu(a, slope); }
};

MAP2(Add, Vec::Add(a, b))
MAP2(Sub, Vec::Sub(a, b))
MAP2(Mul, Vec::Mul(a, b))
MAP2(Div, Vec::Div(a, b))
MAP2(Pow, Lanes(a, b, [](float v, float w) { return __builtin_powf(v, w); }))
MAP2(Min, Vec::Min(a, b))
MAP2(Max, Vec::Max(a, b))
MAP2(Less, Truth(Vec::Less(a, b)))
MAP2(LessOrEqual, Truth(Vec::LessEqual(a, b)))
MAP2(Greater, Truth(Vec::Less(b, a)))
MAP2(GreaterOrEqual, Truth(Vec::LessEqual(b, a)))
MAP2(Equal, Truth(Vec::Equal(a, b)))
MAP2(And, Vec::Select(IsZero(a), Vec::Set(0.0f), Vec::Sub(Vec::Set(1.0f), Truth(IsZero(b)))))
MAP2(Or, Vec::Select(IsZero(a), Vec::Sub(Vec::Set(1.0f), Truth(IsZero(b))), Vec::Set(1.0f)))
MAP2(Mod, Modulo(a, b))
MAP2(Fmod, Lanes(a, b, [](float v, float w) { return __builtin_fmodf(v, w); }))
MAP2(Snake, Snake(a, b, Vec::Div(Vec::Set(1.0f), Vec::Add(b, Vec::Set(1e-9f)))))
MAP2(PowPositive, PowPositive(a, b))

MAP3(Where, Vec::Select(IsZero(a), c, b))
MAP3(Clip, Vec::Min(c, Vec::Max(b, a)))
MAP3(MulAdd, Vec::MulAdd(a, b, c))
MAP3(Gate, Vec::Mul(Tanh(Gated(a, b)), c))
MAP3(NoisyGate, Tanh(Vec::Add(Gated(a, b), c)))

#undef MAP1
#undef MAP2
#undef MAP3

// Only numbers that the plan's check has seen come here.
static void RunMap(const LoopsTask& task, uint32_t first, uint32_t last) {
  switch (static_cast<plan::Map>(task.function)) {
#define LODESTONE_RUN1(NAME) \
  case plan::Map::k##NAME: MapRows(task, first, last, Unary<Map##NAME>{Map##NAME(task)}); return;
#define LODESTONE_RUN2(NAME) \
  case plan::Map::k##NAME: MapRows(task, first, last, Binary<Map##NAME>{Map##NAME(task)}); return;
#define LODESTONE_RUN3(NAME) \
  case plan::Map::k##NAME: MapRows(task, first, last, Ternary<Map##NAME>{Map##NAME(task)}); return;
    LODESTONE_MAP1(LODESTONE_RUN1)
    LODESTONE_MAP2(LODESTONE_RUN2)
    LODESTONE_MAP3(LODESTONE_RUN3)
#undef LODESTONE_RUN1
#undef LODESTONE_RUN2
#undef LODESTONE_RUN3
  }
}
