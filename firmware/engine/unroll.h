// LODESTONE_UNROLL(n) before a loop of at most n turns: laid out flat, so that what it indexes can
// stay in registers. GCC and clang name this differently, and the clang of Bela's image v0.5 does
// not know GCC's name.
#pragma once

#define LODESTONE_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define LODESTONE_UNROLL(n) LODESTONE_PRAGMA(clang loop unroll(full))
#else
#define LODESTONE_UNROLL(n) LODESTONE_PRAGMA(GCC unroll n)
#endif

// A copy that the compiler does not trace back to its source. Sums go to a function's memory in the
// end; the clang of Bela's image v0.5 would keep them there from the start, and store them with
// every product.
template <class T>
static inline T Untraced(T value) {
#if defined(__clang__) && defined(__arm__)
  __asm__("" : "+w"(value));
#endif
  return value;
}
