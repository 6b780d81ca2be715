// Chip drivers for Python: the same code as on the board, over a bus and a clock written in Python.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>

#include "firmware/binding/python_bus.h"
#include "firmware/chips/sensor_array.h"
#include "firmware/instrument/frame_clock.h"

namespace nb = nanobind;

namespace lodestone {

BusExceptions& ModuleBusExceptions() {
  static BusExceptions exceptions;
  return exceptions;
}

I2cResult PythonBus::Transfer(uint8_t address, const uint8_t* write, size_t write_bytes,
                              uint8_t* read, size_t read_bytes) {
  try {
    const nb::object answer = transfer_(address, nb::bytes(write, write_bytes), read_bytes);
    const nb::bytes data = nb::cast<nb::bytes>(answer);
    if (data.size() != read_bytes) return I2cResult::kTimeout;
    if (read_bytes > 0) std::memcpy(read, data.c_str(), read_bytes);
    return I2cResult::kOk;
  } catch (nb::python_error& error) {
    const BusExceptions& known = ModuleBusExceptions();
    if (error.matches(known.nak)) return I2cResult::kNak;
    if (error.matches(known.timeout)) return I2cResult::kTimeout;
    if (error.matches(known.stuck)) return I2cResult::kStuck;
    throw;
  }
}

namespace {

template <typename T, size_t... Sizes>
nb::object Array(const T* data) {
  constexpr size_t kShape[] = {Sizes...};
  constexpr size_t kCount = (Sizes * ... * 1);
  T* copy = new T[kCount];
  std::memcpy(copy, data, kCount * sizeof(T));
  nb::capsule owner(copy, [](void* memory) noexcept { delete[] static_cast<T*>(memory); });
  return nb::cast(nb::ndarray<nb::numpy, T>(copy, sizeof...(Sizes), kShape, owner));
}

// An array of sensors that keeps its Python bus and clock alive.
class BoundArray {
 public:
  BoundArray(nb::object bus, nb::object clock, const SensorArraySettings& settings)
      : bus_(std::move(bus)), clock_(std::move(clock)), array_(bus_, clock_, Checked(settings)) {}

  SensorArray& array() { return array_; }

  FieldFrame Tick() {
    FieldFrame frame;
    array_.Tick(&frame);
    return frame;
  }

 private:
  static const SensorArraySettings& Checked(const SensorArraySettings& settings) {
    const char* wrong = CheckSensorArray(settings);
    if (wrong != nullptr) throw nb::value_error(wrong);
    return settings;
  }

