// What happens to a convolution's sums when a tile is done: residual, raw result, activation.
// Included inside a namespace, before conv_impl.h.

// Vectors of a tile: whole, or cut where the channels end.
template <bool kWhole>
struct Cut {
  static inline Vec::F Load(const float* p, int) { return Vec::Load(p); }
  static inline void Store(float* p, Vec::F y, int) { Vec::Store(p, y); }
};
template <>
struct Cut<false> {
  static inline Vec::F Load(const float* p, int count) { return Vec::LoadSome(p, count); }
  static inline void Store(float* p, Vec::F y, int count) { Vec::StoreSome(p, y, count); }
};

// Of `columns` channels, how many lie in vector v.
static inline int InVector(uint32_t columns, int v) {
  const int left = static_cast<int>(columns) - v * Vec::kLanes;
  return left >= Vec::kLanes ? Vec::kLanes : left > 0 ? left : 0;
}

template <bool kWhole, int kRows, int kVectors>
__attribute__((always_inline)) static inline void StoreTile(float* to, ptrdiff_t step,
                                                            uint32_t columns,
                                                            const Vec::F (&y)[kRows][kVectors]) {
  LODESTONE_UNROLL(16)
  for (int r = 0; r < kRows; ++r, to += step) LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v)
    Cut<kWhole>::Store(to + v * Vec::kLanes, y[r][v], InVector(columns, v));
}

// Asks each question once a tile: asked at every sum, they would take as long as the products of a
// shallow layer. Activations of more than one instruction are left to FinishCurved: a copy at every
// sum would not fit the cache of instructions.
template <bool kWhole, int kRows, int kVectors>
__attribute__((always_inline)) static inline void FinishWhole(const ConvTask& task, uint32_t row,
                                                              uint32_t column, uint32_t columns,
                                                              Vec::F (&y)[kRows][kVectors]) {
  const ptrdiff_t first = static_cast<ptrdiff_t>(row);
  if (task.residual) {
    const float* from = task.residual + first * task.residual_step + column;
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r, from += task.residual_step) LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v)
      y[r][v] = Vec::Add(y[r][v], Cut<kWhole>::Load(from + v * Vec::kLanes, InVector(columns, v)));
  }
  if (task.raw)
    StoreTile<kWhole, kRows, kVectors>(task.raw + first * task.raw_step + column, task.raw_step,
                                       columns, y);
  if (!task.active) return;
  if (task.activation == plan::Activation::kLeakyRelu) {
    const Vec::F slope = Vec::Set(task.slope);
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) y[r][v] = LeakyRelu(y[r][v], slope);
  }
  StoreTile<kWhole, kRows, kVectors>(task.active + first * task.active_step + column,
                                     task.active_step, columns, y);
}

// Rows row..row + kRows - 1 and `columns` channels from `column` on; what y holds beyond them is
// ignored.
template <int kRows, int kVectors>
__attribute__((always_inline)) static inline void Finish(const ConvTask& task, uint32_t row,
                                                         uint32_t column, uint32_t columns,
                                                         Vec::F (&y)[kRows][kVectors]) {
  if (columns >= kVectors * Vec::kLanes)
    FinishWhole<true, kRows, kVectors>(task, row, column, columns, y);
  else
    FinishWhole<false, kRows, kVectors>(task, row, column, columns, y);
}

static inline Vec::F Curve(const ConvTask& task, Vec::F y, uint32_t column, int count) {
  switch (task.activation) {
    case plan::Activation::kTanh: return Tanh(y);
    case plan::Activation::kSigmoid: return Sigmoid(y);
    case plan::Activation::kSnake:
      return Snake(y, Vec::LoadSome(task.alpha + column, count),
                   Vec::LoadSome(task.alpha_reciprocal + column, count));
    case plan::Activation::kLeakyRelu:
    case plan::Activation::kNone: break;
  }
  return y;
}

// Activates `rows` rows of `columns` channels that lie in task.active as they were summed.
static void FinishCurved(const ConvTask& task, uint32_t first_row, uint32_t rows,
                         uint32_t first_column, uint32_t columns) {
  if (!task.active || task.activation == plan::Activation::kNone ||
      task.activation == plan::Activation::kLeakyRelu)
    return;
  for (uint32_t row = first_row; row < first_row + rows; ++row) {
    float* y = task.active + static_cast<ptrdiff_t>(row) * task.active_step;
    for (uint32_t column = first_column; column < first_column + columns; column += Vec::kLanes) {
      const int count = InVector(first_column + columns - column, 0);
      Vec::StoreSome(y + column, Curve(task, Vec::LoadSome(y + column, count), column, count),
                     count);
    }
  }
}
