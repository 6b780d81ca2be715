// Convolution of every channel with its own taps (the filter bank's second half): lanes are
// channels, tiles are rows. Included inside a namespace, after conv_impl.h.

static inline bool IsDepthwise(const ConvTask& task) {
  return task.in_channels == 1u && task.out_channels == 1u && task.groups > 1u;
}

static inline uint32_t DepthwiseVectors(const ConvTask& task) {
  return (task.groups + Vec::kLanes - 1u) / Vec::kLanes;
}

static size_t PackedDepthwise(const ConvTask& task) {
  return static_cast<size_t>(DepthwiseVectors(task)) * Vec::kLanes * task.taps;
}

// From [group][taps][8] (one channel in a panel of eight) to [vector][taps][lanes].
static void PackDepthwise(const ConvTask& task, const float* plan_order, float* to) {
  for (uint32_t v = 0; v < DepthwiseVectors(task); ++v)
    for (uint32_t k = 0; k < task.taps; ++k)
      for (uint32_t i = 0; i < Vec::kLanes; ++i) {
        const uint32_t group = v * Vec::kLanes + i;
        *to++ = group < task.groups
                    ? plan_order[(static_cast<size_t>(group) * task.taps + k) * plan::kPanel]
                    : 0.0f;
      }
}

template <int kRows, bool kWhole>
static inline void DepthwiseTile(const ConvTask& task, const float* weights, uint32_t row,
                                 uint32_t column, int count) {
  const float* x = task.input + static_cast<ptrdiff_t>(row) * task.row_step + column;
  const Vec::F start = task.bias ? Vec::LoadSome(task.bias + column, count) : Vec::Set(0.0f);
  Vec::F sum[kRows][1];
  LODESTONE_UNROLL(8)
  for (int r = 0; r < kRows; ++r) sum[r][0] = start;
  for (uint32_t k = 0; k < task.taps; ++k, x += task.tap_step, weights += Vec::kLanes) {
    const Vec::F w = Vec::Load(weights);
    const float* at = x;
    LODESTONE_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      sum[r][0] = Vec::MulAdd(Cut<kWhole>::Load(at, count), w, sum[r][0]);
      at += task.row_step;
    }
  }
  Finish<kRows, 1>(task, row, column, static_cast<uint32_t>(count), sum);
}

constexpr uint32_t kDepthwiseRows = 8;

static uint32_t DepthwiseItems(const ConvTask& task) {
  return DepthwiseVectors(task) * ((task.rows + kDepthwiseRows - 1u) / kDepthwiseRows);
}

static void RunDepthwise(const ConvTask& task, uint32_t first, uint32_t last) {
  const uint32_t tiles = (task.rows + kDepthwiseRows - 1u) / kDepthwiseRows;
  for (uint32_t item = first; item < last; ++item) {
    const uint32_t vector = item / tiles, row = item % tiles * kDepthwiseRows,
                   column = vector * Vec::kLanes;
    const float* weights = task.weights + static_cast<size_t>(vector) * task.taps * Vec::kLanes;
    const int count =
        task.groups - column < Vec::kLanes ? static_cast<int>(task.groups - column) : Vec::kLanes;
    const uint32_t end = row + kDepthwiseRows < task.rows ? row + kDepthwiseRows : task.rows;
    const bool whole = count == Vec::kLanes, tall = end - row == kDepthwiseRows;
    constexpr int kTall = static_cast<int>(kDepthwiseRows);
    if (tall)
      whole ? DepthwiseTile<kTall, true>(task, weights, row, column, count)
            : DepthwiseTile<kTall, false>(task, weights, row, column, count);
    else
      for (uint32_t r = row; r < end; ++r) DepthwiseTile<1, false>(task, weights, r, column, count);
    FinishCurved(task, row, end - row, column, static_cast<uint32_t>(count));
  }
}
