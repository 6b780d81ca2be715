// Tiles of row pairs: inputs combined, four sums of products, two rows each (pairs_pack_impl.h has
// the formulas). Included inside a namespace, after pairs_pack_impl.h.

struct PairTile {
  const float* combined;
  const float* weights;
  uint32_t column, columns;                     // columns <= panel width
  uint32_t rows[2 * TileShape::kPairsOf1 + 1];  // of the second rows, then of the first
};

// Floats of a pair's combined inputs.
static inline size_t PairStep(const ConvTask& task) {
  return static_cast<size_t>(RunsOf(task.taps).products()) * task.in_channels;
}

static size_t PairScratchFloats(const ConvTask& task) {
  return PairStep(task) * TileShape::kPairsOf1;
}

// Inputs of one pair and run, combined: `to` and how far behind it the other parts begin.
template <bool kThree, bool kWhole>
static inline void CombineVector(const float* x, ptrdiff_t tap, const float* last, float* to,
                                 const size_t (&part)[3], int n) {
  typedef Cut<kWhole> Part;
  const Vec::F x0 = Part::Load(x, n), x1 = Part::Load(x + tap, n), end = Part::Load(last, n);
  if (kThree) {
    const Vec::F x2 = Part::Load(x + 2 * tap, n);
    Part::Store(to, Vec::Add(x1, x2), n);
    Part::Store(to + part[0], Vec::Sub(x2, x1), n);
    Part::Store(to + part[1], Vec::Sub(x0, x2), n);
  } else {
    Part::Store(to, x1, n);
    Part::Store(to + part[1], Vec::Sub(x0, x1), n);
  }
  Part::Store(to + part[2], Vec::Sub(end, x1), n);
}

template <bool kThree>
static inline void CombineRun(const float* x, ptrdiff_t tap, const float* last, size_t channels,
                              float* to, const size_t (&part)[3]) {
  size_t c = 0;
  for (; c + Vec::kLanes <= channels; c += Vec::kLanes)
    CombineVector<kThree, true>(x + c, tap, last + c, to + c, part, Vec::kLanes);
  if (c < channels)
    CombineVector<kThree, false>(x + c, tap, last + c, to + c, part,
                                 static_cast<int>(channels - c));
}

// The inputs of a tile's pairs, combined, parts in packing order. Without a partner, no row behind
// the last may be read.
static inline void CombineInputs(const ConvTask& task, const PairTile& tile, uint32_t pairs,
                                 float* to) {
  const Runs runs = RunsOf(task.taps);
  const size_t channels = task.in_channels, all = runs.count() * channels,
               threes = runs.threes * channels;
  const size_t part[3] = {all, all + threes, 2u * all + threes}, step = PairStep(task);
  const ptrdiff_t tap = task.tap_step;
  for (uint32_t p = 0; p < pairs; ++p) {
    const uint32_t row = tile.rows[pairs + p];
    const ptrdiff_t more = tile.rows[p] != row ? tap : 0;
    const float* x = task.input + static_cast<ptrdiff_t>(row) * task.row_step;
    float* at = to + p * step;
    for (uint32_t run = 0; run < runs.threes; ++run, x += 3 * tap, at += channels)
      CombineRun<true>(x, tap, x + 2 * tap + more, channels, at, part);
    for (uint32_t run = 0; run < runs.twos; ++run, x += 2 * tap, at += channels)
      CombineRun<false>(x, tap, x + tap + more, channels, at, part);
  }
}

// As FinishWhole, for rows that do not follow each other. A second row that is not there is written
// where its first row comes to lie afterwards.
template <bool kWhole, int kRows, int kVectors>
__attribute__((always_inline)) static inline void FinishRows(const ConvTask& task,
                                                             const PairTile& tile,
                                                             Vec::F (&y)[kRows][kVectors]) {
  const auto at = [&](int r, ptrdiff_t step) {
    return static_cast<ptrdiff_t>(tile.rows[r]) * step + tile.column;
  };
  const auto store = [&](float* to, ptrdiff_t step) {
    LODESTONE_UNROLL(32)
    for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v)
      Cut<kWhole>::Store(to + at(r, step) + v * Vec::kLanes, y[r][v], InVector(tile.columns, v));
  };
  if (task.residual) {
    LODESTONE_UNROLL(32)
    for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v)
      y[r][v] = Vec::Add(
          y[r][v], Cut<kWhole>::Load(task.residual + at(r, task.residual_step) + v * Vec::kLanes,
                                     InVector(tile.columns, v)));
  }
  if (task.raw) store(task.raw, task.raw_step);
  if (!task.active) return;
  if (task.activation == plan::Activation::kLeakyRelu) {
    const Vec::F slope = Vec::Set(task.slope);
    LODESTONE_UNROLL(32)
    for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) y[r][v] = LeakyRelu(y[r][v], slope);
  }
  store(task.active, task.active_step);
}

