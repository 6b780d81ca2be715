// Chooses the widest instruction set that both this build and this processor have.
#include "firmware/engine/kernels.h"

namespace lodestone {

#if defined(__x86_64__) || defined(__i386__)

const Kernels* NeonKernels() { return nullptr; }

const Kernels* FindKernels(KernelSet set) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vnni");
  switch (set) {
    case KernelSet::kPortable: return PortableKernels();
    case KernelSet::kAvx2: return avx2 ? Avx2Kernels() : nullptr;
    case KernelSet::kAvx512: return avx512 ? Avx512Kernels() : nullptr;
    case KernelSet::kNeon: return nullptr;
    case KernelSet::kBest: break;
  }
  return avx512 ? Avx512Kernels() : avx2 ? Avx2Kernels() : PortableKernels();
}

#else

const Kernels* FindKernels(KernelSet set) {
  if (set == KernelSet::kPortable) return PortableKernels();
  return set == KernelSet::kBest ? PortableKernels() : nullptr;
}

#endif

}  // namespace lodestone
