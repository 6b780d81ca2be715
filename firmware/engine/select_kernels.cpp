// Chooses the widest instruction set that both this build and this processor have.
#include <initializer_list>

#include "firmware/engine/kernels.h"

namespace lodestone {
namespace {

bool ProcessorHas(KernelSet set) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (set == KernelSet::kAvx2) return avx2;
  if (set == KernelSet::kAvx512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
#endif
  return set == KernelSet::kPortable ||
         set == KernelSet::kNeon;  // a build with NEON runs on nothing else
}

const Kernels* Built(KernelSet set) {
  switch (set) {
    case KernelSet::kPortable: return PortableKernels();
    case KernelSet::kAvx2: return Avx2Kernels();
    case KernelSet::kAvx512: return Avx512Kernels();
    case KernelSet::kNeon: return NeonKernels();
    case KernelSet::kBest: break;
  }
  return nullptr;
}

}  // namespace

const Kernels* FindKernels(KernelSet set) {
  if (set != KernelSet::kBest) return ProcessorHas(set) ? Built(set) : nullptr;
  for (KernelSet wide : {KernelSet::kAvx512, KernelSet::kAvx2, KernelSet::kNeon})
    if (ProcessorHas(wide))
      if (const Kernels* kernels = Built(wide)) return kernels;
  return PortableKernels();
}

}  // namespace lodestone
