// OSC codec for Python: nested tuples in, bytes out, and back.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <vector>

#include "firmware/osc/osc_reader.h"
#include "firmware/osc/osc_writer.h"

namespace nb = nanobind;
namespace lodestone {
void BindOsc(nb::module_& m);
}
using namespace lodestone;

namespace {

void WriteArgument(char tag, nb::handle value, OscWriter* writer) {
  switch (tag) {
    case 'i': return writer->Int(nb::cast<int32_t>(value));
    case 'f': return writer->Float(nb::cast<float>(value));
    case 's': return writer->String(nb::cast<std::string>(value).c_str());
    case 'b': {
      const nb::bytes data = nb::cast<nb::bytes>(value);
      return writer->Blob(data.c_str(), data.size());
    }
    case 'h': return writer->Int64(nb::cast<int64_t>(value));
    case 'd': return writer->Double(nb::cast<double>(value));
    case 't': return writer->TimeTag(nb::cast<uint64_t>(value));
    default: throw nb::value_error("wanted one of the OSC tags i f s b h d t T F N I");
  }
}

void WriteElement(nb::handle element, OscWriter* writer) {
  const nb::tuple parts = nb::cast<nb::tuple>(element);
  if (nb::isinstance<nb::int_>(parts[0])) {
    writer->BeginBundle(nb::cast<uint64_t>(parts[0]));
    for (nb::handle inner : nb::cast<nb::list>(parts[1])) WriteElement(inner, writer);
    return writer->EndBundle();
  }
  const std::string address = nb::cast<std::string>(parts[0]);
  const std::string tags = nb::cast<std::string>(parts[1]);
  const nb::list values = nb::cast<nb::list>(parts[2]);
  writer->BeginMessage(address.c_str(), tags.c_str());
  size_t next = 0;
  for (char tag : tags) {
    if (std::strchr("TFNI", tag) == nullptr && next < values.size())
      WriteArgument(tag, values[next++], writer);
  }
  writer->EndMessage();
}

nb::bytes Encode(nb::tuple element, size_t capacity) {
  std::vector<uint8_t> buffer(capacity);
  OscWriter writer(buffer.data(), capacity);
  WriteElement(element, &writer);
  if (!writer.ok()) throw nb::value_error("wanted an OSC element that fits its tags and its room");
  return nb::bytes(reinterpret_cast<const char*>(writer.data()), writer.size());
}

nb::object ToPython(const OscValue& value) {
  const uint32_t word = static_cast<uint32_t>(value.bits);
  float narrow;
  double wide;
  switch (value.tag) {
    case 'i': return nb::int_(static_cast<int32_t>(word));
    case 'f': std::memcpy(&narrow, &word, 4); return nb::float_(narrow);
    case 'd': std::memcpy(&wide, &value.bits, 8); return nb::float_(wide);
    case 'h': return nb::int_(static_cast<int64_t>(value.bits));
    case 't': return nb::int_(value.bits);
    case 's':
    case 'S': {
      const char* text = reinterpret_cast<const char*>(value.bytes_at);
      PyObject* decoded =
          PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(std::strlen(text)), "replace");
      return nb::steal(decoded);
    }
    case 'b': return nb::bytes(reinterpret_cast<const char*>(value.bytes_at), value.bytes);
    case 'T': return nb::bool_(true);
    case 'F': return nb::bool_(false);
    case 'N':
    case 'I': return nb::none();
    default: return nb::int_(word);
  }
}

class Collector : public OscListener {
 public:
  void OnMessage(const OscMessage& message) override {
    nb::list values;
    std::string tags;
    for (uint32_t i = 0; i < message.count; ++i) {
      tags += message.values[i].tag;
      values.append(ToPython(message.values[i]));
    }
    PyObject* address = PyUnicode_DecodeUTF8(
        message.address, static_cast<Py_ssize_t>(std::strlen(message.address)), "replace");
    found.append(nb::make_tuple(message.time_tag, nb::steal(address), tags, values));
  }
  nb::list found;
};

nb::list Decode(nb::bytes packet) {
  // A copy of exactly the packet's size, so that a sanitizer sees every read beyond it.
  std::vector<uint8_t> copy(packet.size());
  if (!copy.empty()) std::memcpy(copy.data(), packet.c_str(), copy.size());
  Collector collector;
  if (!ReadOscPacket(copy.data(), copy.size(), &collector))
    throw nb::value_error("wanted an OSC packet, got malformed bytes");
  return collector.found;
}

}  // namespace

void lodestone::BindOsc(nb::module_& m) {
  m.def("osc_encode", &Encode, nb::arg("element"), nb::arg("capacity") = 1472,
        nb::sig("def osc_encode(element: tuple[object, ...], capacity: int = 1472) -> bytes"),
        "Encodes a message (address, tags, values) or a bundle (time_tag, [elements]) as the board "
        "does.\n\n"
        "Raises ValueError where the values do not fit the tags or the packet does not fit "
        "`capacity` bytes.");
  m.def("osc_decode", &Decode, nb::arg("packet"),
        nb::sig("def osc_decode(packet: bytes) -> list[tuple[int, str, str, list[object]]]"),
        "Decodes a packet as the board does: a list of (time_tag, address, tags, values).\n\n"
        "Raises ValueError for a malformed packet.");
}
