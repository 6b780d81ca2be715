// The page's instrument for Python, by the kernels whose sound a browser's is to the bit.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "firmware/browser/page_board.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace lodestone {
namespace {

using Sound = nb::ndarray<nb::numpy, float, nb::c_contig>;
using Twelve = std::array<float, kSensors * kAxes>;

class PyPage {
 public:
  PyPage(uint32_t rate, uint32_t block, uint32_t prefill, float noise_mt,
         const std::array<float, kAxes>& count_mt)
      : block_(block), board_(rate, block, prefill, KernelSet::kPortable) {
    board_.field().SetChip(noise_mt, count_mt.data());
  }

  std::string AddScene(const std::string& name, nb::bytes touch, nb::bytes voice) {
    char error[192] = "";
    const bool added =
        board_.AddScene(name.c_str(), {touch.c_str(), touch.size()}, {voice.c_str(), voice.size()},
                        {nullptr, 0}, error, sizeof error);
    return added ? "" : error;
  }

  void SetField(const Twelve& field) {
    std::copy(field.begin(), field.end(), board_.field().field());
  }

  bool Hear(nb::bytes packets) {
    return board_.wire().Hear(reinterpret_cast<const uint8_t*>(packets.c_str()), packets.size());
  }

  Sound Render() {
    const float* rendered = board_.Render(block_);
    board_.wire().ForgetSaid();
    const size_t count = PageBoard::kChannels * block_;
    float* copy = new float[count];
    std::memcpy(copy, rendered, count * sizeof(float));
    nb::capsule owner(copy, [](void* memory) noexcept { delete[] static_cast<float*>(memory); });
    const size_t shape[] = {PageBoard::kChannels, block_};
    return Sound(copy, 2, shape, owner);
  }

  void Begin(int32_t first) { board_.Begin(first); }

 private:
  uint32_t block_;
  PageBoard board_;
};

}  // namespace

void BindPage(nb::module_& m) {
  nb::class_<PyPage>(m, "PageInstrument",
                     "The instrument as a page plays it: equal input at equal frames gives equal "
                     "sound, here and in the browser.")
      .def(nb::init<uint32_t, uint32_t, uint32_t, float, const std::array<float, kAxes>&>(),
           "rate"_a, "block"_a, "prefill"_a, "noise_mt"_a, "count_mt"_a,
           "rate: Hz. block: frames of each `render`. prefill: frames of the voice kept ready. "
           "noise_mt, count_mt: of a chip's readings, mT.")
      .def("add_scene", &PyPage::AddScene, "name"_a, "touch"_a, "voice"_a,
           "A scene of two plans, before `begin`; empty, or one line that says why not.")
      .def("begin", &PyPage::Begin, "first"_a, "Warms this scene; sound begins.")
      .def("set_field", &PyPage::SetField, "field"_a, "Field of the four sensors, 12 values in mT.")
      .def("hear", &PyPage::Hear, "packets"_a,
           "A block of OSC packets, each behind its length in two bytes; False: no room.")
      .def("render", &PyPage::Render, nb::sig("def render(self) -> numpy.ndarray"),
           "The next block, float32 [2, block].");
}

}  // namespace lodestone
