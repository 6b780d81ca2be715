// Convolution over time-major rows as a matrix product without im2col: a tile is kRows rows by
// kVectors vectors of output channels, held in registers while the kernel walks over taps and input
// channels. Included inside a namespace.
//
// Weights lie in panels of kVectors * kLanes output channels, in the order in which a tile reads
// them, so that a layer streams its weights once from front to back for each tile of rows.

struct Panels {
  uint32_t wide, vectors_wide;  // so many panels of so many vectors, then one each of 2 and 1
                                // vectors as `rest` says
  uint32_t rest;                // vectors left over
};

// What a tile needs to know; strides in floats.
struct Tile {
  const float* x;
  ptrdiff_t row_step, tap_step;
  uint32_t taps, channels;
  const float* weights;
  uint32_t row, column, columns;  // place in the output; columns <= panel width
};

static inline uint32_t WidestPanel(uint32_t rows) { return rows <= TileShape::kRowsOf4 ? 4u : 2u; }

static inline Panels SplitPanels(const ConvTask& task) {
  const uint32_t vectors = (task.out_channels + Vec::kLanes - 1u) / Vec::kLanes;
  const uint32_t widest = WidestPanel(task.rows);
  return Panels{vectors / widest, widest, vectors % widest};
}

template <int kRows, int kVectors>
static void RunTile(const ConvTask& task, const Tile& tile) {
  // Unrolling keeps every sum in a register: an index that is not constant would send the array to
  // memory.
  Vec::F sum[kRows][kVectors];
  LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    const int count = InVector(tile.columns, v);
    const Vec::F start = !task.bias ? Vec::Set(0.0f)
                         : count == Vec::kLanes
                             ? Vec::Load(task.bias + tile.column + v * Vec::kLanes)
                             : Vec::LoadSome(task.bias + tile.column + v * Vec::kLanes, count);
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r) sum[r][v] = start;
  }
  const float* weights = tile.weights;
  for (uint32_t tap = 0; tap < tile.taps; ++tap) {
    Accumulate<kRows, kVectors>(tile.x + tap * tile.tap_step, tile.row_step, tile.channels, weights,
                                sum);
    weights += static_cast<size_t>(tile.channels) * kVectors * Vec::kLanes;
  }
#if defined(__clang__) && defined(__arm__)
  Vec::F done[kRows][kVectors];
  LODESTONE_UNROLL(16)
  for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) done[r][v] = Untraced(sum[r][v]);
  Finish<kRows, kVectors>(task, tile.row, tile.column, tile.columns, done);
#else
  Finish<kRows, kVectors>(task, tile.row, tile.column, tile.columns, sum);
#endif
}

typedef void (*TileFunction)(const ConvTask&, const Tile&);

template <int kVectors, int kRows>
struct TileTable {
  static constexpr void Fill(TileFunction* table) {
    table[kRows] = RunTile<kRows, kVectors>;
    TileTable<kVectors, kRows - 1>::Fill(table);
  }
};
template <int kVectors>
struct TileTable<kVectors, 0> {
  static constexpr void Fill(TileFunction*) {}
};

struct TileFunctions {
  TileFunction of1[TileShape::kRowsOf1 + 1], of2[TileShape::kRowsOf2 + 1],
      of4[TileShape::kRowsOf4 + 1];
  constexpr TileFunctions() : of1{}, of2{}, of4{} {
    TileTable<1, TileShape::kRowsOf1>::Fill(of1);
    TileTable<2, TileShape::kRowsOf2>::Fill(of2);
    TileTable<4, TileShape::kRowsOf4>::Fill(of4);
  }
  TileFunction Find(uint32_t vectors, uint32_t rows) const {
    return vectors == 4u ? of4[rows] : vectors == 2u ? of2[rows] : of1[rows];
  }
};
// A constant, so that no code of this instruction set runs before the processor was asked.
static constexpr TileFunctions kTileFunctions;

