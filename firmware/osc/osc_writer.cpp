#include "firmware/osc/osc_writer.h"

#include <cstring>

namespace lodestone {

OscWriter::OscWriter(uint8_t* buffer, size_t capacity)
    : buffer_(buffer),
      capacity_(capacity),
      size_(0),
      size_at_{},
      depth_(0),
      in_message_(false),
      ok_(true),
      tags_("") {}

void OscWriter::BeginBundle(uint64_t time_tag) {
  const bool second_at_top = depth_ == 0 && size_ > 0;
  if (in_message_ || second_at_top || depth_ >= kOscMaxDepth) {
    ok_ = false;
    return;
  }
  OpenElement();
  ++depth_;
  Put("#bundle", 8);
  Put64(time_tag);
}

void OscWriter::EndBundle() {
  if (in_message_ || depth_ == 0) {
    ok_ = false;
    return;
  }
  --depth_;
  CloseElement();
}

void OscWriter::BeginMessage(const char* address, const char* tags) {
  const bool second_at_top = depth_ == 0 && size_ > 0;
  if (in_message_ || second_at_top || address[0] != '/') {
    ok_ = false;
    return;
  }
  OpenElement();
  in_message_ = true;
  PutText(address);
  Put(",", 1);
  PutText(tags);
  tags_ = tags;
}

void OscWriter::EndMessage() {
  if (!in_message_ || !Expect('\0')) {
    ok_ = false;
    return;
  }
  in_message_ = false;
  CloseElement();
}

void OscWriter::Int(int32_t value) {
  if (Expect('i')) Put32(static_cast<uint32_t>(value));
}

void OscWriter::Float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (Expect('f')) Put32(bits);
}

void OscWriter::String(const char* text) {
  if (Expect('s')) PutText(text);
}

void OscWriter::Blob(const void* data, size_t bytes) {
  if (!Expect('b')) return;
  if (bytes > capacity_) {
    ok_ = false;
    return;
  }
  Put32(static_cast<uint32_t>(bytes));
  Put(data, bytes);
  Pad();
}

void OscWriter::Int64(int64_t value) {
  if (Expect('h')) Put64(static_cast<uint64_t>(value));
}

void OscWriter::Double(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (Expect('d')) Put64(bits);
}

void OscWriter::TimeTag(uint64_t value) {
  if (Expect('t')) Put64(value);
}

// The next tag that carries data must be `tag`.
bool OscWriter::Expect(char tag) {
  while (*tags_ == 'T' || *tags_ == 'F' || *tags_ == 'N' || *tags_ == 'I') ++tags_;
  if (!in_message_ || *tags_ != tag) {
    ok_ = false;
    return false;
  }
  if (tag != '\0') ++tags_;
  return true;
}

// Elements of a bundle are preceded by their byte count; the outermost one is not.
void OscWriter::OpenElement() {
  if (depth_ == 0) return;
  size_at_[depth_] = size_;
  Put32(0);
}

void OscWriter::CloseElement() {
  if (depth_ == 0 || !ok_) return;
  const size_t at = size_at_[depth_];
  const uint32_t bytes = static_cast<uint32_t>(size_ - at - 4);
  for (int i = 0; i < 4; ++i)
    buffer_[at + static_cast<size_t>(i)] = static_cast<uint8_t>(bytes >> (24 - 8 * i));
}

void OscWriter::Put(const void* data, size_t bytes) {
  if (!ok_ || bytes > capacity_ - size_) {
    ok_ = false;
    return;
  }
  if (bytes > 0) std::memcpy(buffer_ + size_, data, bytes);
  size_ += bytes;
}

void OscWriter::Pad() {
  const uint8_t zeros[4] = {0, 0, 0, 0};
  Put(zeros, (4 - size_ % 4) % 4);
}

void OscWriter::Put32(uint32_t value) {
  uint8_t bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
  Put(bytes, sizeof bytes);
}

void OscWriter::Put64(uint64_t value) {
  Put32(static_cast<uint32_t>(value >> 32));
  Put32(static_cast<uint32_t>(value));
}

void OscWriter::PutText(const char* text) {
  Put(text, std::strlen(text) + 1);
  Pad();
}

}  // namespace lodestone
