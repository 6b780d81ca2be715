// The arithmetic of a plan, once per instruction set: tasks (operations with their addresses filled in) and who runs them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "firmware/engine/engine.h"
#include "firmware/engine/plan_format.h"

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
  ptrdiff_t row_step, tap_step;                            // of the input, in floats
  const float* input;
  const float* weights;  // packed by Kernels::pack, or as the plan has them
  const float* bias;     // or null
  const float* residual;  // or null, like raw and active
  float *raw, *active;
  ptrdiff_t residual_step, raw_step, active_step;
  plan::Activation activation;
  float slope;
  const float *alpha, *alpha_reciprocal;
};

// One instruction set. All functions are pure arithmetic on memory that the caller owns.
struct Kernels {
  const char* name;
  void (*map)(const LoopsTask& task, uint32_t first, uint32_t last);  // rows of dims[3] elements
  size_t (*packed_floats)(const ConvTask& task);                      // 0: the plan's own order serves
  void (*pack)(const ConvTask& task, const float* plan_order, float* to);
  uint32_t (*conv_items)(const ConvTask& task);
  void (*conv)(const ConvTask& task, uint32_t first, uint32_t last);
  float (*unary)(uint32_t function, float x);  // one value, for tests of the error bounds
};

// Null when this processor, or this build, does not have the set.
const Kernels* FindKernels(KernelSet set);
const Kernels* PortableKernels();
const Kernels* Avx2Kernels();
const Kernels* Avx512Kernels();
const Kernels* NeonKernels();

}  // namespace lodestone
