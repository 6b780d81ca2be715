// Products of two changing operands, summed over the last loop, where the third loop lies side by
// side in the result and in the first operand: vectors along the third loop, up to eight turns of
// the second at a time. Included inside a namespace, after map_impl.h.

static inline bool LiesSideBySide(const LoopsTask& t) {
  return t.out_step[2] == 1 && t.in_step[0][2] == 1 &&
         t.dims[2] >= static_cast<uint32_t>(Vec::kLanes);
}

// Turns j..j + kTurns - 1 of the second loop; the second operand is loaded once for all where it
// does not move in it.
template <int kTurns>
static inline void ContractTile(const LoopsTask& t, float* out, const float* a, Operand b,
                                uint32_t k, int count) {
  Vec::F sum[kTurns];
  for (int j = 0; j < kTurns; ++j) sum[j] = Vec::Set(0.0f);
  a += k;
  for (uint32_t l = 0; l < t.dims[3]; ++l, a += t.in_step[0][3], b.at += t.in_step[1][3]) {
    const Vec::F factor = b.Load<false>(k, count);
    const float* x = a;
    LODESTONE_UNROLL(8)
    for (int j = 0; j < kTurns; ++j, x += t.in_step[0][1])
      sum[j] = Vec::MulAdd(count == Vec::kLanes ? Vec::Load(x) : Vec::LoadSome(x, count), factor,
                           sum[j]);
  }
  for (int j = 0; j < kTurns; ++j, out += t.out_step[1]) Vec::StoreSome(out + k, sum[j], count);
}

// False when the operands do not lie so.
static bool ContractVectors(const LoopsTask& t) {
  if (!LiesSideBySide(t)) return false;
  constexpr uint32_t kMost = 8;
  const bool shared = t.in_step[1][1] == 0;
  for (uint32_t i = 0; i < t.dims[0]; ++i)
    for (uint32_t k = 0; k < t.dims[2]; k += Vec::kLanes) {
      const int count = t.dims[2] - k < Vec::kLanes ? static_cast<int>(t.dims[2] - k) : Vec::kLanes;
      for (uint32_t j = 0; j < t.dims[1];) {
        const ptrdiff_t at[2] = {static_cast<ptrdiff_t>(i), static_cast<ptrdiff_t>(j)};
        float* out = t.out + at[0] * t.out_step[0] + at[1] * t.out_step[1];
        const float* a = t.in[0] + at[0] * t.in_step[0][0] + at[1] * t.in_step[0][1];
        const Operand b = {t.in[1] + at[0] * t.in_step[1][0] + at[1] * t.in_step[1][1],
                           t.in_step[1][2]};
        const bool many = shared && t.dims[1] - j >= kMost;
        many ? ContractTile<kMost>(t, out, a, b, k, count)
             : ContractTile<1>(t, out, a, b, k, count);
        j += many ? kMost : 1u;
      }
    }
  return true;
}
