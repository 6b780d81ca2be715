#include "firmware/engine/loops.h"

#include "firmware/engine/checked.h"

namespace lodestone {
namespace {

// Calls body(out offset, offsets of the operands) for every element of the first three loops.
template <class Body>
void ForRows(const LoopsTask& t, const Body& body) {
  for (uint32_t i = 0; i < t.dims[0]; ++i)
    for (uint32_t j = 0; j < t.dims[1]; ++j)
      for (uint32_t k = 0; k < t.dims[2]; ++k) {
        const ptrdiff_t at[3] = {static_cast<ptrdiff_t>(i), static_cast<ptrdiff_t>(j),
                                 static_cast<ptrdiff_t>(k)};
        ptrdiff_t out = 0, in[3] = {0, 0, 0};
        for (int d = 0; d < 3; ++d) {
          out += at[d] * t.out_step[d];
          for (int n = 0; n < 3; ++n) in[n] += at[d] * t.in_step[n][d];
        }
        body(out, in);
      }
}

float Combine(plan::Reduction reduction, float a, float b) {
  switch (reduction) {
    case plan::Reduction::kMax: return a < b ? b : a;
    case plan::Reduction::kMin: return b < a ? b : a;
    case plan::Reduction::kProduct: return a * b;
    case plan::Reduction::kSum:
    case plan::Reduction::kMean: break;
  }
  return a + b;
}

}  // namespace

// The first visit to an output writes, later ones combine: a reduced loop is one that `out` does
// not move in, and its first turn is index 0. A mean's factor stands in parameter[0].
void RunReduce(const LoopsTask& t) {
  const plan::Reduction reduction = static_cast<plan::Reduction>(t.function);
  bool reduced[4];
  for (int d = 0; d < 4; ++d) reduced[d] = t.out_step[d] == 0;
  for (uint32_t i = 0; i < t.dims[0]; ++i)
    for (uint32_t j = 0; j < t.dims[1]; ++j)
      for (uint32_t k = 0; k < t.dims[2]; ++k)
        for (uint32_t l = 0; l < t.dims[3]; ++l) {
          const ptrdiff_t at[4] = {static_cast<ptrdiff_t>(i), static_cast<ptrdiff_t>(j),
                                   static_cast<ptrdiff_t>(k), static_cast<ptrdiff_t>(l)};
          ptrdiff_t out = 0, in = 0;
          bool first = true, last = true;
          for (int d = 0; d < 4; ++d) {
            out += at[d] * t.out_step[d];
            in += at[d] * t.in_step[0][d];
            first = first && (!reduced[d] || at[d] == 0);
            last = last && (!reduced[d] || at[d] + 1 == static_cast<ptrdiff_t>(t.dims[d]));
          }
          t.out[out] = first ? t.in[0][in] : Combine(reduction, t.out[out], t.in[0][in]);
          if (last && reduction == plan::Reduction::kMean) t.out[out] *= t.parameter[0];
        }
}

void RunContract(const LoopsTask& t) {
  ForRows(t, [&](ptrdiff_t out, const ptrdiff_t* in) {
    const float *a = t.in[0] + in[0], *b = t.in[1] + in[1];
    float sum = 0.0f;
    for (uint32_t l = 0; l < t.dims[3]; ++l, a += t.in_step[0][3], b += t.in_step[1][3])
      sum += *a * *b;
    t.out[out] = sum;
  });
}

void RunScan(const LoopsTask& t) {
  const plan::Reduction reduction = static_cast<plan::Reduction>(t.function);
  ForRows(t, [&](ptrdiff_t out, const ptrdiff_t* in) {
    const float* a = t.in[0] + in[0];
    float running = *a;
    t.out[out] = running;
    for (uint32_t l = 1; l < t.dims[3]; ++l) {
      a += t.in_step[0][3];
      running = Combine(reduction, running, *a);
      t.out[out + static_cast<ptrdiff_t>(l) * t.out_step[3]] = running;
    }
  });
}

// parameter[0] is the number of entries along the table's chosen axis, parameter[1] the floats from
// one to the next: whole numbers, as the plan's check has seen them. An index outside, or none at
// all, is held at the rim.
void RunGather(const LoopsTask& t) {
  const int32_t last = static_cast<int32_t>(t.parameter[0]) - 1;
  const ptrdiff_t entry = static_cast<ptrdiff_t>(t.parameter[1]);
  ForRows(t, [&](ptrdiff_t out, const ptrdiff_t* in) {
    const float wanted = t.in[1][in[1]];
    int32_t index = 0;
    if (IsFinite(wanted) && wanted > 0.0f)
      index = wanted < t.parameter[0] ? static_cast<int32_t>(wanted) : last;
    const float* a = t.in[0] + in[0] + index * entry;
    for (uint32_t l = 0; l < t.dims[3]; ++l)
      t.out[out + static_cast<ptrdiff_t>(l) * t.out_step[3]] =
          a[static_cast<ptrdiff_t>(l) * t.in_step[0][3]];
  });
}

}  // namespace lodestone
