// The reader of board.conf for Python: what `lodestone build` writes is read back before it ships.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "firmware/platform/sensor_conf.h"

namespace nb = nanobind;

namespace lodestone {
namespace {

nb::object Shown(const std::vector<Ipv4Target>& targets) {
  nb::list list;
  for (const Ipv4Target& target : targets) list.append(nb::make_tuple(target.address, target.port));
  return list;
}
template <typename T>
nb::object Shown(const T& value) {
  return nb::cast(value);
}

}  // namespace

void BindConf(nb::module_& m) {
  m.def(
      "read_board_conf",
      [](const std::string& text) {
        BoardConf conf;
        std::string trouble, sensor_trouble;
        ParseBoardConf(text, &conf, &trouble);
        SensorArraySettings array;
        SensorArrayOf(conf, &array, &sensor_trouble);
        if (trouble.empty()) trouble = sensor_trouble;
        nb::dict values;
        TellSettings(
            conf, [&values](const char* name, const auto& value) { values[name] = Shown(value); });
        nb::list sensors, scenes;
        for (int s = 0; s < kSensors; ++s) {
          const SensorFacts facts = FactsOf(array.sensor[s]);
          sensors.append(nb::make_tuple(std::string(facts.chip), facts.address,
                                        array.sensor[s].identity, std::string(facts.settings)));
        }
        for (const SceneConf& scene : conf.scenes) scenes.append(scene.name);
        values["sensors"] = sensors;
        values["scenes"] = scenes;
        nb::list morphs;
        for (const SceneConf& scene : conf.scenes) morphs.append(scene.morph_ms);
        values["morph_ms"] = morphs;
        return nb::make_tuple(trouble, values);
      },
      nb::arg("text"), nb::sig("def read_board_conf(text: str) -> tuple[str, dict[str, object]]"),
      "Reads the text of a board.conf as a board does: (what is wrong or \"\", the values by the "
      "names of the firmware).");
}

}  // namespace lodestone
