// A touch plan that comes in pieces, in any order: they are put together, and the whole is checked.
// Threads: control.
#pragma once

#include <cstdint>
#include <vector>

namespace lodestone {

class PlanInbox {
 public:
  static constexpr int32_t kPieceBytes = 480;
  static constexpr int32_t kMostBytes = 1 << 20;

  PlanInbox() : scene_(-1), crc_(0), bytes_(), come_() {}

  // Begins anew, whatever came before; what is begun already goes on. False when the size or the
  // checksum (eight hexadecimal digits) is none.
  bool Begin(int32_t scene, int32_t bytes, const char* crc_hex);

  // False when it is no piece of what was begun.
  bool Put(int32_t offset, const char* hex);
  // Whether it is the one with this checksum that was begun.
  bool Has(const char* crc_hex) const;

  // Offset of the first piece that has not come; -1 when none is missing.
  int32_t missing() const;
  bool begun() const { return !bytes_.empty(); }
  int32_t scene() const { return scene_; }
  uint32_t crc() const { return crc_; }

  // Gives the plan away; false, and nothing is left, when its checksum is another.
  bool Take(std::vector<uint8_t>* plan);

 private:
  int32_t scene_;
  uint32_t crc_;
  std::vector<uint8_t> bytes_;
  std::vector<bool> come_;
};

}  // namespace lodestone
