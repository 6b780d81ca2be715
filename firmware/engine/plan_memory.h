// How much memory a checked plan takes on this processor, known before any of it is taken.
#pragma once

#include <cstdint>

#include "firmware/engine/kernels.h"
#include "firmware/engine/plan_check.h"

namespace lodestone {

// A convolution's sizes and numbers; addresses are null.
ConvTask TaskOf(const plan::Conv& op);

// Bytes: spaces, packed weights, scratch, and what loading needs for a moment. The largest number
// where 64 bits do not hold it.
uint64_t MemoryOf(const PlanParts& parts, const Kernels& kernels);

// False with one line in `error` where that is more than a board has to give, or than is there now.
bool CheckMemory(const PlanParts& parts, const Kernels& kernels, char* error, size_t error_bytes);

}  // namespace lodestone
