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
  uint32_t kept_rows;  // of the input, at its front: what the last call has left at its end
  bool* kept;          // `scratch` still holds them; with kept_rows only
};

// Channels of a quantised row: rounded up, so that whole pairs or fours of them can be read.
inline uint32_t ScratchChannels(const ConvTask& task) { return (task.in_channels + 3u) / 4u * 4u; }

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
