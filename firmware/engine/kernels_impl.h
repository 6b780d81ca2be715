// One instruction set's table of kernels: the including file names the set (LODESTONE_SET) and its TileShape. Everything is
// static inside that set's namespace, so that no code compiled for one processor is ever linked into another's path.

#include "firmware/engine/vec_math.h"
#include "firmware/engine/map_impl.h"
#include "firmware/engine/map_table_impl.h"
#include "firmware/engine/conv_impl.h"
#include "firmware/engine/conv8_impl.h"
#include "firmware/engine/depthwise_impl.h"

static size_t PackedSize(const ConvTask& task) { return IsDepthwise(task) ? PackedDepthwise(task) : PackedFloats(task); }
static void PackAny(const ConvTask& task, const float* plan_order, float* to) {
  IsDepthwise(task) ? PackDepthwise(task, plan_order, to) : Pack(task, plan_order, to);
}
static uint32_t ItemsOf(const ConvTask& task) {
  return task.weights8 ? Conv8Items(task) : IsDepthwise(task) ? DepthwiseItems(task) : ConvItems(task);
}
static void RunAnyConv(const ConvTask& task, uint32_t first, uint32_t last) {
  task.weights8 ? RunConv8(task, first, last) : IsDepthwise(task) ? RunDepthwise(task, first, last) : RunConv(task, first, last);
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
