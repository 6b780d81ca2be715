// Which convolutions look back on rows that their last call has left: their history need not be
// quantised again, nor copied to and fro.
//
// The compiler lays such a history out as a state, which one copy (the recall) brings in front of
// the new rows, and another (the advance) fills behind the convolution with the last rows of both.
#pragma once

#include <cstdint>
#include <vector>

#include "firmware/engine/plan_check.h"

namespace lodestone {

// Operations by their place in the plan, sizes in rows of the convolution's input.
struct History {
  uint32_t recall, convolution, advance;
  uint32_t rows, fresh;  // of the past, and new ones in each call
};

// Those of a checked plan for which it makes no difference, to the bit: nobody else reads or writes
// the state, or the past rows between recall and advance, and the new rows stay as the convolution
// has seen them.
std::vector<History> FindHistories(const PlanParts& parts);

}  // namespace lodestone
