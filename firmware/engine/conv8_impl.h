// Convolution with 8-bit weights and 16-bit input: rows are quantised once, then multiplied in tiles as in conv_impl.h, with
// sums in 32 bits that the plan's check has proven to fit. Included inside a namespace, after conv_impl.h.

constexpr uint32_t kQuantisedPerItem = 4096;  // values quantised in one slice

static inline uint32_t InputRows(const ConvTask& task) {
  return (task.rows - 1u) * task.input_stride + (task.taps - 1u) * task.dilation + 1u;
}
static inline uint32_t RowsPerItem(const ConvTask& task) {
  return ScratchChannels(task) < kQuantisedPerItem ? kQuantisedPerItem / ScratchChannels(task) : 1u;
}
static inline uint32_t QuantiseItems(const ConvTask& task) {
  return (InputRows(task) + RowsPerItem(task) - 1u) / RowsPerItem(task);
}

static void QuantiseRows(const ConvTask& task, uint32_t first, uint32_t last) {
  // Adding 1.5 * 2^23 leaves no room for a fraction: the sum's low bits are the value, rounded as QuantizeLinear rounds.
  const Vec::F steps = Vec::Set(task.steps_per_unit), limit = Vec::Set(task.input_limit), shift = Vec::Set(12582912.0f);
  const Vec::I shift_bits = Vec::SetInt(0x4b400000);
  const uint32_t channels = task.in_channels, wide = ScratchChannels(task);
  const ptrdiff_t row_floats = task.row_step / static_cast<ptrdiff_t>(task.input_stride);
  for (uint32_t row = first; row < last; ++row) {
    const float* x = task.input + static_cast<ptrdiff_t>(row) * row_floats;
    int16_t* to = task.scratch + static_cast<size_t>(row) * wide;
    for (uint32_t c = 0; c < channels; c += Vec::kLanes) {
      const int count = channels - c < Vec::kLanes ? static_cast<int>(channels - c) : Vec::kLanes;
      const Vec::F scaled = Vec::Mul(count == Vec::kLanes ? Vec::Load(x + c) : Vec::LoadSome(x + c, count), steps);
      const Vec::F held = Vec::Min(Vec::Max(scaled, Vec::Sub(Vec::Set(0.0f), limit)), limit);
      const Vec::I whole = Vec::SubInt(Vec::Bits(Vec::Add(held, shift)), shift_bits);
      if (count == Vec::kLanes) {
        Vec::StoreInt16(to + c, whole);
      } else {
        int16_t some[Vec::kLanes];
        Vec::StoreInt16(some, whole);
        for (int i = 0; i < count; ++i) to[c + static_cast<uint32_t>(i)] = some[i];
      }
    }
    for (uint32_t c = channels; c < wide; ++c) to[c] = 0;
  }
}

struct Tile8 {
  const int16_t* x;
  ptrdiff_t row_step, tap_step;
  uint32_t taps, channels;
  const int8_t* weights;
  uint32_t row, column, columns;
};

template <int kRows, int kVectors>
static void RunTile8(const ConvTask& task, const Tile8& tile) {
  Vec::I sum[kRows][kVectors];
  LODESTONE_UNROLL(16)
  for (int r = 0; r < kRows; ++r)
    LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::SetInt(0);
  const int8_t* weights = tile.weights;
  for (uint32_t tap = 0; tap < tile.taps; ++tap) {
    Accumulate8<kRows, kVectors>(tile.x + tap * tile.tap_step, tile.row_step, tile.channels, weights, sum);
    weights += static_cast<size_t>(tile.channels) * kVectors * Vec::kLanes;
  }
  LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    const int left = static_cast<int>(tile.columns) - v * Vec::kLanes;
    if (left <= 0) continue;
    const int count = left < Vec::kLanes ? left : Vec::kLanes;
    const uint32_t column = tile.column + static_cast<uint32_t>(v * Vec::kLanes);
    const Vec::F scale = count == Vec::kLanes ? Vec::Load(task.scale + column) : Vec::LoadSome(task.scale + column, count);
    const Vec::F bias = !task.bias ? Vec::Set(0.0f)
                        : count == Vec::kLanes ? Vec::Load(task.bias + column) : Vec::LoadSome(task.bias + column, count);
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r)
      Finish(task, Vec::MulAdd(Vec::ToFloat(sum[r][v]), scale, bias), tile.row + static_cast<uint32_t>(r), column, count);
  }
}

typedef void (*Tile8Function)(const ConvTask&, const Tile8&);

template <int kVectors, int kRows>
struct Tile8Table {
  static constexpr void Fill(Tile8Function* table) {
    table[kRows] = RunTile8<kRows, kVectors>;
    Tile8Table<kVectors, kRows - 1>::Fill(table);
  }
};
template <int kVectors>
struct Tile8Table<kVectors, 0> {
  static constexpr void Fill(Tile8Function*) {}
};

