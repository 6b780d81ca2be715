#include "firmware/instrument/plan_inbox.h"

#include <algorithm>
#include <cstring>

#include "firmware/engine/crc32.h"

namespace lodestone {
namespace {

int32_t DigitOf(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

bool ReadCrc(const char* hex, uint32_t* crc) {
  if (std::strlen(hex) != 8) return false;
  for (int i = 0; i < 8; ++i) {
    const int32_t digit = DigitOf(hex[i]);
    if (digit < 0) return false;
    *crc = *crc << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

}  // namespace

bool PlanInbox::Has(const char* crc_hex) const {
  uint32_t crc = 0;
  return begun() && ReadCrc(crc_hex, &crc) && crc == crc_;
}

bool PlanInbox::Begin(int32_t scene, int32_t bytes, const char* crc_hex) {
  uint32_t crc = 0;
  if (bytes < 1 || bytes > kMostBytes || !ReadCrc(crc_hex, &crc)) return false;
  if (scene == scene_ && crc == crc_ && bytes_.size() == static_cast<size_t>(bytes)) return true;
  scene_ = scene;
  crc_ = crc;
  bytes_.assign(static_cast<size_t>(bytes), 0);
  come_.assign(static_cast<size_t>((bytes + kPieceBytes - 1) / kPieceBytes), false);
  return true;
}

bool PlanInbox::Put(int32_t offset, const char* hex) {
  const int32_t size = static_cast<int32_t>(bytes_.size());
  if (offset < 0 || offset >= size || offset % kPieceBytes != 0) return false;
  const size_t count = static_cast<size_t>(std::min(int32_t{kPieceBytes}, size - offset));
  if (std::strlen(hex) != 2 * count) return false;
  for (size_t i = 0; i < count; ++i) {
    const int32_t high = DigitOf(hex[2 * i]), low = DigitOf(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes_[static_cast<size_t>(offset) + i] = static_cast<uint8_t>(high << 4 | low);
  }
  come_[static_cast<size_t>(offset / kPieceBytes)] = true;
  return true;
}

int32_t PlanInbox::missing() const {
  const auto first = std::find(come_.begin(), come_.end(), false);
  return first == come_.end() ? -1 : static_cast<int32_t>(first - come_.begin()) * kPieceBytes;
}

bool PlanInbox::Take(std::vector<uint8_t>* plan) {
  const bool right = Crc32(bytes_.data(), bytes_.size()) == crc_;
  plan->clear();
  if (right) plan->swap(bytes_);
  bytes_.clear();
  come_.clear();
  return right;
}

}  // namespace lodestone