// Calls visit(group, first column in the group, vectors) for every panel in packing order.
template <class Visit>
static inline void ForPanels(const ConvTask& task, Visit visit) {
  const Panels panels = SplitPanels(task);
  for (uint32_t group = 0; group < task.groups; ++group) {
    uint32_t column = 0;
    for (uint32_t p = 0; p < panels.wide; ++p, column += panels.vectors_wide * Vec::kLanes)
      visit(group, column, panels.vectors_wide);
    if (panels.rest & 2u) {
      visit(group, column, 2u);
      column += 2u * Vec::kLanes;
    }
    if (panels.rest & 1u) visit(group, column, 1u);
  }
}

static inline uint32_t TilesOf(uint32_t rows, uint32_t vectors) {
  constexpr uint32_t k4 = TileShape::kRowsOf4, k2 = TileShape::kRowsOf2, k1 = TileShape::kRowsOf1;
  return vectors == 4u   ? (rows + k4 - 1u) / k4  // by constants: a Cortex-A8 does not divide
         : vectors == 2u ? (rows + k2 - 1u) / k2
                         : (rows + k1 - 1u) / k1;
}

static size_t PackedFloats(const ConvTask& task) {
  size_t vectors = 0;
  ForPanels(task, [&](uint32_t, uint32_t, uint32_t wide) { vectors += wide; });
  return vectors * Vec::kLanes * task.taps * task.in_channels;
}

static void Pack(const ConvTask& task, const float* plan_order, float* to) {
  const size_t depth = static_cast<size_t>(task.taps) * task.in_channels;
  const size_t group_floats =
      (task.out_channels + plan::kPanel - 1u) / plan::kPanel * plan::kPanel * depth;
  ForPanels(task, [&](uint32_t group, uint32_t first, uint32_t vectors) {
    for (size_t k = 0; k < depth; ++k)
      for (uint32_t i = 0; i < vectors * Vec::kLanes; ++i) {
        const uint32_t o = first + i;
        *to++ = o >= task.out_channels
                    ? 0.0f
                    : plan_order[group * group_floats +
                                 (o / plan::kPanel * depth + k) * plan::kPanel + o % plan::kPanel];
      }
  });
}

static uint32_t ConvItems(const ConvTask& task) {
  uint32_t items = 0;
  ForPanels(task,
            [&](uint32_t, uint32_t, uint32_t vectors) { items += TilesOf(task.rows, vectors); });
  return items;
}

// Items are tiles, panel by panel; tiles of a panel differ by at most one row.
static void RunConv(const ConvTask& task, uint32_t first, uint32_t last) {
  const float* weights = task.weights;
  const size_t depth = static_cast<size_t>(task.taps) * task.in_channels;
  const bool adjacent = task.tap_step == static_cast<ptrdiff_t>(task.in_channels);
  uint32_t item = 0;
  ForPanels(task, [&](uint32_t group, uint32_t column, uint32_t vectors) {
    const uint32_t tiles = TilesOf(task.rows, vectors), width = vectors * Vec::kLanes;
    if (item < last && item + tiles > first) {
      Tile tile;
      tile.row_step = task.row_step;
      tile.tap_step = task.tap_step;
      tile.taps =
          adjacent ? 1u : task.taps;  // taps that follow each other in memory are one long row
      tile.channels = adjacent ? static_cast<uint32_t>(depth) : task.in_channels;
      tile.weights = weights;
      tile.column = group * task.out_channels + column;
      tile.columns = task.out_channels - column;
      tile.row = 0;
      const uint32_t even = tiles > 1u ? task.rows / tiles : task.rows,
                     more = task.rows - even * tiles;
      for (uint32_t t = 0; t < tiles; ++t) {
        const uint32_t rows = even + (t < more ? 1u : 0u);
        if (item + t >= first && item + t < last) {
          tile.x = task.input + group * task.in_channels +
                   static_cast<ptrdiff_t>(tile.row) * task.row_step;
          kTileFunctions.Find(vectors, rows)(task, tile);
          FinishCurved(task, tile.row, rows, tile.column,
                       tile.columns < width ? tile.columns : width);
        }
        tile.row += rows;
      }
    }
    item += tiles;
    weights += vectors * Vec::kLanes * depth;
  });
}
