// Runs a plan: one compiled, stateful graph (a touch or a voice). Loads once, then never allocates,
// locks or calls the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "firmware/generated/operations.h"

namespace lodestone {

enum class KernelSet : uint32_t { kBest = 0, kPortable, kAvx2, kAvx512, kNeon };

using plan::PlanKind;
using TensorRole = plan::Role;  // how an input is fed when the caller leaves it alone

struct TensorInfo {
  const char* name;
  uint32_t rank;
  uint32_t dims[4];
  uint32_t elements;
  TensorRole role;
  bool has_default;                       // an input that need not be written
  float default_value, minimum, maximum;  // knobs; 0, 0, 0 elsewhere
};

struct PlanInfo {
  PlanKind kind;
  char name[64];
  uint32_t sample_rate_hz, hop, frames, latents, channels, delay_samples;
  float macs_per_second;  // 0 where the plan does not say
  // Samples of a call; the plan's check has bounded it.
  uint32_t block() const { return hop * frames; }
};

class Engine {
 public:
  Engine();
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Checks the whole plan, copies what it needs and takes all memory. False with one line in
  // `error` (wanted, got, what to do) when anything is off; the engine then stays as it was. Not
  // for real time.
  bool Load(const void* plan, size_t plan_bytes, char* error, size_t error_bytes,
            KernelSet set = KernelSet::kBest);

  const PlanInfo& info() const;
  size_t input_count() const;
  size_t output_count() const;
  const TensorInfo& input(size_t index) const;
  const TensorInfo& output(size_t index) const;
  int FindInput(const char* name) const;   // -1 when there is none
  int FindOutput(const char* name) const;  // -1 when there is none

  // Everything below is arithmetic alone: one thread at a time, real-time safe.
  float* input_data(size_t index);               // row-major, as the ONNX graph has it
  const float* output_data(size_t index) const;  // valid until the next Run or Step
  void Run();                                    // one call of the graph
  bool Step(
      uint32_t work_items);     // a slice of it; true when the call is complete. Same bits as Run
  uint32_t operations() const;  // of the plan
  uint32_t next_operation() const;  // where the next Step goes on; 0 between two calls
  void Reset();                     // states to their initial values, noise generator to its seed
  void Seed(uint64_t seed);
  void SupplyNoise(size_t input, bool supplied);  // true: this noise input is written by the caller

  // Between two calls only: states, and where the noise generator stands. Knobs are inputs, not
  // state.
  size_t state_bytes() const;
  void SaveState(void* to) const;
  void LoadState(const void* from);
  const char* card_json() const;
  const char* kernels() const;  // "portable", "avx2", "avx512", "neon"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lodestone