struct Tile8Functions {
  static constexpr int kOf1 = PanelOrder8::kFewestVectors == 1 ? TileShape::kRowsOf1 : 0;
  static constexpr int kOf4 = PanelOrder8::kFewestVectors == 1 ? TileShape::kRowsOf4 : 0;
  Tile8Function of1[kOf1 + 1], of2[TileShape::kRowsOf2 + 1], of4[kOf4 + 1];
  constexpr Tile8Functions() : of1{}, of2{}, of4{} {
    Tile8Table<1, kOf1>::Fill(of1);
    Tile8Table<2, TileShape::kRowsOf2>::Fill(of2);
    Tile8Table<4, kOf4>::Fill(of4);
  }
  Tile8Function Find(uint32_t vectors, uint32_t rows) const {
    return vectors == 4u ? of4[rows] : vectors == 2u ? of2[rows] : of1[rows];
  }
};
static constexpr Tile8Functions kTile8Functions;

// Calls visit(first column, vectors) for every panel in packing order.
template <class Visit>
static inline void ForPanels8(const ConvTask& task, Visit visit) {
  const uint32_t fewest = PanelOrder8::kFewestVectors;
  uint32_t left = (task.out_channels + Vec::kLanes * fewest - 1u) / (Vec::kLanes * fewest) * fewest;
  const uint32_t widest = fewest == 1u ? WidestPanel(task.rows) : 2u;
  for (uint32_t column = 0; left > 0u;) {
    const uint32_t vectors = left >= widest ? widest : left >= 2u ? 2u : 1u;
    visit(column, vectors);
    column += vectors * Vec::kLanes;
    left -= vectors;
  }
}

static size_t PackedBytes8(const ConvTask& task) {
  size_t vectors = 0;
  ForPanels8(task, [&](uint32_t, uint32_t wide) { vectors += wide; });
  return vectors * Vec::kLanes * task.taps * ScratchChannels(task);
}

static void Pack8(const ConvTask& task, const int8_t* plan_order, int8_t* to) {
  const size_t depth = static_cast<size_t>(task.taps) * task.in_channels, wide = ScratchChannels(task);
  ForPanels8(task, [&](uint32_t first, uint32_t vectors) {
    const uint32_t columns = vectors * Vec::kLanes;
    for (size_t k = 0; k < task.taps * wide; ++k)
      for (uint32_t i = 0; i < columns; ++i) {
        const uint32_t o = first + i;
        const size_t channel = k % wide, from = k / wide * task.in_channels + channel;
        const bool there = o < task.out_channels && channel < task.in_channels;
        to[PanelOrder8::Index(k, i, columns)] =
            there ? plan_order[(o / plan::kPanel * depth + from) * plan::kPanel + o % plan::kPanel] : static_cast<int8_t>(0);
      }
    to += task.taps * wide * columns;
  });
}

static uint32_t Conv8Items(const ConvTask& task) {
  uint32_t items = QuantiseItems(task);
  ForPanels8(task, [&](uint32_t, uint32_t vectors) { items += TilesOf(task.rows, vectors); });
  return items;
}

static void RunConv8(const ConvTask& task, uint32_t first, uint32_t last) {
  const uint32_t wide = ScratchChannels(task), quantise = QuantiseItems(task), each = RowsPerItem(task);
  if (first < quantise) {
    const uint32_t end = (last < quantise ? last : quantise) * each;
    QuantiseRows(task, first * each, end < InputRows(task) ? end : InputRows(task));
  }
  const bool adjacent = task.dilation == 1u;
  const int8_t* weights = task.weights8;
  uint32_t item = quantise;
  ForPanels8(task, [&](uint32_t column, uint32_t vectors) {
    const uint32_t tiles = TilesOf(task.rows, vectors);
    if (item < last && item + tiles > first) {
      Tile8 tile;
      tile.row_step = static_cast<ptrdiff_t>(task.input_stride) * wide;
      tile.tap_step = static_cast<ptrdiff_t>(task.dilation) * wide;
      tile.taps = adjacent ? 1u : task.taps;
      tile.channels = adjacent ? task.taps * wide : wide;
      tile.weights = weights;
      tile.column = column;
      tile.columns = task.out_channels - column;
      tile.row = 0;
      for (uint32_t t = 0; t < tiles; ++t) {
        const uint32_t rows = task.rows / tiles + (t < task.rows % tiles ? 1u : 0u);
        if (item + t >= first && item + t < last) {
          tile.x = task.scratch + static_cast<ptrdiff_t>(tile.row) * tile.row_step;
          kTile8Functions.Find(vectors, rows)(task, tile);
        }
        tile.row += rows;
      }
    }
    item += tiles;
    weights += static_cast<size_t>(vectors) * Vec::kLanes * task.taps * wide;
  });
}