template <int kPairs, int kVectors>
static void RunPairTile(const ConvTask& task, const PairTile& tile) {
  const Runs runs = RunsOf(task.taps);
  const ptrdiff_t step = static_cast<ptrdiff_t>(PairStep(task));
  const uint32_t all = runs.count() * task.in_channels, threes = runs.threes * task.in_channels;
  Vec::F second[kPairs][kVectors], first[kPairs][kVectors];
  LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    const Vec::F start = task.bias ? Vec::LoadSome(task.bias + tile.column + v * Vec::kLanes,
                                                   InVector(tile.columns, v))
                                   : Vec::Set(0.0f);
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kPairs; ++r) {
      first[r][v] = start;
      second[r][v] = Vec::Set(0.0f);
    }
  }
  const float *x = tile.combined, *weights = tile.weights;
  const auto add_up = [&](uint32_t depth, Vec::F(&sum)[kPairs][kVectors]) {
    Accumulate<kPairs, kVectors>(x, step, depth, weights, sum);
    x += depth;
    weights += static_cast<size_t>(depth) * kVectors * Vec::kLanes;
  };
  add_up(all, first);
  add_up(threes, second);
  LODESTONE_UNROLL(16)
  for (int r = 0; r < kPairs; ++r) LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    const Vec::F both = first[r][v];
    first[r][v] = Vec::Add(both, second[r][v]);
    second[r][v] = Vec::Sub(both, second[r][v]);
  }
  add_up(all, first);
  add_up(all, second);
  Vec::F y[2 * kPairs][kVectors];
  LODESTONE_UNROLL(16)
  for (int r = 0; r < kPairs; ++r) LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    y[r][v] = second[r][v];
    y[kPairs + r][v] = first[r][v];
  }
  tile.columns >= kVectors* Vec::kLanes ? FinishRows<true, 2 * kPairs, kVectors>(task, tile, y)
                                        : FinishRows<false, 2 * kPairs, kVectors>(task, tile, y);
}

typedef void (*PairFunction)(const ConvTask&, const PairTile&);

template <int kVectors, int kPairs>
struct PairTable {
  static constexpr void Fill(PairFunction* table) {
    table[kPairs] = RunPairTile<kPairs, kVectors>;
    PairTable<kVectors, kPairs - 1>::Fill(table);
  }
};
template <int kVectors>
struct PairTable<kVectors, 0> {
  static constexpr void Fill(PairFunction*) {}
};

struct PairFunctions {
  PairFunction of1[TileShape::kPairsOf1 + 1], of2[TileShape::kPairsOf2 + 1];
  constexpr PairFunctions() : of1{}, of2{} {
    PairTable<1, TileShape::kPairsOf1>::Fill(of1);
    PairTable<2, TileShape::kPairsOf2>::Fill(of2);
  }
};
static constexpr PairFunctions kPairFunctions;

// Curved activations, once for every row.
static inline void FinishCurvedPairs(const ConvTask& task, const PairTile& tile, uint32_t pairs) {
  if (task.activation == plan::Activation::kNone || task.activation == plan::Activation::kLeakyRelu)
    return;
  for (uint32_t r = 0; r < 2u * pairs; ++r)
    if (r >= pairs || tile.rows[r] != tile.rows[r + pairs])
      FinishCurved(task, tile.rows[r], 1u, tile.column, tile.columns);
}

// The rows of `pairs` pairs from the first-th on.
static inline void FindRows(const ConvTask& task, uint32_t first, uint32_t pairs, PairTile* tile) {
  uint32_t place = first % task.dilation, row = first / task.dilation * 2u * task.dilation + place;
  for (uint32_t p = 0; p < pairs; ++p, ++row) {
    tile->rows[p] = row + task.dilation < task.rows ? row + task.dilation : row;
    tile->rows[pairs + p] = row;
    if (++place == task.dilation) {
      place = 0;
      row += task.dilation;
    }
  }
}

// An item is a tile of pairs, all channels of it.
static void RunPairs(const ConvTask& task, uint32_t item, uint32_t last) {
  const PairShape shape = PairShapeOf(task);
  const size_t depth = PairStep(task);
  const uint32_t each = shape.pairs / shape.tiles, longer = shape.pairs % shape.tiles;
  for (; item < last; ++item) {
    const uint32_t pairs = each + (item < longer ? 1u : 0u);
    PairTile tile;
    tile.combined = static_cast<float*>(task.scratch);
    tile.weights = task.weights;
    FindRows(task, item * each + (item < longer ? item : longer), pairs, &tile);
    CombineInputs(task, tile, pairs, static_cast<float*>(task.scratch));
    ForPairPanels(task, shape, [&](uint32_t column, uint32_t vectors) {
      const uint32_t left = task.out_channels - column, width = vectors * Vec::kLanes;
      tile.column = column;
      tile.columns = left < width ? left : width;
      (vectors == 2u ? kPairFunctions.of2 : kPairFunctions.of1)[pairs](task, tile);
      if (task.active) FinishCurvedPairs(task, tile, pairs);
      tile.weights += width * depth;
    });
  }
}
