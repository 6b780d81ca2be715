// Convolution by pairs of rows with fewer products: minimal filtering after Winograd (Arithmetic
// Complexity of Computations, 1980). Rows t and t + d of a filter of dilation d share inputs; with
// x0..x3 at t, t + d, t + 2 d, t + 3 d, two and three taps take three products instead of four, and
// four instead of six:
//
//   y0 = [(x0 - x1) w0] + (x1 (w0 + w1))                    y0 = [(x0 - x2) w0] + ((x1 + x2) g) +
//   <(x2 - x1) h> y1 = {(x2 - x1) w1} + (x1 (w0 + w1))                    y1 = {(x3 - x1) w2} +
//   ((x1 + x2) g) - <(x2 - x1) h>
//                                                           g = (w0 + w1 + w2) / 2, h = (w0 - w1 +
//                                                           w2) / 2
//
// More taps are runs of three and two whose results add up. So there are four sums of products: ( )
// goes to both rows, < > to one and from the other, [ ] and { } to one alone. Inputs are combined
// once a tile, into scratch; weights when packed. Included inside a namespace, after conv_impl.h.

// Filters of `threes` runs of three taps and then `twos` runs of two.
struct Runs {
  uint32_t threes, twos;
  uint32_t count() const { return threes + twos; }
  uint32_t products() const { return 4u * threes + 3u * twos; }  // for two rows
};

static inline Runs RunsOf(uint32_t taps) {
  const uint32_t twos = taps % 3u == 0u ? 0u : taps % 3u == 1u ? 2u : 1u;
  return Runs{(taps - 2u * twos) / 3u, twos};
}

// Rows whose partner lies one dilation behind them: the first d of every 2 d, the last of them
// perhaps without a partner.
static inline uint32_t PairsOf(const ConvTask& task) {
  const uint32_t left = task.rows % (2u * task.dilation);
  return task.rows / (2u * task.dilation) * task.dilation +
         (left < task.dilation ? left : task.dilation);
}

// Where products are the cost: with few rows it is reading the weights, which grow by a third or a
// half; layers of half a million bytes belong to voices that no cache holds, and from memory they
// are read no faster than eight rows are multiplied. Products are saved by a sixth at least, or
// combining the inputs would take what they save.
static inline bool TakesPairs(const ConvTask& task) {
  if (!TileShape::kTakesPairs || task.groups != 1u || task.input_stride != 1u || task.taps < 2u)
    return false;
  if (task.rows < 8u || task.in_channels < 16u || task.out_channels < Vec::kLanes) return false;
  if (task.rows < 16u && uint64_t{task.taps} * task.in_channels * task.out_channels > (1u << 17))
    return false;
  return uint64_t{6u} * PairsOf(task) * RunsOf(task.taps).products() <=
         uint64_t{5u} * task.rows * task.taps;
}

struct PairShape {
  uint32_t pairs, tiles,
      vectors;  // of a tile: the first tiles have one pair more where they do not divide
};

static inline PairShape PairShapeOf(const ConvTask& task) {
  const uint32_t pairs = PairsOf(task),
                 tiles = (pairs + TileShape::kPairsOf1 - 1u) / TileShape::kPairsOf1;
  return PairShape{pairs, tiles, (pairs + tiles - 1u) / tiles <= TileShape::kPairsOf2 ? 2u : 1u};
}

// Calls visit(first column, vectors) for every panel in packing order.
template <class Visit>
static inline void ForPairPanels(const ConvTask& task, const PairShape& shape, Visit visit) {
  uint32_t left = (task.out_channels + Vec::kLanes - 1u) / Vec::kLanes;
  for (uint32_t column = 0; left > 0u;) {
    const uint32_t vectors = left < shape.vectors ? left : shape.vectors;
    visit(column, vectors);
    column += vectors * Vec::kLanes;
    left -= vectors;
  }
}

static size_t PackedPairs(const ConvTask& task) {
  size_t vectors = 0;
  ForPairPanels(task, PairShapeOf(task), [&](uint32_t, uint32_t wide) { vectors += wide; });
  return vectors * Vec::kLanes * task.in_channels * RunsOf(task.taps).products();
}

// The weight of product `part` of a run: 0 both, 1 difference, 2 first alone, 3 second alone.
static inline float PairWeight(const float* w, size_t step, bool three, int part) {
  const double first = static_cast<double>(w[0]), second = static_cast<double>(w[step]);
  const double third = three ? static_cast<double>(w[2u * step]) : 0.0;
  if (part == 2) return w[0];
  if (part == 3) return three ? w[2u * step] : w[step];
  if (!three) return static_cast<float>(first + second);
  return static_cast<float>((first + (part == 0 ? second : -second) + third) * 0.5);
}

// Parts in the order in which a tile adds them up, runs in order within a part.
static void PackPairs(const ConvTask& task, const float* plan_order, float* to) {
  const size_t depth = static_cast<size_t>(task.taps) * task.in_channels,
               tap = static_cast<size_t>(task.in_channels) * plan::kPanel;
  const Runs runs = RunsOf(task.taps);
  ForPairPanels(task, PairShapeOf(task), [&](uint32_t first, uint32_t vectors) {
    for (int part = 0; part < 4; ++part)
      for (uint32_t run = 0; run < (part == 1 ? runs.threes : runs.count()); ++run) {
        const bool three = run < runs.threes;
        const uint32_t at = three ? 3u * run : 3u * runs.threes + 2u * (run - runs.threes);
        for (uint32_t c = 0; c < task.in_channels; ++c)
          for (uint32_t o = first; o < first + vectors * Vec::kLanes; ++o)
            *to++ = o >= task.out_channels
                        ? 0.0f
                        : PairWeight(plan_order +
                                         (o / plan::kPanel * depth + at * task.in_channels + c) *
                                             plan::kPanel +
                                         o % plan::kPanel,
                                     tap, three, part);
      }
  });
}
