// Reductions, small matrix products, scans and look-ups over four loops: too small in any graph
// here to be worth vectors, or lying in a way that vectors cannot take (Kernels::contract).
#pragma once

#include "firmware/engine/kernels.h"

namespace lodestone {

// Rows are the elements of the first three loops; a row is the last loop.
void RunReduce(const LoopsTask& task);
void RunContract(const LoopsTask& task);
void RunScan(const LoopsTask& task);
void RunGather(const LoopsTask& task);

}  // namespace lodestone
