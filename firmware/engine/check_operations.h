// The part of a plan's check that looks at one operation.
#pragma once

#include "firmware/engine/plan_check.h"

namespace lodestone {

// Null, or what is wrong. Adds the operation's multiplications to `work`.
const char* CheckOperation(const PlanParts& parts, uint32_t index, uint64_t* work);

}  // namespace lodestone
