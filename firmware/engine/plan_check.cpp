#include "firmware/engine/plan_check.h"

#include <cstdio>
#include <cstring>

#include "firmware/engine/check_operations.h"
#include "firmware/engine/checked.h"
#include "firmware/engine/crc32.h"

namespace lodestone {
namespace {

using plan::Header;

template <class T>
T Read(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

bool Inside(uint32_t file_bytes, uint32_t at, Checked size) {
  return at >= sizeof(Header) && at % 4u == 0u && (Checked(at) + size).Within(file_bytes);
}

// Printable ASCII with a zero behind it: what may go into an OSC packet, a status line and a Python
// string.
bool IsName(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (text[i] == 0) return true;
    if (text[i] < 0x20 || text[i] > 0x7e) return false;
  }
  return false;
}

const char* CheckFile(const Header& h, const uint8_t* bytes, size_t count) {
  if (std::memcmp(h.magic, plan::kMagic, sizeof h.magic) != 0)
    return "wanted a plan, got a file without a plan's first bytes";
  if (h.version != plan::kVersion)
    return "wanted a plan of this engine's version, got another version";
  if (h.header_bytes != sizeof(Header)) return "wanted a plan's header, got another length";
  if (h.file_bytes != count) return "wanted a whole plan, got one of another length than it says";
  const size_t behind = offsetof(Header, crc32) + sizeof h.crc32;
  if (h.crc32 != Crc32(bytes + behind, count - behind))
    return "wanted an intact plan, got a wrong checksum";
  return nullptr;
}

const char* CheckHeader(const Header& h) {
  if (!plan::IsPlanKind(h.kind)) return "wanted a touch or voice plan, got another kind";
  if (!IsName(h.name, sizeof h.name))
    return "wanted a name of at most 63 plain letters, got another";
  if (h.frames < 1u || h.frames > plan::kMostFrames)
    return "wanted 1 to 4096 frames a call, got another number";
  if (h.hop > plan::kMostHop) return "wanted a hop of at most 65536 samples, got more";
  if (!(Checked(h.hop) * h.frames).Within(plan::kMostBlock))
    return "wanted calls of at most 2^20 samples, got more";
  if (h.channels > plan::kMostChannels) return "wanted at most 16 channels, got more";
  if (h.latents > plan::kMostLatents) return "wanted at most 65536 latents, got more";
  if (h.sample_rate_hz > plan::kMostSampleRateHz)
    return "wanted a sample rate of at most 384 kHz, got more";
  if (h.delay_samples > plan::kMostDelaySamples)
    return "wanted a delay of at most 2^24 samples, got more";
  if (!IsFinite(h.macs_per_second) || h.macs_per_second < 0.0f)
    return "wanted a number of multiply-adds, got none";
  if (h.arena_floats > plan::kMostArenaFloats || h.state_floats > plan::kMostStateFloats ||
      h.io_floats > plan::kMostIoFloats)
    return "wanted at most 32 MB in each space, got more";
  if (h.input_count > plan::kMostTensors || h.output_count > plan::kMostTensors ||
      h.operation_count > plan::kMostOperations)
    return "wanted at most 1024 inputs and outputs and 65536 operations, got more";
  return nullptr;
}

const char* CheckSections(const Header& h) {
  const Checked tensors = Checked(h.input_count) + h.output_count;
  const bool whole =
      Inside(h.file_bytes, h.descriptors_at, tensors * sizeof(plan::Descriptor)) &&
      Inside(h.file_bytes, h.operations_at, Checked(h.operation_count) * plan::kOperationBytes) &&
      (h.initial_state_at == 0u ||
       Inside(h.file_bytes, h.initial_state_at, Checked(h.state_floats) * 4u)) &&
      Inside(h.file_bytes, h.constants_at, Checked(h.constant_floats) * 4u) &&
      Inside(h.file_bytes, h.weights_at, h.weight_bytes) &&
      Inside(h.file_bytes, h.card_at, Checked(h.card_bytes) + 1u);
  return whole ? nullptr : "wanted all parts inside the file, got one that reaches out of it";
}

const char* CheckDescriptor(const plan::Descriptor& d, const Header& h) {
  if (!IsName(d.name, sizeof d.name))
    return "wanted input names of at most 63 plain letters, got another";
  if (d.rank > 4u || !plan::IsRole(d.role))
    return "wanted at most four dimensions and a known role, got something else";
  Checked elements = 1u;
  for (uint32_t i = 0; i < d.rank; ++i) elements = elements * d.dims[i];
  if (elements.value() != d.elements || !(Checked(d.io_offset) + elements).Within(h.io_floats))
    return "wanted every input and output inside the io space, got one that is not";
  if (!IsFinite(d.default_value) || !IsFinite(d.minimum) || !IsFinite(d.maximum))
    return "wanted knobs with a range, got one without numbers";
  return nullptr;
}

// What the header says of a call has to be what the graph takes and gives: players go by the
// header.
const char* CheckAgreement(const plan::Descriptor& d, bool input, const Header& h) {
  constexpr const char* kOther = "wanted the sizes that the header says, got others in the graph";
  const bool voice = h.kind == static_cast<uint32_t>(plan::PlanKind::kVoice);
  const Checked block = Checked(h.hop) * h.frames;
  if (std::strcmp(d.name, "latent") == 0 && input == voice) {
    const Checked wanted = Checked(h.latents) * (voice ? h.frames : 1u);
    if (wanted.value() != d.elements) return kOther;
  }
  if (voice && !input && h.hop != 0u && std::strcmp(d.name, "audio") == 0 &&
      (block * h.channels).value() != d.elements)
    return kOther;
  return nullptr;
}

const char* CheckAll(const void* data, size_t count, PlanParts* p) {
  if (count < sizeof(Header) || count > 0x7fffffffu)
    return "wanted a plan, got a file of another size";
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  p->header = Read<Header>(bytes);
  const Header& h = p->header;
  if (const char* wrong = CheckFile(h, bytes, count)) return wrong;
  if (const char* wrong = CheckHeader(h)) return wrong;
  if (const char* wrong = CheckSections(h)) return wrong;
  p->bytes = bytes;
  p->descriptors = bytes + h.descriptors_at;
  p->operations = bytes + h.operations_at;
  p->initial_state = h.initial_state_at ? bytes + h.initial_state_at : nullptr;
  p->constants = bytes + h.constants_at;
  p->weights = bytes + h.weights_at;
  p->card = bytes + h.card_at;
  if (p->card[h.card_bytes] != 0) return "wanted a card that ends with a zero byte, got none";
  for (uint32_t i = 0; i < h.input_count + h.output_count; ++i) {
    const plan::Descriptor descriptor = ReadDescriptor(*p, i);
    if (const char* wrong = CheckDescriptor(descriptor, h)) return wrong;
    if (const char* wrong = CheckAgreement(descriptor, i < h.input_count, h)) return wrong;
  }
  uint64_t work = 0;
  for (uint32_t i = 0; i < h.operation_count; ++i)
    if (const char* wrong = CheckOperation(*p, i, &work)) return wrong;
  return nullptr;
}

}  // namespace

plan::Descriptor ReadDescriptor(const PlanParts& p, uint32_t index) {
  return Read<plan::Descriptor>(p.descriptors + index * sizeof(plan::Descriptor));
}
uint32_t OperationKind(const PlanParts& p, uint32_t index) {
  return Read<uint32_t>(p.operations + index * plan::kOperationBytes);
}
plan::Loops ReadLoops(const PlanParts& p, uint32_t index) {
  return Read<plan::Loops>(p.operations + index * plan::kOperationBytes);
}
plan::Conv ReadConv(const PlanParts& p, uint32_t index) {
  return Read<plan::Conv>(p.operations + index * plan::kOperationBytes);
}

uint64_t WeightBytes(const plan::Conv& c) {
  const uint32_t each = plan::WeightSize(static_cast<plan::WeightFormat>(c.format));
  return (RoundedUp(c.out_channels, plan::kPanel) * c.taps * c.in_channels * c.groups * each)
      .value();
}

bool CheckPlan(const void* bytes, size_t count, PlanParts* parts, char* error, size_t error_bytes) {
  const char* wrong = CheckAll(bytes, count, parts);
  if (!wrong) return true;
  std::snprintf(error, error_bytes, "%s: compile the model again", wrong);
  return false;
}

}  // namespace lodestone