  PythonBus bus_;
  PythonClock clock_;
  SensorArray array_;
};

void BindFrame(nb::module_& m) {
  nb::class_<FieldFrame>(m, "FieldFrame",
                         "One reading of all four sensors; arrays are copies, sensor first.")
      .def_ro("time_us", &FieldFrame::time_us)
      .def_ro("sequence", &FieldFrame::sequence)
      .def_prop_ro(
          "counts",
          [](const FieldFrame& f) { return Array<int32_t, kSensors, kAxes>(&f.counts[0][0]); })
      .def_prop_ro(
          "field_mt",
          [](const FieldFrame& f) { return Array<float, kSensors, kAxes>(&f.field_mt[0][0]); })
      .def_prop_ro("temperature_c",
                   [](const FieldFrame& f) { return Array<float, kSensors>(f.temperature_c); })
      .def_prop_ro("valid", [](const FieldFrame& f) { return Array<float, kSensors>(f.valid); })
      .def_prop_ro("flags", [](const FieldFrame& f) { return Array<uint32_t, kSensors>(f.flags); });
  m.attr("SENSOR_LOST") = static_cast<uint32_t>(kSensorLost);
  m.attr("SENSOR_SATURATED") = static_cast<uint32_t>(kSensorSaturated);
  m.attr("SENSOR_RESET") = static_cast<uint32_t>(kSensorReset);
  m.attr("SENSOR_FROZEN") = static_cast<uint32_t>(kSensorFrozen);
  m.attr("SENSOR_WRONG") = static_cast<uint32_t>(kSensorWrong);
  m.attr("SENSOR_WRAPPED") = static_cast<uint32_t>(kSensorWrapped);
  m.attr("SENSOR_SATURATED_X") = static_cast<uint32_t>(kSensorSaturatedX);
  m.attr("SENSOR_SATURATED_Y") = static_cast<uint32_t>(kSensorSaturatedY);
  m.attr("SENSOR_SATURATED_Z") = static_cast<uint32_t>(kSensorSaturatedZ);
}

void SetChip(SensorSettings& settings, const std::string& name) {
  for (int c = 0; c < kSensorChips; ++c) {
    if (name == kChipNames[c]) settings.chip = static_cast<SensorChip>(c);
    if (name == kChipNames[c]) return;
  }
  throw nb::value_error("a chip that has a driver");
}

void SetChipValue(SensorSettings& settings, const std::string& key,
                  const std::vector<int>& values) {
  for (int k = 0; k < kChipKeyCount; ++k) {
    const ChipKey& entry = kChipKeys[k];
    if (entry.chip != settings.chip || key != entry.key) continue;
    if (values.size() != static_cast<size_t>(entry.count)) throw nb::value_error(entry.wanted);
    long numbers[kMostChipValues];
    for (size_t n = 0; n < values.size(); ++n) {
      if (values[n] < entry.least || values[n] > entry.most) throw nb::value_error(entry.wanted);
      numbers[n] = values[n];
    }
    return SetChipValues(&settings, k, numbers);
  }
  throw nb::value_error("a key of this chip");
}

void BindSettings(nb::module_& m) {
  nb::class_<SensorSettings>(m, "SensorSettings",
                             "One sensor: chip, 7-bit address, mounting, chip settings.")
      .def(nb::init<>())
      .def_prop_rw(
          "chip", [](const SensorSettings& s) { return kChipNames[static_cast<int>(s.chip)]; },
          SetChip)
      .def_rw("address", &SensorSettings::address)
      .def_prop_rw(
          "axes",
          [](const SensorSettings& s) {
            return std::array<int, kAxes>{s.axes[0], s.axes[1], s.axes[2]};
          },
          [](SensorSettings& s, const std::array<int8_t, kAxes>& value) {
            std::memcpy(s.axes, value.data(), kAxes);
          })
      .def_rw("identity", &SensorSettings::identity)
      .def("set", SetChipValue, nb::arg("key"), nb::arg("values"),
           "Sets one of the chip's own settings (definitions/chips.toml). Raises ValueError: what "
           "was wanted.");
}

void BindHealth(nb::module_& m) {
  nb::class_<SensorHealth>(m, "SensorHealth", "What happened to one sensor since the start.")
      .def_ro("running", &SensorHealth::running)
      .def_ro("identity", &SensorHealth::identity)
      .def_ro("good", &SensorHealth::good)
      .def_ro("naks", &SensorHealth::naks)
      .def_ro("rejected", &SensorHealth::rejected)
      .def_ro("not_ready", &SensorHealth::not_ready)
      .def_ro("resets", &SensorHealth::resets)
      .def_ro("freezes", &SensorHealth::freezes)
      .def_ro("outliers", &SensorHealth::outliers)
      .def_ro("saturated", &SensorHealth::saturated)
      .def_ro("wrapped", &SensorHealth::wrapped)
      .def_ro("bring_ups", &SensorHealth::bring_ups)
      .def_ro("last_good_us", &SensorHealth::last_good_us);
  nb::class_<SensorArrayStats>(m, "SensorArrayStats", "Counters of the whole array.")
      .def_ro("frames", &SensorArrayStats::frames)
      .def_ro("gaps", &SensorArrayStats::gaps)
      .def_ro("late", &SensorArrayStats::late)
      .def_ro("bus_failures", &SensorArrayStats::bus_failures)
      .def_ro("bus_recoveries", &SensorArrayStats::bus_recoveries)
      .def_ro("longest_us", &SensorArrayStats::longest_us)
      .def_ro("jitter_us", &SensorArrayStats::jitter_us)
      .def_ro("skew_us", &SensorArrayStats::skew_us);
}

SensorArraySettings ArraySettings(const std::vector<SensorSettings>& sensors, float frame_rate_hz,
                                  float outlier_mt, uint32_t temperature_frames) {
  if (sensors.size() != kSensors) throw nb::value_error("an array has four sensors");
  SensorArraySettings settings;
  for (int i = 0; i < kSensors; ++i) settings.sensor[i] = sensors[static_cast<size_t>(i)];
  settings.frame_rate_hz = frame_rate_hz;
  settings.outlier_mt = outlier_mt;
  settings.temperature_frames = temperature_frames;
  return settings;
}

// Empty where the array takes these settings.
std::string CheckSensors(const std::vector<SensorSettings>& sensors, float frame_rate_hz) {
  const SensorArraySettings defaults;
  const char* wrong = CheckSensorArray(
      ArraySettings(sensors, frame_rate_hz, defaults.outlier_mt, defaults.temperature_frames));
  return wrong == nullptr ? "" : wrong;
}

int CheckedIndex(int index, int end) {
  if (index < 0 || index >= end) throw nb::index_error("no such sensor or axis");
  return index;
}

// The hold, fade and glide of SensorWeight, for sources that do not come through SensorArray.
void BindWeight(nb::module_& m) {
  nb::class_<SensorWeight>(m, "SensorWeight",
                           "How much one sensor counts, 0..1: held, faded, glided back.")
      .def(nb::init<>())
      .def("update", &SensorWeight::Update, nb::arg("good"), nb::arg("now_us"))
      .def_prop_ro("value", &SensorWeight::value);
}

void BindFrameClock(nb::module_& m) {
  nb::class_<FrameClock>(m, "FrameClock",
                         "When the next frame begins: on a grid; late ones at once.")
      .def(nb::init<uint32_t, uint64_t>(), nb::arg("every_us"), nb::arg("first_us"))
      .def("next", &FrameClock::Next, nb::arg("began_us"), nb::arg("now_us"));
}

void BindArray(nb::module_& m) {
  BindFrameClock(m);
  nb::class_<BoundArray>(
      m, "SensorArray",
      "Four sensors on one bus: tick() starts all, waits, reads all.\n\n"
      "`bus` has transfer(address, write, read_bytes) -> bytes and recover() -> bool; `clock` has\n"
      "now_us() and sleep_until_us(us). Raises ValueError for settings that cannot be used.")
      .def(
          "__init__",
          [](BoundArray* self, nb::object bus, nb::object clock,
             const std::vector<SensorSettings>& sensors, float frame_rate_hz, float outlier_mt,
             uint32_t temperature_frames) {
            new (self)
                BoundArray(std::move(bus), std::move(clock),
                           ArraySettings(sensors, frame_rate_hz, outlier_mt, temperature_frames));
          },
          nb::arg("bus"), nb::arg("clock"), nb::arg("sensors"), nb::arg("frame_rate_hz") = 200.0f,
          nb::arg("outlier_mt") = 15.0f, nb::arg("temperature_frames") = 200u)
      .def("tick", &BoundArray::Tick)
      .def(
          "plan", [](BoundArray& a, uint32_t software_us) { a.array().Plan(software_us); },
          nb::arg("software_us"),
          "Chooses whether sensors are started ahead, from how long the program works between two "
          "frames.")
      .def_prop_ro("ahead", [](BoundArray& a) { return a.array().ahead(); })
      .def(
          "health",
          [](BoundArray& a, int sensor) {
            return a.array().Health(CheckedIndex(sensor, kSensors));
          },
          nb::arg("sensor"))
      .def_prop_ro("stats", [](BoundArray& a) { return a.array().Stats(); })
      .def(
          "full_scale_mt",
          [](BoundArray& a, int sensor, int axis) {
            return a.array().FullScaleMt(CheckedIndex(sensor, kSensors), CheckedIndex(axis, kAxes));
          },
          nb::arg("sensor"), nb::arg("axis"));
}

nb::handle NewBusException(nb::module_& m, const char* name) {
  const std::string full = nb::cast<std::string>(m.attr("__name__")) + "." + name;
  const nb::object type = nb::steal(PyErr_NewException(full.c_str(), PyExc_OSError, nullptr));
  m.attr(name) = type;
  return type;
}

}  // namespace

void BindChips(nb::module_& m) {
  BusExceptions& exceptions = ModuleBusExceptions();
  exceptions.nak = NewBusException(m, "BusNak");
  exceptions.timeout = NewBusException(m, "BusTimeout");
  exceptions.stuck = NewBusException(m, "BusStuck");
  BindFrame(m);
  BindSettings(m);
  BindHealth(m);
  BindWeight(m);
  BindArray(m);
  m.def("check_sensors", CheckSensors, nb::arg("sensors"), nb::arg("frame_rate_hz") = 200.0f,
        "Why an array would not take these four sensors, or \"\".");
}

}  // namespace lodestone
