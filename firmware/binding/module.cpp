// The Python face of the firmware: each folder of C++ binds its own part.
#include <nanobind/nanobind.h>

namespace lodestone {
void BindChips(nanobind::module_& m);
void BindConf(nanobind::module_& m);
void BindOsc(nanobind::module_& m);
void BindEngine(nanobind::module_& m);
void BindPage(nanobind::module_& m);
}  // namespace lodestone

NB_MODULE(_firmware, m) {
  m.doc() = "Lodestone's firmware, as it runs on the board, for Python.";
  lodestone::BindChips(m);
  lodestone::BindConf(m);
  lodestone::BindOsc(m);
  lodestone::BindEngine(m);
  lodestone::BindPage(m);
}
