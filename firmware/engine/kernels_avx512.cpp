// Kernels for x86 with AVX-512: 32 registers of 16 floats.
#if defined(__AVX512F__) && defined(__AVX512VNNI__)
// GCC 12 warns of its own headers' deliberately undefined registers.
#pragma GCC diagnostic ignored "-Wuninitialized"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "firmware/engine/kernels.h"

namespace lodestone {
namespace avx512_set {
namespace {

#include "firmware/engine/vec_avx512.h"

// Tallest tiles whose sums, weights and one input value fit the registers, for panels of 4, 2 and 1
// vectors.
struct TileShape {
  static constexpr uint32_t kRowsOf4 = 6, kRowsOf2 = 12, kRowsOf1 = 14;
  static constexpr bool kTakesPairs = true;
  static constexpr uint32_t kPairsOf1 = 13, kPairsOf2 = 6;
};

#include "firmware/engine/products_broadcast.h"
#include "firmware/engine/kernels_impl.h"

}  // namespace
}  // namespace avx512_set

const Kernels* Avx512Kernels() {
  using namespace avx512_set;
  static const Kernels kernels = {"avx512", RunMap,       ContractVectors, PackedSize,
                                  PackAny,  ItemsOf,      RunAnyConv,      PackedBytes8,
                                  Pack8,    ScratchBytes, RunUnary};
  return &kernels;
}

}  // namespace lodestone
#else
#include "firmware/engine/kernels.h"

namespace lodestone {

const Kernels* Avx512Kernels() { return nullptr; }

}  // namespace lodestone
#endif
