#include "firmware/engine/histories.h"

#include <algorithm>

namespace lodestone {
namespace {

using plan::Kind;

// Each is compared with each: so many take a moment, and no voice has more.
constexpr uint32_t kMostOperations = 4096;

// Floats first..last-1 of a space.
struct Span {
  uint32_t space;
  int64_t first, last;
};

bool Meet(const Span& a, const Span& b) {
  return a.space == b.space && a.first < b.last && b.first < a.last;
}

// No less than an operand reaches: what a contraction adds up counts for its result as well.
Span Reach(const plan::View& view, const plan::Loops& op, int64_t extra) {
  Span span = {view.space, view.offset, int64_t{view.offset} + 1 + extra};
  for (int d = 0; d < 4; ++d) {
    const int64_t reach = static_cast<int64_t>(op.dims[d] - 1u) * view.stride[d];
    (reach < 0 ? span.first : span.last) += reach;
  }
  return span;
}

Span Reach(const plan::Rows& rows, uint64_t last_row, uint64_t width) {
  const int64_t first = rows.offset;
  return {rows.space, first,
          first + static_cast<int64_t>(last_row * static_cast<uint64_t>(rows.row_stride) + width)};
}

struct Operands {
  Span written[2], read[3];
};

Operands OperandsOf(const PlanParts& parts, uint32_t index) {
  if (OperationKind(parts, index) == static_cast<uint32_t>(Kind::kConv)) {
    const plan::Conv op = ReadConv(parts, index);
    const uint64_t in = uint64_t{op.in_channels} * op.groups,
                   out = uint64_t{op.out_channels} * op.groups;
    const uint64_t last_in =
        uint64_t{op.rows - 1u} * op.stride + uint64_t{op.taps - 1u} * op.dilation;
    const uint64_t last = op.rows - 1u;
    return {{Reach(op.raw, last, out), Reach(op.active, last, out)},
            {Reach(op.input, last_in, in), Reach(op.residual, last, out), {plan::kNowhere, 0, 0}}};
  }
  const plan::Loops op = ReadLoops(parts, index);
  const bool gather = op.kind == static_cast<uint32_t>(Kind::kGather);
  const int64_t extra =
      gather ? (static_cast<int64_t>(op.parameter[0]) - 1) * static_cast<int64_t>(op.parameter[1])
             : 0;
  return {{Reach(op.out, op, 0), {plan::kNowhere, 0, 0}},
          {Reach(op.a, op, extra), Reach(op.b, op, 0), Reach(op.c, op, 0)}};
}

bool Writes(const Operands& op, const Span& span) {
  return Meet(op.written[0], span) || Meet(op.written[1], span);
}
bool Touches(const Operands& op, const Span& span) {
  return Writes(op, span) || Meet(op.read[0], span) || Meet(op.read[1], span) ||
         Meet(op.read[2], span);
}

// Whether the operation copies so many floats that lie side by side, and from where to where.
bool IsCopy(const PlanParts& parts, uint32_t index, Span* from, Span* to) {
  if (OperationKind(parts, index) != static_cast<uint32_t>(Kind::kMap)) return false;
  const plan::Loops op = ReadLoops(parts, index);
  if (op.function != static_cast<uint32_t>(plan::Map::kCopy)) return false;
  if (op.dims[0] * op.dims[1] * op.dims[2] != 1u || op.out.stride[3] != 1 || op.a.stride[3] != 1)
    return false;
  *from = Reach(op.a, op, 0);
  *to = Reach(op.out, op, 0);
  return true;
}

class Finder {
 public:
  explicit Finder(const PlanParts& parts) : parts_(parts) {
    for (uint32_t i = 0; i < parts.header.operation_count; ++i)
      operands_.push_back(OperandsOf(parts, i));
  }

  bool Find(uint32_t convolution, History* found) const {
    const plan::Conv op = ReadConv(parts_, convolution);
    const plan::WeightFormat format = static_cast<plan::WeightFormat>(op.format);
    const bool integers =
        format == plan::WeightFormat::kInt8Int16 || format == plan::WeightFormat::kInt8Uint8;
    if (!integers || op.input.space != plan::kArena ||
        op.input.row_stride != static_cast<int32_t>(op.in_channels))
      return false;
    const Span input = operands_[convolution].read[0];
    Span state = {plan::kNowhere, 0, 0}, past = state;
    found->convolution = convolution;
    if (!FindRecall(convolution, input, found, &state, &past)) return false;
    const int64_t width = op.in_channels, floats = past.last - past.first;
    if (floats % width != 0 || floats >= input.last - input.first) return false;
    found->rows = static_cast<uint32_t>(floats / width);
    found->fresh = static_cast<uint32_t>((input.last - input.first - floats) / width);
    return FindAdvance(input, floats, state, found) && Undisturbed(*found, input, state, past);
  }

 private:
  // The last operation that has written the first row.
  bool FindRecall(uint32_t convolution, const Span& input, History* found, Span* state,
                  Span* past) const {
    const Span first = {input.space, input.first, input.first + 1};
    for (uint32_t i = convolution; i-- > 0;) {
      if (!Writes(operands_[i], first)) continue;
      found->recall = i;
      return IsCopy(parts_, i, state, past) && state->space == plan::kState &&
             past->space == input.space && past->first == input.first;
    }
    return false;
  }

  // The first one behind the convolution that writes the state: with the last rows of the input.
  bool FindAdvance(const Span& input, int64_t floats, const Span& state, History* found) const {
    for (uint32_t i = found->convolution + 1u; i < operands_.size(); ++i) {
      if (!Writes(operands_[i], state)) continue;
      found->advance = i;
      Span from = state, to = state;
      return IsCopy(parts_, i, &from, &to) && to.first == state.first && to.last == state.last &&
             from.space == input.space && from.last == input.last &&
             from.first == input.last - floats;
    }
    return false;
  }

  bool Undisturbed(const History& found, const Span& input, const Span& state,
                   const Span& past) const {
    const Span fresh = {input.space, past.last, input.last};
    for (uint32_t i = 0; i < operands_.size(); ++i) {
      if (i == found.recall || i == found.advance) continue;
      if (Touches(operands_[i], state)) return false;
      if (i < found.recall || i > found.advance) continue;
      Operands others = operands_[i];
      if (i == found.convolution) others.read[0].space = plan::kNowhere;
      if (Touches(others, past)) return false;
      if (i >= found.convolution && Writes(others, fresh)) return false;
    }
    return true;
  }

  const PlanParts& parts_;
  std::vector<Operands> operands_;
};

}  // namespace

std::vector<History> FindHistories(const PlanParts& parts) {
  std::vector<History> found;
  if (parts.header.operation_count > kMostOperations) return found;
  const Finder finder(parts);
  for (uint32_t i = 0; i < parts.header.operation_count; ++i) {
    History one = {};
    const bool conv = OperationKind(parts, i) == static_cast<uint32_t>(Kind::kConv);
    if (conv && finder.Find(i, &one)) found.push_back(one);
  }
  return found;
}

}  // namespace lodestone
