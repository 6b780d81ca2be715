// Makes the processor treat numbers below 1.2e-38 as zero while it lives: decaying states would
// slow it tenfold otherwise.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace lodestone {

class FlushDenormals {
 public:
#if defined(__SSE2__)
  // FTZ bit 15, DAZ bit 6.
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  uint32_t before_;
#elif defined(__aarch64__)
  FlushDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
    __asm__ volatile("msr fpcr, %0" : : "r"(before_ | (1ull << 24)));  // FZ
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" : : "r"(before_)); }

 private:
  uint64_t before_;
#elif defined(__arm__) && defined(__VFP_FP__) && !defined(__SOFTFP__)
  FlushDenormals() {
    __asm__ volatile("vmrs %0, fpscr" : "=r"(before_));
    __asm__ volatile("vmsr fpscr, %0"
                     :
                     : "r"(before_ | (3u << 24)));  // FZ and default NaN: the fast VFP mode
  }
  ~FlushDenormals() { __asm__ volatile("vmsr fpscr, %0" : : "r"(before_)); }

 private:
  uint32_t before_;
#else
  FlushDenormals() {}
  ~FlushDenormals() {}
#endif
 public:
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace lodestone
