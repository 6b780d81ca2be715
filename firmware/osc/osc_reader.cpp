#include "firmware/osc/osc_reader.h"

#include <cstring>

namespace lodestone {
namespace {

// A window of a packet that is consumed from the front; every read is checked against its end.
struct Window {
  const uint8_t* at;
  size_t left;

  bool Take32(uint32_t* value) {
    if (left < 4) return false;
    *value = static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 |
             static_cast<uint32_t>(at[2]) << 8 | static_cast<uint32_t>(at[3]);
    Skip(4);
    return true;
  }

  bool Take64(uint64_t* value) {
    uint32_t high, low;
    if (!Take32(&high) || !Take32(&low)) return false;
    *value = static_cast<uint64_t>(high) << 32 | low;
    return true;
  }

  // Text up to its zero, padded with zeros to a multiple of four bytes.
  bool TakeText(const char** text) {
    const void* zero = left > 0 ? std::memchr(at, 0, left) : nullptr;
    if (zero == nullptr) return false;
    const size_t length = static_cast<size_t>(static_cast<const uint8_t*>(zero) - at);
    const size_t padded = (length / 4 + 1) * 4;
    if (padded > left || !Zeros(length, padded)) return false;
    *text = reinterpret_cast<const char*>(at);
    Skip(padded);
    return true;
  }

  bool TakeBlob(uint32_t* bytes, const uint8_t** data) {
    if (!Take32(bytes) || *bytes > left) return false;
    const size_t padded = (static_cast<size_t>(*bytes) + 3) / 4 * 4;
    if (padded > left || !Zeros(*bytes, padded)) return false;
    *data = at;
    Skip(padded);
    return true;
  }

  bool Zeros(size_t from, size_t to) const {
    for (size_t i = from; i < to; ++i) {
      if (at[i] != 0) return false;
    }
    return true;
  }

  void Skip(size_t bytes) {
    at += bytes;
    left -= bytes;
  }
};

bool TakeValue(char tag, Window* window, OscValue* value) {
  value->tag = tag;
  value->bits = 0;
  value->bytes = 0;
  value->bytes_at = nullptr;
  uint32_t word = 0;
  const char* text = nullptr;
  switch (tag) {
    case 'i':
    case 'f':
    case 'c':
    case 'r':
    case 'm':
      if (!window->Take32(&word)) return false;
      value->bits = word;
      return true;
    case 'h':
    case 'd':
    case 't': return window->Take64(&value->bits);
    case 's':
    case 'S':
      if (!window->TakeText(&text)) return false;
      value->bytes_at = reinterpret_cast<const uint8_t*>(text);
      return true;
    case 'b': return window->TakeBlob(&value->bytes, &value->bytes_at);
    case 'T':
    case 'F':
    case 'N':
    case 'I': return true;
    default: return false;  // the length of an unknown argument is unknown too
  }
}

bool TakeMessage(Window window, uint64_t time_tag, OscMessage* message) {
  message->time_tag = time_tag;
  message->count = 0;
  if (!window.TakeText(&message->address) || message->address[0] != '/') return false;
  if (window.left == 0)
    return true;  // senders older than OSC 1.0 leave out the tags of a message without arguments
  const char* tags = nullptr;
  if (!window.TakeText(&tags) || tags[0] != ',') return false;
  for (++tags; *tags != '\0'; ++tags) {
    if (message->count >= kOscMaxArguments) return false;
    if (!TakeValue(*tags, &window, &message->values[message->count])) return false;
    ++message->count;
  }
  return window.left == 0;
}

// With `listener` null the element is only checked. `message` is scratch, so that depth costs no
// stack.
bool ReadElement(Window window, uint64_t time_tag, int depth, OscMessage* message,
                 OscListener* listener) {
  const bool is_bundle = window.left >= 8 && std::memcmp(window.at, "#bundle", 8) == 0;
  if (!is_bundle) {
    if (!TakeMessage(window, time_tag, message)) return false;
    if (listener != nullptr) listener->OnMessage(*message);
    return true;
  }
  window.Skip(8);
  uint64_t own_tag = 0;
  if (depth >= kOscMaxDepth || !window.Take64(&own_tag)) return false;
  while (window.left > 0) {
    uint32_t bytes = 0;
    if (!window.Take32(&bytes) || bytes == 0 || bytes % 4 != 0 || bytes > window.left) return false;
    const Window element = {window.at, bytes};
    if (!ReadElement(element, own_tag, depth + 1, message, listener)) return false;
    window.Skip(bytes);
  }
  return true;
}

}  // namespace

bool OscMessage::AsFloat(uint32_t index, float* value) const {
  if (index >= count) return false;
  const OscValue& from = values[index];
  const uint32_t word = static_cast<uint32_t>(from.bits);
  double wide = 0.0;
  switch (from.tag) {
    case 'f':
      if ((word & 0x7F800000u) == 0x7F800000u) return false;
      std::memcpy(value, &word, sizeof word);
      return true;
    case 'd':
      if ((from.bits & 0x7FF0000000000000u) == 0x7FF0000000000000u) return false;
      std::memcpy(&wide, &from.bits, sizeof wide);
      if (wide > 3.4e38 || wide < -3.4e38) return false;
      *value = static_cast<float>(wide);
      return true;
    case 'i': *value = static_cast<float>(static_cast<int32_t>(word)); return true;
    case 'h': *value = static_cast<float>(static_cast<int64_t>(from.bits)); return true;
    case 'T':
    case 'F': *value = from.tag == 'T' ? 1.0f : 0.0f; return true;
    default: return false;
  }
}

bool OscMessage::AsInt(uint32_t index, int32_t* value) const {
  if (index >= count) return false;
  const OscValue& from = values[index];
  if (from.tag == 'i') {
    *value = static_cast<int32_t>(static_cast<uint32_t>(from.bits));
    return true;
  }
  if (from.tag == 'h') {
    const int64_t wide = static_cast<int64_t>(from.bits);
    if (wide > INT32_MAX || wide < INT32_MIN) return false;
    *value = static_cast<int32_t>(wide);
    return true;
  }
  float number = 0.0f;  // Max and Pure Data send a whole number as a float
  if (!AsFloat(index, &number) || number > 2147483520.0f || number < -2147483520.0f) return false;
  *value = static_cast<int32_t>(number);
  return true;
}

bool OscMessage::AsText(uint32_t index, const char** text) const {
  if (index >= count || (values[index].tag != 's' && values[index].tag != 'S')) return false;
  *text = reinterpret_cast<const char*>(values[index].bytes_at);
  return true;
}

bool ReadOscPacket(const uint8_t* packet, size_t bytes, OscListener* listener) {
  if (bytes == 0 || bytes % 4 != 0) return false;
  const Window window = {packet, bytes};
  OscMessage message;
  if (!ReadElement(window, kOscImmediately, 0, &message, nullptr)) return false;
  return listener == nullptr || ReadElement(window, kOscImmediately, 0, &message, listener);
}

}  // namespace lodestone
