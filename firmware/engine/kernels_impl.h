// One instruction set's table of kernels: the including file names the set (LODESTONE_SET) and its
// TileShape. Everything is static inside that set's namespace, so that no code compiled for one
// processor is ever linked into another's path.

#include "firmware/engine/vec_math.h"
#include "firmware/engine/map_impl.h"
#include "firmware/engine/map_functions_impl.h"
#include "firmware/engine/contract_impl.h"
#include "firmware/engine/finish_impl.h"
#include "firmware/engine/conv_impl.h"
#include "firmware/engine/conv8_impl.h"
#include "firmware/engine/depthwise_impl.h"
#include "firmware/engine/pairs_pack_impl.h"
#include "firmware/engine/pairs_impl.h"

static size_t PackedSize(const ConvTask& task) {
  return IsDepthwise(task)  ? PackedDepthwise(task)
         : TakesPairs(task) ? PackedPairs(task)
                            : PackedFloats(task);
}
static void PackAny(const ConvTask& task, const float* plan_order, float* to) {
  if (IsDepthwise(task))
    PackDepthwise(task, plan_order, to);
  else
    TakesPairs(task) ? PackPairs(task, plan_order, to) : Pack(task, plan_order, to);
}
static size_t ScratchBytes(const ConvTask& task) {
  if (task.integers)
    return static_cast<size_t>(ScratchRows(task)) * ScratchChannels(task) * sizeof(int16_t);
  return !IsDepthwise(task) && TakesPairs(task) ? PairScratchFloats(task) * sizeof(float) : 0u;
}
static uint32_t ItemsOf(const ConvTask& task) {
  if (task.integers) return task.byte_input ? Conv8Items<Bytes>(task) : Conv8Items<Words>(task);
  if (IsDepthwise(task)) return DepthwiseItems(task);
  return TakesPairs(task) ? PairShapeOf(task).tiles : ConvItems(task);
}
static void RunAnyConv(const ConvTask& task, uint32_t first, uint32_t last) {
  if (task.integers)
    task.byte_input ? RunConv8<Bytes>(task, first, last) : RunConv8<Words>(task, first, last);
  else if (IsDepthwise(task))
    RunDepthwise(task, first, last);
  else
    TakesPairs(task) ? RunPairs(task, first, last) : RunConv(task, first, last);
}
static size_t PackedBytes8(const ConvTask& task) {
  return task.byte_input ? PackedIntegers<Bytes>(task) : PackedIntegers<Words>(task);
}
static void Pack8(const ConvTask& task, const int8_t* plan_order, int8_t* to) {
  task.byte_input ? PackIntegers<Bytes>(task, plan_order, to)
                  : PackIntegers<Words>(task, plan_order, to);
}

static float RunUnary(uint32_t function, float x) {
  float y = 0.0f;
  LoopsTask task = {};
  task.function = function;
  task.dims[0] = task.dims[1] = task.dims[2] = task.dims[3] = 1u;
  task.out = &y;
  task.in[0] = &x;
  task.out_step[3] = task.in_step[0][3] = 1;
  RunMap(task, 0, 1);
  return y;
}
