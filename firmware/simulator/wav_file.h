// Writes a WAV file as it comes: 16-bit integers or 32-bit floats.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace lodestone {

class WavFile {
 public:
  enum class Format { kInt16, kFloat32 };

  WavFile() : file_(nullptr), format_(Format::kFloat32), channels_(0), data_bytes_(0) {}
  ~WavFile() { Close(); }
  WavFile(const WavFile&) = delete;
  WavFile& operator=(const WavFile&) = delete;

  bool Open(const std::string& path, Format format, uint32_t channels, uint32_t sample_rate_hz);
  // Interleaved samples in -1..1; integers are clipped and rounded.
  bool Write(const std::vector<float>& samples);
  // Puts the lengths into the header.
  bool Close();

 private:
  static constexpr uint32_t kTellEveryBytes = 1u << 16;  // a fifth of a second of two channels

  bool PutLengths();

  std::FILE* file_;
  Format format_;
  uint32_t channels_, data_bytes_;
  uint32_t told_bytes_ = 0;  // as the header says
};

}  // namespace lodestone
