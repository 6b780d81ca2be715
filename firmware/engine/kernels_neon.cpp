// Kernels for ARM with NEON: 16 (armv7) or 32 (aarch64) registers of 4 floats.
#if defined(__ARM_NEON) || defined(__ARM_NEON__)
#include <arm_neon.h>

#include "firmware/engine/kernels.h"

namespace lodestone {
namespace neon_set {
namespace {

#include "firmware/engine/vec_neon.h"

// Tallest tiles whose sums, weights and four input values of each row fit the registers, for panels
// of 4, 2 and 1 vectors.
struct TileShape {
#if defined(__aarch64__)
  static constexpr uint32_t kRowsOf4 = 4, kRowsOf2 = 8, kRowsOf1 = 8;
#else
  static constexpr uint32_t kRowsOf4 = 2, kRowsOf2 = 4, kRowsOf1 = 4;
#endif
  static constexpr bool kTakesPairs = false;  // too few registers for two sums of each row
  static constexpr uint32_t kPairsOf1 = 1, kPairsOf2 = 1;
};

#include "firmware/engine/products_lanes.h"
#include "firmware/engine/kernels_impl.h"

}  // namespace
}  // namespace neon_set

const Kernels* NeonKernels() {
  using namespace neon_set;
  static const Kernels kernels = {"neon",  RunMap,       ContractVectors, PackedSize,
                                  PackAny, ItemsOf,      RunAnyConv,      PackedBytes8,
                                  Pack8,   ScratchBytes, RunUnary};
  return &kernels;
}

}  // namespace lodestone
#else
#include "firmware/engine/kernels.h"

namespace lodestone {

const Kernels* NeonKernels() { return nullptr; }

}  // namespace lodestone
#endif
