// OSC between a page and the instrument in it. Both ways many packets travel as one block of bytes:
// the length of each in two bytes, the higher first, then the packet. The bridge to a board speaks
// the same over its socket.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "firmware/instrument/parts.h"

namespace lodestone {

class PageWire : public Network {
 public:
  static constexpr size_t kRoom = 1 << 16;

  PageWire() : at_(0), lost_(0) {
    out_.reserve(kRoom);
    in_.reserve(kRoom);
  }

  void Send(const uint8_t* packet, size_t bytes) override {
    if (bytes > 0xFFFF || out_.size() + bytes + 2 > kRoom) {
      ++lost_;
      return;
    }
    out_.push_back(static_cast<uint8_t>(bytes >> 8));
    out_.push_back(static_cast<uint8_t>(bytes & 0xFF));
    out_.insert(out_.end(), packet, packet + bytes);
  }

  // A packet that claims more bytes than there are ends its block; one that is too long for the
  // reader is left out.
  size_t Receive(uint8_t* packet, size_t capacity) override {
    while (in_.size() - at_ >= 2) {
      const size_t bytes = static_cast<size_t>(in_[at_] << 8 | in_[at_ + 1]);
      if (bytes > in_.size() - at_ - 2) break;
      const uint8_t* from = in_.data() + at_ + 2;
      at_ += 2 + bytes;
      if (bytes == 0 || bytes > capacity) continue;
      std::copy(from, from + bytes, packet);
      return bytes;
    }
    in_.clear();
    at_ = 0;
    return 0;
  }
  void AnswerTo(uint16_t) override {}

  // From the page: a block of packets. False when there is no room for it.
  bool Hear(const uint8_t* block, size_t bytes) {
    if (in_.size() + bytes > kRoom) return false;
    in_.insert(in_.end(), block, block + bytes);
    return true;
  }
  // To the page: everything said since ForgetSaid.
  const std::vector<uint8_t>& said() const { return out_; }
  void ForgetSaid() { out_.clear(); }
  uint32_t lost() const { return lost_; }

 private:
  std::vector<uint8_t> in_, out_;
  size_t at_;  // what of `in_` has been read
  uint32_t lost_;
};

}  // namespace lodestone
