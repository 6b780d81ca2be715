// Convolution with 8-bit weights and quantised input: rows are quantised once, then multiplied in
// tiles as in conv_impl.h, with sums in 32 bits that the plan's check has proven to fit. Included
// inside a namespace, after conv_impl.h.

// Input of 16 bits, which every instruction set multiplies with 8-bit weights.
struct Words : PanelOrder8 {
  typedef int16_t Value;
  static constexpr uint32_t kHeadBytes = 0;
  static inline int32_t Zero(const ConvTask&) { return 0; }
  static inline void Store(Value* to, Vec::I steps) { Vec::StoreInt16(to, steps); }
  static inline void PackHead(const ConvTask&, int32_t, int8_t*) {}
  template <int kRows, int kVectors>
  static inline const int8_t* Start(const int8_t* weights, Vec::I (&sum)[kRows][kVectors]) {
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::SetInt(0);
    return weights;
  }
  template <int kRows, int kVectors>
  static inline void Accumulate(const Value* from, ptrdiff_t step, uint32_t channels,
                                const int8_t* weights, Vec::I (&sum)[kRows][kVectors]) {
    Accumulate8<kRows, kVectors>(from, step, channels, weights, sum);
  }
};

#if defined(__AVX512VNNI__)
#include "firmware/engine/products_bytes.h"
#else
typedef Words Bytes;  // bytes less their zero fit 16 bits: the same sums, to the bit
#endif

// The window has to be moved back where the scratch ends: with room for as many rows again, once
// in so many calls as bring them.
static inline uint32_t ScratchRows(const ConvTask& task) {
  const uint32_t rows = InputRows(task);
  return rows - task.kept_rows < task.kept_rows ? rows + task.kept_rows : rows;
}
// Where the input's first row lies, quantised.
template <class Value>
static inline Value* WindowOf(const ConvTask& task) {
  Value* scratch = static_cast<Value*>(task.scratch);
  return task.window ? scratch + size_t{task.window->first} * ScratchChannels(task) : scratch;
}

template <class Sort>
static void QuantiseRows(const ConvTask& task, uint32_t first, uint32_t last) {
  typedef typename Sort::Value Value;
  constexpr uint32_t kLanes = Vec::kLanes;
  // Adding 1.5 * 2^23 leaves no room for a fraction: the sum's low bits are the value, rounded as
  // QuantizeLinear rounds.
  const Vec::F steps = Vec::Set(task.steps_per_unit), shift = Vec::Set(12582912.0f);
  const Vec::F low = Vec::Set(task.input_low), high = Vec::Set(task.input_high);
  const Vec::I shift_bits = Vec::SetInt(0x4b400000 - Sort::Zero(task));
  const auto whole = [&](Vec::F x) {
    const Vec::F held = Vec::Min(Vec::Max(Vec::Mul(x, steps), low), high);
    return Vec::SubInt(Vec::Bits(Vec::Add(held, shift)), shift_bits);
  };
  const ptrdiff_t step = task.quantise_step;
  const float* x = task.input + static_cast<ptrdiff_t>(first) * step;
  uint32_t channels = task.in_channels, wide = ScratchChannels(task), rows = last - first;
  Value* to = WindowOf<Value>(task) + size_t{first} * wide;
  if (channels == wide && step == static_cast<ptrdiff_t>(channels)) {  // one long row
    channels = wide = channels * rows;
    rows = 1u;
  }
  for (; rows > 0u; --rows, x += step, to += wide) {
    uint32_t c = 0;
    for (; c + 2u * kLanes <= channels; c += 2u * kLanes) {
      const Vec::I one = whole(Vec::Load(x + c)), other = whole(Vec::Load(x + c + kLanes));
      Sort::Store(to + c, one);
      Sort::Store(to + c + kLanes, other);
    }
    if (c + kLanes <= channels) {
      Sort::Store(to + c, whole(Vec::Load(x + c)));
      c += kLanes;
    }
    if (c < channels) {
      Value some[kLanes];
      Sort::Store(some, whole(Vec::LoadSome(x + c, static_cast<int>(channels - c))));
      for (uint32_t i = 0; c + i < channels; ++i) to[c + i] = some[i];
    }
    for (c = channels; c < wide; ++c) to[c] = 0;
  }
}

