#include "firmware/engine/plan_check.h"

#include <cstdio>
#include <cstring>

#include "firmware/engine/check_operations.h"
#include "firmware/engine/crc32.h"

namespace lodestone {
namespace {

using plan::Header;

constexpr uint32_t kMostFloats = 1u << 26;  // 256 MB in one space: beyond every board, short of overflow
constexpr uint32_t kMostOperations = 1u << 16;
constexpr uint32_t kMostTensors = 1u << 10;

template <class T>
T Read(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

bool Inside(uint32_t file_bytes, uint32_t at, uint64_t size) {
  return at >= sizeof(Header) && at % 4u == 0u && at + size <= file_bytes;
}

// Printable ASCII with a zero behind it: what may go into an OSC packet, a status line and a Python string.
bool IsName(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (text[i] == 0) return true;
    if (text[i] < 0x20 || text[i] > 0x7e) return false;
  }
  return false;
}

const char* CheckHeader(const Header& h, const uint8_t* bytes, size_t count) {
  if (std::memcmp(h.magic, plan::kMagic, sizeof h.magic) != 0) return "wanted a plan, got a file without a plan's first bytes";
  if (h.version != plan::kVersion || h.header_bytes != sizeof(Header)) return "wanted a plan of version 1, got another version";
  if (h.file_bytes != count) return "wanted a whole plan, got one of another length than it says";
  const size_t behind = offsetof(Header, crc32) + sizeof h.crc32;
  if (h.crc32 != Crc32(bytes + behind, count - behind)) return "wanted an intact plan, got a wrong checksum";
  if (h.kind != 1u && h.kind != 2u) return "wanted a touch or voice plan, got another kind";
  if (!IsName(h.name, sizeof h.name)) return "wanted a name of at most 63 plain letters, got another";
  if (h.arena_floats > kMostFloats || h.state_floats > kMostFloats || h.io_floats > kMostFloats ||
      h.constant_floats > kMostFloats || h.weight_bytes > 4u * kMostFloats)
    return "wanted at most 256 MB in each space, got more";
  if (h.input_count > kMostTensors || h.output_count > kMostTensors || h.operation_count > kMostOperations)
    return "wanted at most 1024 inputs and outputs and 65536 operations, got more";
  return nullptr;
}

const char* CheckSections(const Header& h) {
  const uint64_t tensors = static_cast<uint64_t>(h.input_count) + h.output_count;
  const bool whole = Inside(h.file_bytes, h.descriptors_at, tensors * sizeof(plan::Descriptor)) &&
                     Inside(h.file_bytes, h.operations_at, uint64_t{h.operation_count} * plan::kOperationBytes) &&
                     (h.initial_state_at == 0u || Inside(h.file_bytes, h.initial_state_at, uint64_t{h.state_floats} * 4u)) &&
                     Inside(h.file_bytes, h.constants_at, uint64_t{h.constant_floats} * 4u) &&
                     Inside(h.file_bytes, h.weights_at, h.weight_bytes) &&
                     Inside(h.file_bytes, h.card_at, uint64_t{h.card_bytes} + 1u);
  return whole ? nullptr : "wanted all parts inside the file, got one that reaches out of it";
}

const char* CheckDescriptor(const plan::Descriptor& d, const Header& h) {
  if (!IsName(d.name, sizeof d.name)) return "wanted input names of at most 63 plain letters, got another";
  if (d.rank > 4u || d.role > 2u) return "wanted at most four dimensions and a known role, got something else";
  uint64_t elements = 1;
  for (uint32_t i = 0; i < d.rank; ++i) {
    if (d.dims[i] > kMostFloats) return "wanted sane dimensions, got a huge one";
    elements *= d.dims[i];
    if (elements > kMostFloats) return "wanted sane dimensions, got a huge tensor";
  }
  if (elements != d.elements || uint64_t{d.io_offset} + elements > h.io_floats)
    return "wanted every input and output inside the io space, got one that is not";
  return nullptr;
}

const char* CheckAll(const void* data, size_t count, PlanParts* p) {
  if (count < sizeof(Header) || count > 0x7fffffffu) return "wanted a plan, got a file of another size";
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  p->header = Read<Header>(bytes);
  const Header& h = p->header;
  if (const char* wrong = CheckHeader(h, bytes, count)) return wrong;
  if (const char* wrong = CheckSections(h)) return wrong;
  p->bytes = bytes;
  p->descriptors = bytes + h.descriptors_at;
  p->operations = bytes + h.operations_at;
  p->initial_state = h.initial_state_at ? bytes + h.initial_state_at : nullptr;
  p->constants = bytes + h.constants_at;
  p->weights = bytes + h.weights_at;
  p->card = bytes + h.card_at;
  if (p->card[h.card_bytes] != 0) return "wanted a card that ends with a zero byte, got none";
  for (uint32_t i = 0; i < h.input_count + h.output_count; ++i)
    if (const char* wrong = CheckDescriptor(ReadDescriptor(*p, i), h)) return wrong;
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
  const uint64_t panels = (uint64_t{c.out_channels} + plan::kPanel - 1u) / plan::kPanel;
  const plan::WeightFormat format = static_cast<plan::WeightFormat>(c.format);
  const uint64_t each = format == plan::WeightFormat::kFloat32 ? 4u : format == plan::WeightFormat::kInt16 ? 2u : 1u;
  return panels * plan::kPanel * c.taps * c.in_channels * c.groups * each;
}

bool CheckPlan(const void* bytes, size_t count, PlanParts* parts, char* error, size_t error_bytes) {
  const char* wrong = CheckAll(bytes, count, parts);
  if (!wrong) return true;
  std::snprintf(error, error_bytes, "%s: compile the model again", wrong);
  return false;
}

}  // namespace lodestone
