// Kernels for any processor.
#include "firmware/engine/kernels.h"

namespace lodestone {
namespace portable_set {
namespace {

#include "firmware/engine/vec_portable.h"

// Tallest tiles whose sums, weights and one input value fit the registers, for panels of 4, 2 and 1 vectors.
struct TileShape {
  static constexpr uint32_t kRowsOf4 = 1, kRowsOf2 = 4, kRowsOf1 = 6;
};

#include "firmware/engine/kernels_impl.h"

}  // namespace
}  // namespace portable_set

const Kernels* PortableKernels() {
  static const Kernels kernels = {"portable", portable_set::RunMap, portable_set::PackedFloats, portable_set::Pack, portable_set::ConvItems, portable_set::RunConv,
                                  portable_set::RunUnary};
  return &kernels;
}

}  // namespace lodestone
