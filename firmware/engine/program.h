// A checked plan made runnable: memory taken, weights packed for this processor, every address
// filled in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "firmware/engine/histories.h"
#include "firmware/engine/kernels.h"
#include "firmware/engine/plan_check.h"

namespace lodestone {

// Floats aligned to 64 bytes (a cache line, and the widest vector), zero at first; not a byte more
// than asked for.
class Floats {
 public:
  void Take(size_t count);
  float* data() { return owned_.get(); }
  const float* data() const { return owned_.get(); }

 private:
  struct Free {
    void operator()(float* taken) const { std::free(taken); }
  };
  std::unique_ptr<float, Free> owned_;
};

struct Operation {
  plan::Kind kind;
  uint32_t task;           // index among the tasks of its sort
  uint32_t items;          // slices it can be run in
  uint32_t rows_per_item;  // loops: rows of the first three
  enum class HistoryUse { kPlain, kRecall, kAdvance } history_use;
  uint32_t history;  // but for kPlain: which one
};

// Rows that a convolution keeps quantised from call to call, and the state that they are a copy of.
// The state is a ring meanwhile: nobody but SaveState reads it, which turns it back.
struct KeptRows {
  float* state;
  const float* fresh;  // behind the past rows in the convolution's input
  size_t past_floats, fresh_floats;
  size_t oldest;     // float of the state that comes first
  RowWindow window;  // not kept: the state has come from elsewhere, and all is to be done
};

class Program {
 public:
  Program(const PlanParts& parts, const Kernels& kernels);

  // Runs slices first..last-1 of one operation. Real-time safe.
  void Run(const Operation& operation, uint32_t first, uint32_t last) const;
  const std::vector<Operation>& operations() const { return operations_; }
  const Kernels& kernels() const { return kernels_; }
  // The plan's floats of state, aligned or not; between two calls. Real-time safe.
  void SaveState(void* to) const;
  void LoadState(const void* from);
  float* io() { return spaces_[plan::kIo].data(); }
  const float* io() const { return spaces_[plan::kIo].data(); }

 private:
  float* At(uint32_t space, uint32_t offset);
  void AddLoops(const plan::Loops& op);
  void AddConv(const PlanParts& parts, const plan::Conv& op, uint32_t kept_rows);
  void PackWeights(const PlanParts& parts, const plan::Conv& op, ConvTask* task);
  void TakeScratch();
  void KeepRows(const History& history);
  void Advance(KeptRows& rows) const;

  const Kernels& kernels_;
  Floats spaces_[plan::kSpaces];
  size_t state_bytes_;
  std::vector<Floats> weights_;
  Floats scratch_;  // what the convolution that runs makes of its input first
  std::vector<Operation> operations_;
  std::vector<LoopsTask> loops_;
  std::vector<ConvTask> convs_;
  std::vector<Floats> own_scratch_;          // of those that keep rows
  mutable std::vector<KeptRows> kept_rows_;  // where they begin changes while a call runs
};

}  // namespace lodestone
