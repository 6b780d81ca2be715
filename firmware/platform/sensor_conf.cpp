#include "firmware/platform/sensor_conf.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace lodestone {
namespace {

// "1,-2,3" into three numbers.
bool ThreeNumbers(const std::string& text, long least, long most, long (&values)[kAxes]) {
  std::istringstream parts(text);
  std::string part;
  int count = 0;
  for (; std::getline(parts, part, ','); ++count) {
    char* end = nullptr;
    if (count == kAxes || part.empty()) return false;
    values[count] = std::strtol(part.c_str(), &end, 10);
    if (*end != '\0' || values[count] < least || values[count] > most) return false;
  }
  return count == kAxes;
}

template <typename T>
bool Number(const std::string& text, long most, T* to) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 0);
  if (text.empty() || *end != '\0' || value < 0 || value > most) return false;
  *to = static_cast<T>(value);
  return true;
}

bool Apply(const std::string& key, const std::string& value, SensorSettings* sensor) {
  long three[kAxes];
  if (key == "gain") return Number(value, 7, &sensor->mlx90393.gain_sel);
  if (key == "osr") return Number(value, 3, &sensor->mlx90393.oversampling);
  if (key == "filt") return Number(value, 7, &sensor->mlx90393.filter);
  if (key == "osr2") return Number(value, 3, &sensor->mlx90393.temperature_oversampling);
  if (key == "identity") return Number(value, 0xFFFF, &sensor->identity);
  if (key == "wide") return Number(value, 1, &sensor->tmag5273.wide_range);
  if (key == "averaging") return Number(value, 5, &sensor->tmag5273.averaging);
  if (key == "wrap") return Number(value, 1, &sensor->mlx90393.allow_wrapping);
  if (key == "res") {
    if (!ThreeNumbers(value, 0, 3, three)) return false;
    for (int a = 0; a < kAxes; ++a) sensor->mlx90393.resolution[a] = static_cast<uint8_t>(three[a]);
    return true;
  }
  if (key == "axes") {
    if (!ThreeNumbers(value, -3, 3, three)) return false;
    for (int a = 0; a < kAxes; ++a) sensor->axes[a] = static_cast<int8_t>(three[a]);
    return true;
  }
  return false;
}

std::string Place(const SensorConf& sensor) { return "board.conf line " + std::to_string(sensor.line) + ": "; }

SensorArraySettings Defaults(const BoardConf& conf) {
  SensorArraySettings settings;
  for (int s = 0; s < kSensors; ++s) settings.sensor[s].address = static_cast<uint8_t>(0x0C + s);
  settings.frame_rate_hz = static_cast<float>(conf.frame_rate_hz);
  return settings;
}

}  // namespace

SensorFacts FactsOf(const SensorSettings& sensor) {
  const Mlx90393Settings& mlx = sensor.mlx90393;
  SensorFacts facts = SensorFacts();
  std::snprintf(facts.chip, sizeof facts.chip, "%s", sensor.chip == SensorChip::kMlx90393 ? "mlx90393" : "tmag5273");
  facts.address = sensor.address;
  std::snprintf(facts.settings, sizeof facts.settings,
                "axes=%d,%d,%d gain_sel=%d resolution=%d,%d,%d oversampling=%d filter=%d allow_wrapping=%d "
                "wide_range=%d averaging=%d",
                sensor.axes[0], sensor.axes[1], sensor.axes[2], mlx.gain_sel, mlx.resolution[0], mlx.resolution[1],
                mlx.resolution[2], mlx.oversampling, mlx.filter, mlx.allow_wrapping ? 1 : 0,
                sensor.tmag5273.wide_range ? 1 : 0, sensor.tmag5273.averaging);
  return facts;
}

bool SensorArrayOf(const BoardConf& conf, SensorArraySettings* settings, std::string* error) {
  *settings = Defaults(conf);
  SensorArraySettings read = *settings;
  for (size_t s = 0; s < conf.sensors.size(); ++s) {
    read.sensor[s].address = conf.sensors[s].address;
    std::istringstream words(conf.sensors[s].settings);
    if (conf.sensors[s].chip != "mlx90393" && conf.sensors[s].chip != "tmag5273") {
      *error = Place(conf.sensors[s]) + "wanted the chip mlx90393 or tmag5273, got " + conf.sensors[s].chip.substr(0, 40);
      return false;
    }
    read.sensor[s].chip = conf.sensors[s].chip == "mlx90393" ? SensorChip::kMlx90393 : SensorChip::kTmag5273;
    for (std::string word; words >> word;) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos || !Apply(word.substr(0, equals), word.substr(equals + 1), &read.sensor[s])) {
        *error = Place(conf.sensors[s]) + "wanted gain, res, osr, filt, osr2, wrap, wide, averaging, axes or identity of a sensor, got " +
                 word.substr(0, 40);
        return false;
      }
    }
  }
  const char* refused = CheckSensorArray(read);
  if (refused != nullptr) {
    *error = std::string("board.conf: the sensors refuse their settings: ") + refused;
    return false;
  }
  *settings = read;
  return true;
}

}  // namespace lodestone
