#include "firmware/engine/program.h"

#include <stdlib.h>

#include <algorithm>
#include <cstring>

#include "firmware/engine/loops.h"
#include "firmware/engine/plan_memory.h"

namespace lodestone {
namespace {

// Elements in one slice of a map: some 30 us of tanh on a Cortex-A8.
constexpr uint32_t kElementsPerItem = 2048;

}  // namespace

void Floats::Take(size_t count) {
  constexpr size_t kLine = 64;
  const size_t bytes = std::max<size_t>(count, 1u) * sizeof(float);
  void* taken = nullptr;
  if (posix_memalign(&taken, kLine, bytes) != 0)
    std::abort();  // CheckMemory has seen that there is as much
  owned_.reset(static_cast<float*>(taken));
  std::memset(taken, 0, bytes);
}

Program::Program(const PlanParts& parts, const Kernels& kernels)
    : kernels_(kernels), state_bytes_(sizeof(float) * parts.header.state_floats) {
  const plan::Header& h = parts.header;
  const uint32_t sizes[plan::kSpaces] = {0, h.arena_floats, h.state_floats, h.constant_floats,
                                         h.io_floats};
  for (uint32_t s = 1; s < plan::kSpaces; ++s) spaces_[s].Take(sizes[s]);
  if (h.constant_floats)
    std::memcpy(spaces_[plan::kConstant].data(), parts.constants,
                sizeof(float) * h.constant_floats);
  operations_.reserve(h.operation_count);
  const std::vector<History> histories = FindHistories(parts);
  std::vector<uint32_t> past(h.operation_count, 0u);
  for (const History& history : histories) past[history.convolution] = history.rows;
  for (uint32_t i = 0; i < h.operation_count; ++i) {
    if (OperationKind(parts, i) == static_cast<uint32_t>(plan::Kind::kConv))
      AddConv(parts, ReadConv(parts, i), past[i]);
    else
      AddLoops(ReadLoops(parts, i));
  }
  TakeScratch();
  kept_rows_.reserve(histories.size());  // tasks point at them
  own_scratch_.reserve(histories.size());
  for (const History& history : histories) KeepRows(history);
}

// Its copies and its quantised rows are spared from the second call on.
void Program::KeepRows(const History& history) {
  ConvTask& task = convs_[operations_[history.convolution].task];
  const LoopsTask& recall = loops_[operations_[history.recall].task];
  const size_t past = size_t{history.rows} * task.in_channels,
               fresh = size_t{history.fresh} * task.in_channels;
  for (uint32_t index : {history.recall, history.advance})
    operations_[index].history = static_cast<uint32_t>(kept_rows_.size());
  operations_[history.recall].history_use = Operation::HistoryUse::kRecall;
  operations_[history.advance].history_use = Operation::HistoryUse::kAdvance;
  operations_[history.recall].items = operations_[history.advance].items = 1u;
  kept_rows_.push_back({loops_[operations_[history.advance].task].out,
                        recall.out + past,
                        past,
                        fresh,
                        0u,
                        {false, 0u}});
  task.window = &kept_rows_.back().window;
  own_scratch_.emplace_back();
  own_scratch_.back().Take((kernels_.scratch_bytes(task) + sizeof(float) - 1) / sizeof(float));
  task.scratch = own_scratch_.back().data();
}

void Program::LoadState(const void* from) {
  if (state_bytes_) std::memcpy(spaces_[plan::kState].data(), from, state_bytes_);
  for (KeptRows& rows : kept_rows_) {
    rows.oldest = 0u;
    rows.window.kept = false;
  }
}

void Program::SaveState(void* to) const {
  const float* state = spaces_[plan::kState].data();
  if (state_bytes_) std::memcpy(to, state, state_bytes_);
  for (const KeptRows& rows : kept_rows_) {
    uint8_t* out =
        static_cast<uint8_t*>(to) + static_cast<size_t>(rows.state - state) * sizeof(float);
    const size_t old = (rows.past_floats - rows.oldest) * sizeof(float);
    std::memcpy(out, rows.state + rows.oldest, old);
    std::memcpy(out + old, rows.state, rows.oldest * sizeof(float));
  }
}

// The state goes on by the new rows: what the copy from behind the convolution's input would give.
void Program::Advance(KeptRows& rows) const {
  const size_t past = rows.past_floats;
  if (rows.fresh_floats >= past) {
    std::memcpy(rows.state, rows.fresh + (rows.fresh_floats - past), past * sizeof(float));
    return;
  }
  const size_t room = past - rows.oldest, first = std::min(rows.fresh_floats, room),
               rest = rows.fresh_floats - first;
  std::memcpy(rows.state + rows.oldest, rows.fresh, first * sizeof(float));
  if (rest) std::memcpy(rows.state, rows.fresh + first, rest * sizeof(float));
  rows.oldest = first < room ? rows.oldest + first : rest;
}

float* Program::At(uint32_t space, uint32_t offset) {
  return space == plan::kNowhere ? nullptr : spaces_[space].data() + offset;
}

void Program::AddLoops(const plan::Loops& op) {
  LoopsTask task = {};
  task.function = op.function;
  const plan::View* views[3] = {&op.a, &op.b, &op.c};
  task.out = At(op.out.space, op.out.offset);
  for (int d = 0; d < 4; ++d) {
    task.dims[d] = op.dims[d];
    task.out_step[d] = op.out.stride[d];
    for (int n = 0; n < 3; ++n) task.in_step[n][d] = views[n]->stride[d];
  }
  for (int n = 0; n < 3; ++n) task.in[n] = At(views[n]->space, views[n]->offset);
  task.parameter[0] = op.parameter[0];
  task.parameter[1] = op.parameter[1];
  Operation operation = {static_cast<plan::Kind>(op.kind),
                         static_cast<uint32_t>(loops_.size()),
                         1u,
                         0u,
                         Operation::HistoryUse::kPlain,
                         0u};
  if (operation.kind == plan::Kind::kMap) {
    const uint32_t rows = op.dims[0] * op.dims[1] * op.dims[2];
    operation.rows_per_item = op.dims[3] < kElementsPerItem ? kElementsPerItem / op.dims[3] : 1u;
    operation.items = (rows + operation.rows_per_item - 1u) / operation.rows_per_item;
  }
  loops_.push_back(task);
  operations_.push_back(operation);
}

void Program::AddConv(const PlanParts& parts, const plan::Conv& op, uint32_t kept_rows) {
  ConvTask task = TaskOf(op);
  task.kept_rows = kept_rows;
  if (task.integers) SliceQuantising(&task);
  task.input = At(op.input.space, op.input.offset);
  task.bias = op.bias_at == plan::kNoPlace ? nullptr : At(plan::kConstant, op.bias_at);
  task.residual = At(op.residual.space, op.residual.offset);
  task.raw = At(op.raw.space, op.raw.offset);
  task.active = At(op.active.space, op.active.offset);
  if (task.activation == plan::Activation::kSnake) {
    task.alpha = At(plan::kConstant, op.alpha_at);
    task.alpha_reciprocal = task.alpha + static_cast<size_t>(op.groups) * op.out_channels;
  }
  PackWeights(parts, op, &task);
  operations_.push_back(Operation{plan::Kind::kConv, static_cast<uint32_t>(convs_.size()),
                                  kernels_.conv_items(task), 0u, Operation::HistoryUse::kPlain,
                                  0u});
  convs_.push_back(task);
}

void Program::PackWeights(const PlanParts& parts, const plan::Conv& op, ConvTask* task) {
  const uint8_t* from = parts.weights + op.weights_at;
  const plan::WeightFormat format = static_cast<plan::WeightFormat>(op.format);
  weights_.emplace_back();
  if (task->integers) {
    const size_t bytes = kernels_.packed_bytes8(*task);
    weights_.back().Take((bytes + sizeof(float) - 1) / sizeof(float));
    int8_t* packed = reinterpret_cast<int8_t*>(weights_.back().data());
    kernels_.pack8(*task, reinterpret_cast<const int8_t*>(from), packed);
    task->weights8 = packed;
    task->scale = At(plan::kConstant, op.scale_at);
    return;
  }
  std::vector<float> plan_order(static_cast<size_t>(
      uint64_t{op.groups} * ((op.out_channels + plan::kPanel - 1u) / plan::kPanel) * plan::kPanel *
      op.taps * op.in_channels));
  const float* scale =
      format == plan::WeightFormat::kFloat32 ? nullptr : At(plan::kConstant, op.scale_at);
  if (!scale) {
    std::memcpy(plan_order.data(), from, plan_order.size() * sizeof(float));
  } else {
    const size_t depth = static_cast<size_t>(op.taps) * op.in_channels;
    const size_t panels = (op.out_channels + plan::kPanel - 1u) / plan::kPanel;
    for (size_t i = 0; i < plan_order.size(); ++i) {
      const size_t panel = i / (depth * plan::kPanel),
                   o = panel % panels * plan::kPanel + i % plan::kPanel;
      if (o >= op.out_channels) continue;
      int16_t wide = 0;
      if (format == plan::WeightFormat::kInt16) std::memcpy(&wide, from + 2 * i, sizeof wide);
      const int step = format == plan::WeightFormat::kInt16 ? wide : static_cast<int8_t>(from[i]);
      plan_order[i] = static_cast<float>(step) * scale[panel / panels * op.out_channels + o];
    }
  }
  weights_.back().Take(kernels_.packed_floats(*task));
  kernels_.pack(*task, plan_order.data(), weights_.back().data());
  task->weights = weights_.back().data();
}

// One scratch serves all that keep nothing in it: operations run one after another.
void Program::TakeScratch() {
  size_t most = 0;
  for (const ConvTask& task : convs_)
    if (task.kept_rows == 0u) most = std::max(most, kernels_.scratch_bytes(task));
  scratch_.Take((most + sizeof(float) - 1) / sizeof(float));
  for (ConvTask& task : convs_) task.scratch = scratch_.data();
}

void Program::Run(const Operation& operation, uint32_t first, uint32_t last) const {
  if (operation.kind == plan::Kind::kConv) {
    kernels_.conv(convs_[operation.task], first, last);
    return;
  }
  if (operation.history_use == Operation::HistoryUse::kRecall &&
      kept_rows_[operation.history].window.kept)
    return;
  if (operation.history_use == Operation::HistoryUse::kAdvance)
    return Advance(kept_rows_[operation.history]);
  const LoopsTask& task = loops_[operation.task];
  switch (operation.kind) {
    case plan::Kind::kMap: {
      const uint32_t rows = task.dims[0] * task.dims[1] * task.dims[2];
      const uint32_t end = last * operation.rows_per_item;
      kernels_.map(task, first * operation.rows_per_item, end < rows ? end : rows);
      break;
    }
    case plan::Kind::kReduce: RunReduce(task); break;
    case plan::Kind::kContract:
      if (!kernels_.contract(task)) RunContract(task);
      break;
    case plan::Kind::kScan: RunScan(task); break;
    case plan::Kind::kGather: RunGather(task); break;
    case plan::Kind::kConv: break;
  }
}

}  // namespace lodestone
