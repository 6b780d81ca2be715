#include "firmware/engine/check_operations.h"

#include <initializer_list>

#include "firmware/engine/checked.h"

namespace lodestone {
namespace {

using plan::Kind;
using plan::View;

constexpr uint32_t kMostDim = 1u << 26;
constexpr const char* kOutside =
    "wanted every operand inside its space, got one that reaches out of it";

uint64_t SpaceFloats(const plan::Header& h, uint32_t space) {
  switch (space) {
    case plan::kArena: return h.arena_floats;
    case plan::kState: return h.state_floats;
    case plan::kConstant: return h.constant_floats;
    case plan::kIo: return h.io_floats;
    default: return 0;
  }
}

// Lowest and highest float touched by the loops, plus `extra` floats from each.
bool ViewInside(const plan::Header& h, const View& view, const uint32_t* dims, int64_t extra) {
  int64_t low = view.offset, high = view.offset;
  for (int d = 0; d < 4; ++d) {
    const int64_t reach = static_cast<int64_t>(dims[d] - 1u) * view.stride[d];
    (reach < 0 ? low : high) += reach;
  }
  return low >= 0 && high + extra < static_cast<int64_t>(SpaceFloats(h, view.space));
}

bool RowsInside(const plan::Header& h, const plan::Rows& rows, uint64_t last_row, uint64_t width) {
  if (last_row > kMostDim || rows.row_stride < 0) return false;
  const Checked reach = Checked(last_row) * static_cast<uint32_t>(rows.row_stride);
  return (reach + rows.offset + width).Within(SpaceFloats(h, rows.space));
}

bool ConstantsInside(const plan::Header& h, uint32_t at, Checked count) {
  return (count + at).Within(h.constant_floats);
}

int Operands(const plan::Loops& op) {
  if (!plan::IsKind(op.kind)) return 0;
  switch (static_cast<Kind>(op.kind)) {
    case Kind::kMap: return plan::MapOperands(op.function);
    case Kind::kReduce:
    case Kind::kScan: return plan::IsReduction(op.function) ? 1 : 0;
    case Kind::kContract:
    case Kind::kGather: return op.function == 0u ? 2 : 0;
    case Kind::kConv: break;
  }
  return 0;
}

const char* CheckLoops(const plan::Header& h, const plan::Loops& op, uint64_t* work) {
  const int operands = Operands(op);
  if (operands == 0) return "wanted a known operation, got another";
  uint64_t elements = 1;
  for (uint32_t dim : op.dims) {
    if (dim == 0u || dim > kMostDim) return "wanted loops of sane length, got another";
    elements *= dim;
    if (elements > kMostDim) return "wanted loops of sane length, got longer ones";
  }
  *work += elements;
  const bool gather = op.kind == static_cast<uint32_t>(Kind::kGather);
  const bool row_result = op.kind == static_cast<uint32_t>(Kind::kContract);
  uint32_t dims[4] = {op.dims[0], op.dims[1], op.dims[2], row_result ? 1u : op.dims[3]};
  if (op.out.space == plan::kConstant || !ViewInside(h, op.out, dims, 0)) return kOutside;
  int64_t extra = 0;
  if (gather) {
    uint32_t entries = 0, apart = 0;
    if (!WholeNumber(op.parameter[0], 1u << 24, &entries) || entries == 0u ||
        !WholeNumber(op.parameter[1], 1u << 24, &apart))
      return "wanted a look-up table of sane size, got another";
    extra = (static_cast<int64_t>(entries) - 1) * static_cast<int64_t>(apart);
  }
  if (!ViewInside(h, op.a, op.dims, extra)) return kOutside;
  if (gather) dims[3] = 1u;
  if (operands > 1 && !ViewInside(h, op.b, gather ? dims : op.dims, 0)) return kOutside;
  if (operands > 2 && !ViewInside(h, op.c, op.dims, 0)) return kOutside;
  if ((operands < 2 && op.b.space != plan::kNowhere) ||
      (operands < 3 && op.c.space != plan::kNowhere))
    return "wanted no more operands than the operation has, got more";
  return nullptr;
}

// The largest sum of weight magnitudes of an output, times the largest input, has to fit 31 bits.
// Bytes are summed with their zero in them, which is taken off at the start: at most twice 255 on
// the way.
bool SumsFit(const PlanParts& parts, const plan::Conv& op) {
  const int64_t largest =
      op.format == static_cast<uint32_t>(plan::WeightFormat::kInt8Uint8) ? 510 : op.input_limit;
  const int8_t* weights = reinterpret_cast<const int8_t*>(parts.weights + op.weights_at);
  const uint64_t depth = uint64_t{op.taps} * op.in_channels;
  for (uint64_t panel = 0; panel < (op.out_channels + plan::kPanel - 1u) / plan::kPanel;
       ++panel, weights += depth * plan::kPanel) {
    int64_t sums[plan::kPanel] = {};
    for (uint64_t k = 0; k < depth; ++k)
      for (uint32_t o = 0; o < plan::kPanel; ++o) {
        const int weight = weights[k * plan::kPanel + o];
        sums[o] += weight < 0 ? -weight : weight;
      }
    for (int64_t sum : sums)
      if (sum * largest > 0x7fffffff) return false;
  }
  return true;
}

const char* CheckFormat(const PlanParts& parts, const plan::Conv& op, uint64_t out) {
  const plan::WeightFormat format = static_cast<plan::WeightFormat>(op.format);
  if (format == plan::WeightFormat::kFloat32) return nullptr;
  if (!ConstantsInside(parts.header, op.scale_at, out)) return kOutside;
  const bool bytes = format == plan::WeightFormat::kInt8Uint8;
  if (format != plan::WeightFormat::kInt8Int16 && !bytes) return nullptr;
  if (op.groups != 1u || (op.in_channels == 1u && op.out_channels == 1u))
    return "wanted quantised input in plain convolutions, got another";
  if (!IsFinite(op.input_scale) || op.input_scale < 1e-30f || op.input_scale > 1e30f)
    return "wanted a sane input scale, got another";
  if (bytes ? op.input_zero > 255u : op.input_limit < 1 || op.input_limit > 32767)
    return "wanted inputs within their bits, got more";
  return SumsFit(parts, op) ? nullptr : "wanted sums of at most 31 bits, got larger ones";
}

const char* CheckConv(const PlanParts& parts, const plan::Conv& op, uint64_t* work) {
  const plan::Header& h = parts.header;
  const uint32_t sizes[] = {op.rows,        op.taps,         op.dilation, op.stride,
                            op.in_channels, op.out_channels, op.groups};
  for (uint32_t size : sizes)
    if (size == 0u || size > (1u << 20)) return "wanted a convolution of sane size, got another";
  const uint64_t in = uint64_t{op.in_channels} * op.groups,
                 out = uint64_t{op.out_channels} * op.groups;
  const uint64_t depth = uint64_t{op.taps} * op.in_channels;
  if (in > kMostDim || out > kMostDim || depth > kMostDim ||
      !(Checked(op.rows) * out).Within(kMostDim))
    return "wanted a convolution of sane size, got another";
  *work += (Checked(op.rows) * depth * out).value() / 4u;
  const uint64_t last_in =
      uint64_t{op.rows - 1u} * op.stride + uint64_t{op.taps - 1u} * op.dilation;
  if (!plan::IsActivation(op.activation)) return "wanted a known activation, got another";
  if (!RowsInside(h, op.input, last_in, in)) return kOutside;
  for (const plan::Rows* rows : {&op.residual, &op.raw, &op.active}) {
    if (rows->space == plan::kNowhere) continue;
    if (rows != &op.residual && rows->space == plan::kConstant) return kOutside;
    if (!RowsInside(h, *rows, op.rows - 1u, out)) return kOutside;
  }
  if (!plan::IsWeightFormat(op.format)) return "wanted known weights, got another format";
  if (op.weights_at % 4u != 0u ||
      !(Checked(op.weights_at) + WeightBytes(op)).Within(h.weight_bytes))
    return kOutside;
  if (op.bias_at != plan::kNoPlace && !ConstantsInside(h, op.bias_at, out)) return kOutside;
  if (op.activation == static_cast<uint32_t>(plan::Activation::kSnake) &&
      !ConstantsInside(h, op.alpha_at, Checked(2u) * out))
    return kOutside;
  return CheckFormat(parts, op, out);
}

}  // namespace

const char* CheckOperation(const PlanParts& parts, uint32_t index, uint64_t* work) {
  const char* wrong = OperationKind(parts, index) == static_cast<uint32_t>(Kind::kConv)
                          ? CheckConv(parts, ReadConv(parts, index), work)
                          : CheckLoops(parts.header, ReadLoops(parts, index), work);
  if (wrong) return wrong;
  return *work > plan::kMostWork ? "wanted a call that ends in reasonable time, got more work"
                                 : nullptr;
}

}  // namespace lodestone
