// Decides whether a plan may run: every offset, size and number in it, before anything is allocated
// or believed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "firmware/generated/operations.h"

namespace lodestone {

// A plan's parts, valid as long as the bytes are.
struct PlanParts {
  plan::Header header;
  const uint8_t* bytes;
  const uint8_t* descriptors;
  const uint8_t* operations;
  const uint8_t* initial_state;  // null: zeros
  const uint8_t* constants;
  const uint8_t* weights;
  const uint8_t* card;
};

// False with one line in `error` (wanted, got, what to do) when the bytes are not a plan that can
// run safely.
bool CheckPlan(const void* bytes, size_t count, PlanParts* parts, char* error, size_t error_bytes);

plan::Descriptor ReadDescriptor(const PlanParts& parts, uint32_t index);
uint32_t OperationKind(const PlanParts& parts, uint32_t index);
plan::Loops ReadLoops(const PlanParts& parts, uint32_t index);
plan::Conv ReadConv(const PlanParts& parts, uint32_t index);

// Bytes that a convolution's weights take in the plan; the largest number where 64 bits do not hold
// them.
uint64_t WeightBytes(const plan::Conv& conv);

}  // namespace lodestone
