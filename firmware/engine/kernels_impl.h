// One instruction set's table of kernels: the including file names the set (LODESTONE_SET) and its TileShape. Everything is
// static inside that set's namespace, so that no code compiled for one processor is ever linked into another's path.

#include "firmware/engine/vec_math.h"
#include "firmware/engine/map_impl.h"
#include "firmware/engine/map_table_impl.h"
#include "firmware/engine/conv_impl.h"

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
