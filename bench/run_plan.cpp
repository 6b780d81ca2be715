// Plays a plan outside Python, for other processors: run_plan PLAN CALLS [INPUTS OUTPUTS].
// INPUTS holds the inputs of each call as raw floats, in the plan's order; without it every input
// is a fixed sequence.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "firmware/engine/engine.h"

// The instruction counter looks for these two names; what runs between them is counted.
extern "C" __attribute__((noinline)) void roi_begin() { __asm__ volatile("" ::: "memory"); }
extern "C" __attribute__((noinline)) void roi_end() { __asm__ volatile("" ::: "memory"); }

namespace {

std::vector<char> ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<char>{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Numbers between -1 and 1 that look random and are the same everywhere.
float Sequence(uint32_t i) {
  i = i * 747796405u + 2891336453u;
  i = ((i >> ((i >> 28u) + 4u)) ^ i) * 277803737u;
  return static_cast<float>(static_cast<int32_t>(i) >> 8) * 1.1920929e-7f;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) return 2;
  const std::vector<char> plan = ReadFile(argv[1]);
  char error[256] = "";
  lodestone::Engine engine;
  if (!engine.Load(plan.data(), plan.size(), error, sizeof error)) {
    std::fprintf(stderr, "%s\n", error);
    return 1;
  }
  const std::vector<char> inputs = argc == 5 ? ReadFile(argv[3]) : std::vector<char>();
  std::ofstream outputs;
  if (argc == 5) outputs.open(argv[4], std::ios::binary);
  const float* next = reinterpret_cast<const float*>(inputs.data());
  const float* end = next + inputs.size() / sizeof(float);
  uint32_t drawn = 0;
  for (int call = 0; call < std::atoi(argv[2]); ++call) {
    for (size_t i = 0; i < engine.input_count(); ++i) {
      if (engine.input(i).role != lodestone::TensorRole::kValue) continue;
      for (uint32_t e = 0; e < engine.input(i).elements; ++e)
        engine.input_data(i)[e] = argc == 5 && next < end ? *next++ : Sequence(drawn++);
    }
    roi_begin();
    engine.Run();
    roi_end();
    for (size_t i = 0; argc == 5 && i < engine.output_count(); ++i)
      outputs.write(reinterpret_cast<const char*>(engine.output_data(i)),
                    static_cast<std::streamsize>(sizeof(float) * engine.output(i).elements));
  }
  std::printf("%s\n", engine.kernels());
  return 0;
}
