#include "firmware/engine/plan_memory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "firmware/engine/checked.h"
#include "firmware/engine/program.h"

namespace lodestone {
namespace {

constexpr uint64_t kAddressable =
    0x7fffffffu;  // what the kernels' own sums hold on a 32-bit processor
constexpr uint32_t kWidest =
    16;  // lanes of the widest vectors, which packed outputs are filled up to

// No more than this is packed from, or computed in scratch by, any kernels: eight bytes for each
// weight, filled up.
Checked Most(const plan::Conv& op) {
  const Checked inputs =
      Checked(op.rows - 1u) * op.stride + Checked(op.taps - 1u) * op.dilation + 1u;
  const Checked channels = RoundedUp(op.in_channels, 4u);
  return RoundedUp(op.out_channels, kWidest) * op.groups * op.taps * channels * 8u +
         inputs * channels * 2u;
}

}  // namespace

ConvTask TaskOf(const plan::Conv& op) {
  ConvTask task = {};
  task.rows = op.rows;
  task.taps = op.taps;
  task.in_channels = op.in_channels;
  task.out_channels = op.out_channels;
  task.groups = op.groups;
  task.input_stride = op.stride;
  task.dilation = op.dilation;
  task.row_step = static_cast<ptrdiff_t>(op.stride) * op.input.row_stride;
  task.tap_step = static_cast<ptrdiff_t>(op.dilation) * op.input.row_stride;
  task.residual_step = op.residual.row_stride;
  task.raw_step = op.raw.row_stride;
  task.active_step = op.active.row_stride;
  task.activation = static_cast<plan::Activation>(op.activation);
  task.slope = op.slope;
  const plan::WeightFormat format = static_cast<plan::WeightFormat>(op.format);
  task.byte_input = format == plan::WeightFormat::kInt8Uint8;
  if (!task.byte_input && format != plan::WeightFormat::kInt8Int16) return task;
  task.integers = true;
  task.input_zero = task.byte_input ? static_cast<int32_t>(op.input_zero) : 0;
  task.input_low = static_cast<float>(task.byte_input ? -task.input_zero : -op.input_limit);
  task.input_high = static_cast<float>(task.byte_input ? 255 - task.input_zero : op.input_limit);
  task.steps_per_unit = 1.0f / op.input_scale;
  return task;
}

uint64_t MemoryOf(const PlanParts& parts, const Kernels& kernels) {
  const plan::Header& h = parts.header;
  Checked bytes =
      (Checked(h.arena_floats) + Checked(h.state_floats) * 2u + h.io_floats + h.constant_floats) *
      sizeof(float);
  uint64_t scratch = 0, in_passing = 0;
  std::vector<bool> keeps(h.operation_count, false);
  for (const History& history : FindHistories(parts)) {
    keeps[history.convolution] = true;
    bytes = bytes + sizeof(KeptRows) + sizeof(Floats);
  }
  for (uint32_t i = 0; i < h.operation_count; ++i) {
    if (OperationKind(parts, i) != static_cast<uint32_t>(plan::Kind::kConv)) {
      bytes = bytes + sizeof(plan::Loops);
      continue;
    }
    const plan::Conv op = ReadConv(parts, i);
    if (!Most(op).Within(kAddressable)) return UINT64_MAX;
    const ConvTask task = TaskOf(op);
    bytes = bytes + sizeof(ConvTask) + 64u;
    bytes = bytes + (task.integers ? kernels.packed_bytes8(task)
                                   : Checked(kernels.packed_floats(task)) * sizeof(float));
    const uint64_t needs = kernels.scratch_bytes(task);
    if (keeps[i])
      bytes = bytes + needs;
    else
      scratch = std::max(scratch, needs);
    if (!task.integers)
      in_passing = std::max(
          in_passing,
          WeightBytes(op) / plan::WeightSize(static_cast<plan::WeightFormat>(op.format)) * 4u);
  }
  return (bytes + scratch + in_passing + h.file_bytes).value();
}

bool CheckMemory(const PlanParts& parts, const Kernels& kernels, char* error, size_t error_bytes) {
  const uint64_t bytes = MemoryOf(parts, kernels);
  if (bytes <= plan::kMostMemoryBytes) {
    void* volatile there = std::malloc(static_cast<size_t>(bytes));
    std::free(there);
    if (there != nullptr) return true;
    std::snprintf(error, error_bytes,
                  "wanted %u MB of memory for the plan, got less: end other programs, or take a "
                  "smaller voice",
                  static_cast<unsigned>(bytes >> 20));
    return false;
  }
  std::snprintf(error, error_bytes,
                "wanted a plan of at most %u MB in memory, got %u: take a smaller voice and "
                "compile the model again",
                static_cast<unsigned>(plan::kMostMemoryBytes >> 20),
                static_cast<unsigned>(std::min<uint64_t>(bytes >> 20, 0xffffffffu)));
  return false;
}

}  // namespace lodestone
