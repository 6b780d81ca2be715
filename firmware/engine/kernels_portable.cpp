// Kernels for any processor.
#include "firmware/engine/kernels.h"

namespace lodestone {
namespace portable_set {
namespace {

#include "firmware/engine/vec_portable.h"

// Tallest tiles whose sums, weights and one input value fit the registers, for panels of 4, 2 and 1
// vectors.
struct TileShape {
  static constexpr uint32_t kRowsOf4 = 1, kRowsOf2 = 4, kRowsOf1 = 6;
  static constexpr bool kTakesPairs = false;  // too few registers for two sums of each row
  static constexpr uint32_t kPairsOf1 = 1, kPairsOf2 = 1;
};

#include "firmware/engine/products_broadcast.h"
#include "firmware/engine/kernels_impl.h"

}  // namespace
}  // namespace portable_set

const Kernels* PortableKernels() {
  using namespace portable_set;
  static const Kernels kernels = {"portable", RunMap,       ContractVectors, PackedSize,
                                  PackAny,    ItemsOf,      RunAnyConv,      PackedBytes8,
                                  Pack8,      ScratchBytes, RunUnary};
  return &kernels;
}

}  // namespace lodestone
