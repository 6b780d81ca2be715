// Encodes OSC 1.0 messages and bundles into memory of the caller: no allocation, no call of the
// system.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lodestone {

// The time tag that means "at once" (OSC 1.0).
constexpr uint64_t kOscImmediately = 1;

// Bundles within bundles that are written or read; deeper ones are refused.
constexpr int kOscMaxDepth = 8;

// Write either one message, or one bundle of messages and bundles. The arguments must come in the
// order of the tags; whatever does not fit, in room or in kind, makes ok() false and size() zero:
// nothing half-written is sent.
class OscWriter {
 public:
  OscWriter(uint8_t* buffer, size_t capacity);

  void BeginBundle(uint64_t time_tag = kOscImmediately);
  void EndBundle();

  // `tags` without the comma: "iiif". T, F, N and I carry no data and take no call.
  void BeginMessage(const char* address, const char* tags);
  void Int(int32_t value);
  void Float(float value);
  void String(const char* text);
  void Blob(const void* data, size_t bytes);
  void Int64(int64_t value);
  void Double(double value);
  void TimeTag(uint64_t value);
  void EndMessage();

  bool ok() const { return ok_ && depth_ == 0 && !in_message_ && size_ > 0; }
  const uint8_t* data() const { return buffer_; }
  size_t size() const { return ok() ? size_ : 0; }

 private:
  bool Expect(char tag);
  void OpenElement();
  void CloseElement();
  void Put(const void* data, size_t bytes);
  void Pad();
  void Put32(uint32_t value);
  void Put64(uint64_t value);
  void PutText(const char* text);

  uint8_t* buffer_;
  size_t capacity_;
  size_t size_;
  size_t size_at_[kOscMaxDepth + 1];  // where the byte count of each open element stands
  int depth_;                         // open bundles
  bool in_message_;
  bool ok_;
  const char* tags_;  // what the open message still expects
};

}  // namespace lodestone