// The window goes on to where the last call has left its last rows, or they come to the front.
template <class Sort>
static void RecallRows(const ConvTask& task) {
  if (task.kept_rows == 0u) return;
  RowWindow& window = *task.window;
  const uint32_t rows = InputRows(task), next = window.first + rows - task.kept_rows;
  if (!window.kept) {
    window = {true, 0u};
    return QuantiseRows<Sort>(task, 0, task.kept_rows);
  }
  window.first = next + rows <= ScratchRows(task) ? next : 0u;
  if (window.first == next) return;
  typename Sort::Value* scratch = static_cast<typename Sort::Value*>(task.scratch);
  const size_t wide = ScratchChannels(task);
  std::memmove(scratch, scratch + next * wide, task.kept_rows * wide * sizeof *scratch);
}

template <class Sort>
struct Tile8 {
  const typename Sort::Value* x;
  ptrdiff_t row_step, tap_step;
  uint32_t taps, channels;
  const int8_t* weights;
  uint32_t row, column, columns;
};

// Out of line: together with the products, GCC would run out of registers and spill sums in the
// innermost loop.
template <int kRows, int kVectors>
__attribute__((noinline)) static void FinishIntegers(const ConvTask& task, uint32_t row,
                                                     uint32_t column, uint32_t columns,
                                                     const Vec::I (&sum)[kRows][kVectors]) {
  Vec::F y[kRows][kVectors];
  LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) {
    const int count = InVector(columns, v);
    const uint32_t at = column + static_cast<uint32_t>(v * Vec::kLanes);
    const Vec::F scale =
        count == Vec::kLanes ? Vec::Load(task.scale + at) : Vec::LoadSome(task.scale + at, count);
    const Vec::F bias = !task.bias             ? Vec::Set(0.0f)
                        : count == Vec::kLanes ? Vec::Load(task.bias + at)
                                               : Vec::LoadSome(task.bias + at, count);
    LODESTONE_UNROLL(16)
    for (int r = 0; r < kRows; ++r) y[r][v] = Vec::MulAdd(Vec::ToFloat(sum[r][v]), scale, bias);
  }
  Finish<kRows, kVectors>(task, row, column, columns, y);
}

template <class Sort, int kRows, int kVectors>
static void RunTile8(const ConvTask& task, const Tile8<Sort>& tile) {
  Vec::I sum[kRows][kVectors];
  const int8_t* weights = Sort::template Start<kRows, kVectors>(tile.weights, sum);
  for (uint32_t tap = 0; tap < tile.taps; ++tap) {
    Sort::template Accumulate<kRows, kVectors>(tile.x + tap * tile.tap_step, tile.row_step,
                                               tile.channels, weights, sum);
    weights += static_cast<size_t>(tile.channels) * kVectors * Vec::kLanes;
  }
  Vec::I done[kRows][kVectors];
  LODESTONE_UNROLL(16)
  for (int r = 0; r < kRows; ++r) LODESTONE_UNROLL(4)
  for (int v = 0; v < kVectors; ++v) done[r][v] = Untraced(sum[r][v]);
  FinishIntegers<kRows, kVectors>(task, tile.row, tile.column, tile.columns, done);
}

template <class Sort>
struct Tile8Functions {
  typedef void (*Function)(const ConvTask&, const Tile8<Sort>&);
  template <int kVectors, int kRows, bool kSome = (kRows > 0)>
  struct Table {
    static constexpr void Fill(Function* table) {
      table[kRows] = RunTile8<Sort, kRows, kVectors>;
      Table<kVectors, kRows - 1>::Fill(table);
    }
  };
  template <int kVectors, int kRows>
  struct Table<kVectors, kRows, false> {
    static constexpr void Fill(Function*) {}
  };
  static constexpr int kOf1 = Sort::kFewestVectors == 1 ? TileShape::kRowsOf1 : 0;
  static constexpr int kOf4 = TileShape::kRowsOf4;
  Function of1[kOf1 + 1], of2[TileShape::kRowsOf2 + 1], of4[kOf4 + 1];
  constexpr Tile8Functions() : of1{}, of2{}, of4{} {
    Table<1, kOf1>::Fill(of1);
    Table<2, TileShape::kRowsOf2>::Fill(of2);
    Table<4, kOf4>::Fill(of4);
  }
  Function Find(uint32_t vectors, uint32_t rows) const {
    return vectors == 4u ? of4[rows] : vectors == 2u ? of2[rows] : of1[rows];
  }
};

// Calls visit(first column, vectors) for every panel in packing order.
template <class Sort, class Visit>
static inline void ForPanels8(const ConvTask& task, Visit visit) {
  const uint32_t fewest = Sort::kFewestVectors;
  uint32_t left = (task.out_channels + Vec::kLanes * fewest - 1u) / (Vec::kLanes * fewest) * fewest;
  const uint32_t widest = WidestPanel(task.rows);
  for (uint32_t column = 0; left > 0u;) {
    const uint32_t vectors = left >= widest ? widest : left >= 2u ? 2u : 1u;
    visit(column, vectors);
    column += vectors * Vec::kLanes;
    left -= vectors;
  }
}

