// Loads mutated plans with fitting checksums and runs those that are accepted: `plan_fuzz PLAN ROUNDS SEED`.
// Meant to be built with sanitizers; prints how many were refused and how many ran.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "firmware/engine/crc32.h"
#include "firmware/engine/engine.h"
#include "firmware/generated/operations.h"

namespace {

uint32_t Next(uint64_t* state) {
  *state = *state * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<uint32_t>(*state >> 33);
}

uint32_t Interesting(uint64_t* state, uint32_t old) {
  switch (Next(state) % 6u) {
    case 0: return Next(state) * 2u;
    case 1: return Next(state) % 64u;
    case 2: return old + Next(state) % 9u - 4u;
    case 3: return 1u << Next(state) % 32u;
    case 4: return 0xffffffffu - Next(state) % 4u;
    default: return old * 2u;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> whole{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  lodestone::plan::Header header;
  std::memcpy(&header, whole.data(), sizeof header);
  const uint32_t words = header.constants_at / 4u;  // header, descriptors and operations: what steers the engine
  uint64_t state = static_cast<uint64_t>(std::atoll(argv[3]));
  int refused = 0, ran = 0;
  for (int round = 0; round < std::atoi(argv[2]); ++round) {
    std::vector<char> plan = whole;
    for (uint32_t change = Next(&state) % 4u + 1u; change > 0u; --change) {
      const uint32_t word = 6u + Next(&state) % (words - 6u);
      uint32_t value;
      std::memcpy(&value, &plan[4u * word], 4);
      value = Interesting(&state, value);
      std::memcpy(&plan[4u * word], &value, 4);
    }
    if (Next(&state) % 16u == 0u) plan.resize(plan.size() - Next(&state) % plan.size());
    if (plan.size() > 24u) {
      const uint32_t crc = lodestone::Crc32(reinterpret_cast<const uint8_t*>(plan.data()) + 24, plan.size() - 24u);
      std::memcpy(&plan[20], &crc, 4);
    }
    char error[256];
    lodestone::Engine engine;
    if (!engine.Load(plan.data(), plan.size(), error, sizeof error)) {
      ++refused;
      continue;
    }
    engine.Step(2000);  // whole calls of a blown-up plan would take too long
    ++ran;
  }
  std::printf("%d refused, %d ran\n", refused, ran);
  return 0;
}
