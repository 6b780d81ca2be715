#include "firmware/engine/engine.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "firmware/engine/flush_denormals.h"
#include "firmware/engine/noise.h"
#include "firmware/engine/plan_memory.h"
#include "firmware/engine/program.h"

namespace lodestone {
namespace {

struct Tensor {
  TensorInfo info;
  std::string name;
  uint32_t io_offset;
  bool supplied;  // noise: written by the caller
};

constexpr uint64_t kDefaultSeed = 1;

}  // namespace

struct Engine::Impl {
  Impl(const PlanParts& parts, const Kernels& kernels);
  void BeginCall();
  void RestoreState();

  PlanInfo info;
  Program program;
  std::vector<Tensor> inputs, outputs;
  std::vector<float> initial_state;
  std::string card;
  Noise noise;
  uint64_t seed = kDefaultSeed;
  uint32_t operation = 0, item = 0;  // where the next Step goes on
  bool in_call = false;
};

Engine::Impl::Impl(const PlanParts& parts, const Kernels& kernels)
    : info(), program(parts, kernels) {
  const plan::Header& h = parts.header;
  info.kind = static_cast<PlanKind>(h.kind);
  std::memcpy(info.name, h.name, sizeof info.name);
  info.sample_rate_hz = h.sample_rate_hz;
  info.hop = h.hop;
  info.frames = h.frames;
  info.latents = h.latents;
  info.channels = h.channels;
  info.delay_samples = h.delay_samples;
  info.macs_per_second = h.macs_per_second;
  initial_state.resize(h.state_floats);
  if (parts.initial_state && h.state_floats)
    std::memcpy(initial_state.data(), parts.initial_state, sizeof(float) * h.state_floats);
  card.assign(reinterpret_cast<const char*>(parts.card), h.card_bytes);
  inputs.reserve(h.input_count);
  outputs.reserve(h.output_count);
  for (uint32_t i = 0; i < h.input_count + h.output_count; ++i) {
    const plan::Descriptor d = ReadDescriptor(parts, i);
    std::vector<Tensor>& to = i < h.input_count ? inputs : outputs;
    Tensor tensor = {{}, d.name, d.io_offset, false};
    tensor.info.rank = d.rank;
    std::memcpy(tensor.info.dims, d.dims, sizeof d.dims);
    tensor.info.elements = d.elements;
    tensor.info.role = static_cast<TensorRole>(d.role);
    tensor.info.has_default = (d.flags & plan::kHasDefault) != 0u;
    tensor.info.default_value = d.default_value;
    tensor.info.minimum = d.minimum;
    tensor.info.maximum = d.maximum;
    to.push_back(tensor);
    to.back().info.name = to.back().name.c_str();
    if (tensor.info.has_default)
      for (uint32_t e = 0; e < d.elements; ++e) program.io()[d.io_offset + e] = d.default_value;
  }
  RestoreState();
}

void Engine::Impl::RestoreState() {
  program.LoadState(initial_state.data());
  noise.Seed(seed);
  in_call = false;
}

void Engine::Impl::BeginCall() {
  for (Tensor& input : inputs) {
    if (input.supplied) continue;
    float* to = program.io() + input.io_offset;
    if (input.info.role == TensorRole::kNoiseNormal) noise.FillNormal(to, input.info.elements);
    if (input.info.role == TensorRole::kNoiseUniform) noise.FillUniform(to, input.info.elements);
  }
  operation = item = 0;
  in_call = true;
}

Engine::Engine() = default;
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

bool Engine::Load(const void* plan, size_t plan_bytes, char* error, size_t error_bytes,
                  KernelSet set) {
  const Kernels* kernels = FindKernels(set);
  if (!kernels) {
    std::snprintf(error, error_bytes,
                  "wanted kernels that this processor has, got others: choose \"best\"");
    return false;
  }
  PlanParts parts;
  if (!CheckPlan(plan, plan_bytes, &parts, error, error_bytes)) return false;
  if (!CheckMemory(parts, *kernels, error, error_bytes)) return false;
  impl_.reset(new Impl(parts, *kernels));
  return true;
}

const PlanInfo& Engine::info() const { return impl_->info; }
size_t Engine::input_count() const { return impl_->inputs.size(); }
size_t Engine::output_count() const { return impl_->outputs.size(); }
const TensorInfo& Engine::input(size_t index) const { return impl_->inputs[index].info; }
const TensorInfo& Engine::output(size_t index) const { return impl_->outputs[index].info; }
const char* Engine::card_json() const { return impl_->card.c_str(); }
const char* Engine::kernels() const { return impl_->program.kernels().name; }

static int Find(const std::vector<Tensor>& tensors, const char* name) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (std::strcmp(tensors[i].info.name, name) == 0) return static_cast<int>(i);
  return -1;
}
int Engine::FindInput(const char* name) const { return Find(impl_->inputs, name); }
int Engine::FindOutput(const char* name) const { return Find(impl_->outputs, name); }

float* Engine::input_data(size_t index) {
  return impl_->program.io() + impl_->inputs[index].io_offset;
}
const float* Engine::output_data(size_t index) const {
  return impl_->program.io() + impl_->outputs[index].io_offset;
}

bool Engine::Step(uint32_t work_items) {
  const FlushDenormals flush;
  Impl& run = *impl_;
  if (!run.in_call) run.BeginCall();
  const std::vector<Operation>& operations = run.program.operations();
  while (run.operation < operations.size() && work_items > 0u) {
    const Operation& now = operations[run.operation];
    const uint32_t left = now.items - run.item;
    const uint32_t count = left < work_items ? left : work_items;
    run.program.Run(now, run.item, run.item + count);
    work_items -= count;
    run.item += count;
    if (run.item == now.items) {
      ++run.operation;
      run.item = 0;
    }
  }
  run.in_call = run.operation < operations.size();
  return !run.in_call;
}

void Engine::Run() {
  while (!Step(0xffffffffu)) {}
}

uint32_t Engine::operations() const {
  return static_cast<uint32_t>(impl_->program.operations().size());
}
uint32_t Engine::next_operation() const { return impl_->in_call ? impl_->operation : 0u; }

void Engine::Reset() { impl_->RestoreState(); }

void Engine::Seed(uint64_t seed) {
  impl_->seed = seed;
  impl_->noise.Seed(seed);
}

void Engine::SupplyNoise(size_t input, bool supplied) { impl_->inputs[input].supplied = supplied; }

size_t Engine::state_bytes() const {
  return sizeof(uint64_t) + sizeof(float) * impl_->initial_state.size();
}

void Engine::SaveState(void* to) const {
  const uint64_t position = impl_->noise.position();
  std::memcpy(to, &position, sizeof position);
  impl_->program.SaveState(static_cast<uint8_t*>(to) + sizeof position);
}

void Engine::LoadState(const void* from) {
  uint64_t position = 0;
  std::memcpy(&position, from, sizeof position);
  impl_->noise.Seed(position);
  impl_->program.LoadState(static_cast<const uint8_t*>(from) + sizeof position);
  impl_->in_call = false;
}

}  // namespace lodestone
