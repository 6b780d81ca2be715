// CRC-32 as zlib and PNG define it (reflected polynomial 0xEDB88320), four bits at a time: no table
// to build.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lodestone {

inline uint32_t Crc32(const uint8_t* bytes, size_t count) {
  static constexpr uint32_t kNibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                           0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                           0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                           0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    crc = kNibble[crc & 15u] ^ (crc >> 4);
    crc = kNibble[crc & 15u] ^ (crc >> 4);
  }
  return ~crc;
}

}  // namespace lodestone
