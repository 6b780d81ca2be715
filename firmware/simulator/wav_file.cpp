#include "firmware/simulator/wav_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lodestone {
namespace {

constexpr uint32_t kHeaderBytes = 44;

void Put(std::vector<uint8_t>* to, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void PutText(std::vector<uint8_t>* to, const char* text) { to->insert(to->end(), text, text + 4); }

}  // namespace

bool WavFile::Open(const std::string& path, Format format, uint32_t channels,
                   uint32_t sample_rate_hz) {
  file_ = std::fopen(path.c_str(), "wb");
  if (file_ == nullptr) return false;
  format_ = format;
  channels_ = channels;
  const uint32_t sample_bytes = format == Format::kInt16 ? 2 : 4;
  std::vector<uint8_t> header;
  PutText(&header, "RIFF");
  Put(&header, 0, 4);
  PutText(&header, "WAVE");
  PutText(&header, "fmt ");
  Put(&header, 16, 4);
  Put(&header, format == Format::kInt16 ? 1 : 3, 2);
  Put(&header, channels, 2);
  Put(&header, sample_rate_hz, 4);
  Put(&header, sample_rate_hz * channels * sample_bytes, 4);
  Put(&header, channels * sample_bytes, 2);
  Put(&header, 8 * sample_bytes, 2);
  PutText(&header, "data");
  Put(&header, 0, 4);
  return std::fwrite(header.data(), 1, header.size(), file_) == kHeaderBytes;
}

bool WavFile::Write(const std::vector<float>& samples) {
  bool good;
  if (format_ == Format::kFloat32) {
    data_bytes_ += static_cast<uint32_t>(samples.size() * sizeof(float));
    good = std::fwrite(samples.data(), sizeof(float), samples.size(), file_) == samples.size();
  } else {
    std::vector<int16_t> rounded(samples.size());
    for (size_t i = 0; i < samples.size(); ++i) {
      const float clipped = std::min(1.0f, std::max(-1.0f, samples[i]));
      rounded[i] = static_cast<int16_t>(std::lrint(clipped * 32767.0f));
    }
    data_bytes_ += static_cast<uint32_t>(rounded.size() * sizeof(int16_t));
    good = std::fwrite(rounded.data(), sizeof(int16_t), rounded.size(), file_) == rounded.size();
  }
  // Whoever ends this program in the middle leaves a file that plays up to there.
  if (data_bytes_ - told_bytes_ < kTellEveryBytes) return good;
  return PutLengths() && std::fseek(file_, 0, SEEK_END) == 0 && std::fflush(file_) == 0 && good;
}

bool WavFile::PutLengths() {
  std::vector<uint8_t> riff, data;
  Put(&riff, data_bytes_ + kHeaderBytes - 8, 4);
  Put(&data, data_bytes_, 4);
  told_bytes_ = data_bytes_;
  return std::fflush(file_) == 0 && std::fseek(file_, 4, SEEK_SET) == 0 &&
         std::fwrite(riff.data(), 1, 4, file_) == 4 && std::fseek(file_, 40, SEEK_SET) == 0 &&
         std::fwrite(data.data(), 1, 4, file_) == 4;
}

bool WavFile::Close() {
  if (file_ == nullptr) return true;
  bool good = PutLengths();
  good = std::fclose(file_) == 0 && good;
  file_ = nullptr;
  return good;
}

}  // namespace lodestone
