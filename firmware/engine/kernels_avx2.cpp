// Kernels for x86 with AVX2 and FMA: 16 registers of 8 floats.
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

#include "firmware/engine/kernels.h"

namespace lodestone {
namespace avx2_set {
namespace {

#include "firmware/engine/vec_avx2.h"

// Tallest tiles whose sums, weights and one input value fit the registers, for panels of 4, 2 and 1
// vectors.
struct TileShape {
  static constexpr uint32_t kRowsOf4 = 3, kRowsOf2 = 6, kRowsOf1 = 10;
  static constexpr bool kTakesPairs = false;  // too few registers for two sums of each row
  static constexpr uint32_t kPairsOf1 = 1, kPairsOf2 = 1;
};

#include "firmware/engine/products_broadcast.h"
#include "firmware/engine/kernels_impl.h"

}  // namespace
}  // namespace avx2_set

const Kernels* Avx2Kernels() {
  using namespace avx2_set;
  static const Kernels kernels = {"avx2",  RunMap,       ContractVectors, PackedSize,
                                  PackAny, ItemsOf,      RunAnyConv,      PackedBytes8,
                                  Pack8,   ScratchBytes, RunUnary};
  return &kernels;
}

}  // namespace lodestone
#else
#include "firmware/engine/kernels.h"

namespace lodestone {

const Kernels* Avx2Kernels() { return nullptr; }

}  // namespace lodestone
#endif
