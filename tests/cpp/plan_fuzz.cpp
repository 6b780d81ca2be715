// Loads mutated plans with fitting checksums and plays those that are accepted: `plan_fuzz PLAN
// ROUNDS SEED`. Meant to be built with sanitizers: plans and spaces lie in memory of exactly their
// size. Prints how many were refused, ran, and were taken as a voice or a touch by the instrument.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "firmware/engine/crc32.h"
#include "firmware/engine/engine.h"
#include "firmware/instrument/engine_parts.h"

namespace {

using lodestone::plan::Header;

uint32_t Next(uint64_t* state) {
  *state = *state * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<uint32_t>(*state >> 33);
}

uint32_t Interesting(uint64_t* state, uint32_t old) {
  static const float kFloats[] = {0.5f, 3.5f, -1.0f, 1e30f, 16777216.0f};
  uint32_t word = 0;
  switch (Next(state) % 9u) {
    case 0: return Next(state) * 2u;
    case 1: return Next(state) % 64u;
    case 2: return old + Next(state) % 9u - 4u;
    case 3: return 1u << Next(state) % 32u;
    case 4: return (1u << Next(state) % 32u) + Next(state) % 3u - 1u;
    case 5: return 0xffffffffu - Next(state) % 4u;
    case 6: return 0x7f800000u | (Next(state) % 2u << 22u);  // infinite, or not a number
    case 7: std::memcpy(&word, &kFloats[Next(state) % 5u], sizeof word); return word;
    default: return old * 2u;
  }
}

uint32_t Word(const std::string& plan, size_t at) {
  uint32_t word = 0;
  if (at + sizeof word <= plan.size()) std::memcpy(&word, &plan[at], sizeof word);
  return word;
}

void SetWord(std::string* plan, size_t at, uint32_t word) {
  if (at + sizeof word <= plan->size()) std::memcpy(&(*plan)[at], &word, sizeof word);
}

// One change to what steers the engine: a word of the header, a descriptor or an operation, or
// words taken from its like.
void Change(const Header& h, std::string* plan, uint64_t* state) {
  const uint32_t tensors = h.input_count + h.output_count;
  const uint32_t sizes[3] = {sizeof(Header), sizeof(lodestone::plan::Descriptor),
                             lodestone::plan::kOperationBytes};
  const uint32_t starts[3] = {0, h.descriptors_at, h.operations_at},
                 counts[3] = {1, tensors, h.operation_count};
  uint32_t part = Next(state) % 5u;
  if (part > 2u) part = 2u;
  if (counts[part] == 0u) part = 0u;
  const size_t at = starts[part] + static_cast<size_t>(Next(state) % counts[part]) * sizes[part];
  const size_t other = starts[part] + static_cast<size_t>(Next(state) % counts[part]) * sizes[part];
  const uint32_t words = sizes[part] / 4u, word = Next(state) % words;
  if (part > 0u && Next(state) % 8u == 0u) {
    for (uint32_t i = word; i < words && i < word + 6u; ++i)
      SetWord(plan, at + 4u * i, Word(*plan, other + 4u * i));
    return;
  }
  SetWord(plan, at + 4u * word, Interesting(state, Word(*plan, at + 4u * word)));
}

void Seal(std::string* plan) {
  constexpr size_t kBehind = offsetof(Header, crc32) + sizeof(uint32_t);
  if (plan->size() < kBehind) return;
  SetWord(plan, offsetof(Header, crc32),
          lodestone::Crc32(reinterpret_cast<const uint8_t*>(plan->data()) + kBehind,
                           plan->size() - kBehind));
}

// As voice_stream.cpp and scene_worker.cpp do it: latents in, a slice, every sample of every
// channel.
float PlayVoice(lodestone::Voice* voice) {
  const lodestone::VoiceInfo& info = voice->info();
  for (uint32_t z = 0; z < info.latents; ++z)
    for (uint32_t t = 0; t < info.frames; ++t) voice->latent()[z * info.frames + t] = 0.25f;
  voice->Step(2000);
  float sum = 0.0f;
  for (uint32_t c = 0; c < info.channels; ++c)
    for (uint32_t i = 0; i < info.block(); ++i) sum += voice->audio()[c * info.block() + i];
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Header header;
  std::memcpy(&header, whole.data(), sizeof header);
  uint64_t state = static_cast<uint64_t>(std::atoll(argv[3]));
  int refused = 0, ran = 0, parts = 0;
  volatile float heard = 0.0f;
  for (int round = 0; round < std::atoi(argv[2]); ++round) {
    std::string plan = whole;
    for (uint32_t change = Next(&state) % 4u + 1u; change > 0u; --change)
      Change(header, &plan, &state);
    if (Next(&state) % 32u == 0u) plan.resize(plan.size() - Next(&state) % plan.size());
    Seal(&plan);
    const std::unique_ptr<char[]> exact(new char[plan.size()]);
    std::memcpy(exact.get(), plan.data(), plan.size());
    char error[256];
    lodestone::Engine engine;
    if (!engine.Load(exact.get(), plan.size(), error, sizeof error)) {
      ++refused;
      continue;
    }
    for (size_t i = 0; i < engine.input_count(); ++i)
      for (uint32_t e = 0; e < engine.input(i).elements; ++e)
        engine.input_data(i)[e] = static_cast<float>(Next(&state) % 64u) - 8.0f;
    engine.Step(2000);  // whole calls of a blown-up plan would take too long
    ++ran;
    if (engine.info().kind == lodestone::PlanKind::kVoice) {
      const std::unique_ptr<lodestone::EngineVoice> voice =
          lodestone::EngineVoice::Make(std::move(engine), error, sizeof error);
      if (voice) heard = heard + PlayVoice(voice.get());
      parts += voice != nullptr;
    } else {
      const std::unique_ptr<lodestone::EngineTouch> touch =
          lodestone::EngineTouch::Make(std::move(engine), error, sizeof error);
      for (uint32_t z = 0; touch && z < touch->latents(); ++z) heard = heard + touch->latent()[z];
      parts += touch != nullptr;
    }
  }
  std::printf("%d refused, %d ran, %d parts\n", refused, ran, parts);
  return 0;
}
