// The arithmetic of a plan, once per instruction set: tasks (operations with their addresses filled
// in) and who runs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "firmware/engine/engine.h"
#include "firmware/generated/operations.h"
#include "firmware/engine/unroll.h"

namespace lodestone {

// Four nested loops over up to three operands; `step` in floats.
struct LoopsTask {
  uint32_t function;
  uint32_t dims[4];
  float* out;
  const float* in[3];
  ptrdiff_t out_step[4], in_step[3][4];
  float parameter[2];
};

// Quantised rows that a convolution keeps from call to call: a window that slides through its
// scratch, so that few calls have to move them.
struct RowWindow {
  bool kept;       // the rows of the last call are there
  uint32_t first;  // row of the scratch at which the input begins
};

struct ConvTask {
  uint32_t rows, taps, in_channels, out_channels, groups;  // channels per group
  uint32_t input_stride, dilation;                         // in rows
  ptrdiff_t row_step, tap_step;                            // of the input, in floats
  const float* input;
  const float* weights;   // packed by Kernels::pack, or as the plan has them
  const float* bias;      // or null
  const float* residual;  // or null, like raw and active
  float *raw, *active;
  ptrdiff_t residual_step, raw_step, active_step;
  plan::Activation activation;
  float slope;
  const float *alpha, *alpha_reciprocal;

  void* scratch;  // as many bytes as Kernels::scratch_bytes says

  // 8-bit weights times quantised input: rows are quantised into `scratch` first.
  bool integers;
  const int8_t* weights8;                       // packed by Kernels::pack8
  const float* scale;                           // of a sum, per output channel
  float steps_per_unit, input_low, input_high;  // what the input is held within, in steps
  bool byte_input;                              // the input takes 8 bits, else 16
  int32_t input_zero;                           // the byte that means zero
  ptrdiff_t quantise_step;                      // from one of them to the next, in floats
  uint32_t rows_per_item, quantise_items;       // slices in which they are quantised
  uint32_t kept_rows;  // of the input, at its front: what the last call has left at its end
  RowWindow* window;   // with kept_rows only
};

// Channels of a quantised row: rounded up, so that whole pairs or fours of them can be read.
inline uint32_t ScratchChannels(const ConvTask& task) { return (task.in_channels + 3u) / 4u * 4u; }
inline uint32_t InputRows(const ConvTask& task) {
  return (task.rows - 1u) * task.input_stride + (task.taps - 1u) * task.dilation + 1u;
}

// Fills in how the input's new rows are quantised: once, for a Cortex-A8 does not divide by itself.
inline void SliceQuantising(ConvTask* task) {
  constexpr uint32_t kValuesPerItem = 4096;
  const uint32_t channels = ScratchChannels(*task);
  task->quantise_step = task->row_step / static_cast<ptrdiff_t>(task->input_stride);
  task->rows_per_item = channels < kValuesPerItem ? kValuesPerItem / channels : 1u;
  task->quantise_items =
      (InputRows(*task) - task->kept_rows + task->rows_per_item - 1u) / task->rows_per_item;
}

// One instruction set. All functions are pure arithmetic on memory that the caller owns.
struct Kernels {
  const char* name;
  void (*map)(const LoopsTask& task, uint32_t first, uint32_t last);  // rows of dims[3] elements
  bool (*contract)(const LoopsTask& task);        // false: not in vectors, RunContract has to
  size_t (*packed_floats)(const ConvTask& task);  // 0: the plan's own order serves
  void (*pack)(const ConvTask& task, const float* plan_order, float* to);
  uint32_t (*conv_items)(const ConvTask& task);
  void (*conv)(const ConvTask& task, uint32_t first, uint32_t last);
  size_t (*packed_bytes8)(const ConvTask& task);
  void (*pack8)(const ConvTask& task, const int8_t* plan_order, int8_t* to);
  size_t (*scratch_bytes)(const ConvTask& task);
  float (*unary)(uint32_t function, float x);  // one value, for tests of the error bounds
};

// Null when this processor, or this build, does not have the set.
const Kernels* FindKernels(KernelSet set);
const Kernels* PortableKernels();
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();
const Kernels* NeonKernels();

}  // namespace lodestone