// Bytes of a panel's weights, with what lies in front of them.
template <class Sort>
static inline size_t PanelBytes(const ConvTask& task, uint32_t vectors) {
  return static_cast<size_t>(vectors) * Vec::kLanes *
         (task.taps * ScratchChannels(task) + Sort::kHeadBytes);
}

template <class Sort>
static size_t PackedIntegers(const ConvTask& task) {
  size_t bytes = 0;
  ForPanels8<Sort>(task,
                   [&](uint32_t, uint32_t vectors) { bytes += PanelBytes<Sort>(task, vectors); });
  return bytes;
}

template <class Sort>
static void PackIntegers(const ConvTask& task, const int8_t* plan_order, int8_t* to) {
  const size_t depth = static_cast<size_t>(task.taps) * task.in_channels,
               wide = ScratchChannels(task);
  ForPanels8<Sort>(task, [&](uint32_t first, uint32_t vectors) {
    const uint32_t columns = vectors * Vec::kLanes;
    int8_t* panel = to + Sort::kHeadBytes * columns;
    for (uint32_t i = 0; i < columns; ++i) {
      const uint32_t o = first + i;
      int32_t total = 0;
      for (size_t k = 0; k < task.taps * wide; ++k) {
        const size_t channel = k % wide, from = k / wide * task.in_channels + channel;
        const bool there = o < task.out_channels && channel < task.in_channels;
        const int8_t weight =
            there ? plan_order[(o / plan::kPanel * depth + from) * plan::kPanel + o % plan::kPanel]
                  : static_cast<int8_t>(0);
        panel[Sort::Index(k, i, columns)] = weight;
        total += weight;
      }
      Sort::PackHead(task, total, to + Sort::kHeadBytes * i);
    }
    to += PanelBytes<Sort>(task, vectors);
  });
}

template <class Sort>
static uint32_t Conv8Items(const ConvTask& task) {
  uint32_t items = task.quantise_items;
  ForPanels8<Sort>(task, [&](uint32_t, uint32_t vectors) { items += TilesOf(task.rows, vectors); });
  return items;
}

template <class Sort>
static void RunConv8(const ConvTask& task, uint32_t first, uint32_t last) {
  static constexpr Tile8Functions<Sort>
      kFunctions;  // a constant: no code of this instruction set runs to make it
  const uint32_t wide = ScratchChannels(task), quantise = task.quantise_items,
                 each = task.rows_per_item;
  if (first < quantise) {
    if (first == 0u) RecallRows<Sort>(task);
    const uint32_t begin = task.kept_rows + first * each,
                   end = task.kept_rows + (last < quantise ? last : quantise) * each;
    QuantiseRows<Sort>(task, begin, end < InputRows(task) ? end : InputRows(task));
  }
  const bool adjacent = task.dilation == 1u;
  const typename Sort::Value* input = WindowOf<typename Sort::Value>(task);
  const int8_t* weights = task.weights8;
  uint32_t item = quantise;
  ForPanels8<Sort>(task, [&](uint32_t column, uint32_t vectors) {
    const uint32_t tiles = TilesOf(task.rows, vectors), width = vectors * Vec::kLanes;
    if (item < last && item + tiles > first) {
      Tile8<Sort> tile;
      tile.row_step = static_cast<ptrdiff_t>(task.input_stride) * wide;
      tile.tap_step = static_cast<ptrdiff_t>(task.dilation) * wide;
      tile.taps = adjacent ? 1u : task.taps;
      tile.channels = adjacent ? task.taps * wide : wide;
      tile.weights = weights;
      tile.column = column;
      tile.columns = task.out_channels - column;
      tile.row = 0;
      const uint32_t even = tiles > 1u ? task.rows / tiles : task.rows,
                     more = task.rows - even * tiles;
      for (uint32_t t = 0; t < tiles; ++t) {
        const uint32_t rows = even + (t < more ? 1u : 0u);
        if (item + t >= first && item + t < last) {
          tile.x = input + static_cast<ptrdiff_t>(tile.row) * tile.row_step;
          kFunctions.Find(vectors, rows)(task, tile);
          FinishCurved(task, tile.row, rows, tile.column,
                       tile.columns < width ? tile.columns : width);
        }
        tile.row += rows;
      }
    }
    item += tiles;
    weights += PanelBytes<Sort>(task, vectors);
  });
}
