#include "firmware/platform/sensor_conf.h"

#include <cstdio>
#include <sstream>

namespace lodestone {
namespace {

constexpr int kMostNumbers = kMostChipValues > kAxes ? kMostChipValues : kAxes;

// "1,-2,3" into `count` numbers.
bool Numbers(const std::string& text, int count, long least, long most,
             long (&values)[kMostNumbers]) {
  std::istringstream parts(text + ",");
  std::string part;
  int found = 0;
  for (; std::getline(parts, part, ','); ++found) {
    if (found == count || !ParseNumber(part, least, most, &values[found])) return false;
  }
  return found == count;
}

bool Mounting(const std::string& key, const std::string& value, SensorSettings* sensor) {
  long numbers[kMostNumbers];
  if (key == "identity" && Numbers(value, 1, 0, 0xFFFF, numbers))
    sensor->identity = static_cast<uint16_t>(numbers[0]);
  else if (key != "axes" || !Numbers(value, kAxes, -3, 3, numbers))
    return false;
  for (int a = 0; key == "axes" && a < kAxes; ++a)
    sensor->axes[a] = static_cast<int8_t>(numbers[a]);
  return true;
}

// A word `key=value`: empty when it was taken, else what was wanted.
std::string Apply(const std::string& key, const std::string& value, SensorSettings* sensor) {
  if (Mounting(key, value, sensor)) return std::string();
  if (key == "identity") return "wanted for identity 0 to 0xFFFF";
  if (key == "axes") return "wanted for axes three numbers of -3 to 3";
  std::string known = "axes, identity";
  for (int k = 0; k < kChipKeyCount; ++k) {
    const ChipKey& entry = kChipKeys[k];
    if (entry.chip != sensor->chip) continue;
    known += std::string(", ") + entry.key;
    if (key != entry.key) continue;
    long numbers[kMostNumbers];
    if (!Numbers(value, entry.count, entry.least, entry.most, numbers))
      return "wanted for " + key + " " + entry.wanted;
    SetChipValues(sensor, k, numbers);
    return std::string();
  }
  return "wanted of a " + std::string(kChipNames[static_cast<int>(sensor->chip)]) + " one of " +
         known;
}

// False where no chip has this name.
bool ChipNamed(const std::string& name, SensorChip* chip) {
  for (int c = 0; c < kSensorChips; ++c) {
    if (name == kChipNames[c]) *chip = static_cast<SensorChip>(c);
    if (name == kChipNames[c]) return true;
  }
  return false;
}

std::string ChipNames() {
  std::string names;
  for (int c = 0; c < kSensorChips; ++c)
    names += (c > 0 ? " or " : "") + std::string(kChipNames[c]);
  return names;
}

std::string Place(const SensorConf& sensor) {
  return "board.conf line " + std::to_string(sensor.line) + ": ";
}

SensorArraySettings Defaults(const BoardConf& conf) {
  SensorArraySettings settings;
  for (int s = 0; s < kSensors; ++s) settings.sensor[s].address = kChipAddresses[0][s];
  settings.frame_rate_hz = static_cast<float>(conf.frame_rate_hz);
  return settings;
}

}  // namespace

SensorFacts FactsOf(const SensorSettings& sensor) {
  SensorFacts facts = SensorFacts();
  std::snprintf(facts.chip, sizeof facts.chip, "%s", kChipNames[static_cast<int>(sensor.chip)]);
  facts.address = sensor.address;
  std::ostringstream words;
  words << "axes=" << static_cast<int>(sensor.axes[0]) << ',' << static_cast<int>(sensor.axes[1])
        << ',' << static_cast<int>(sensor.axes[2]);
  for (int k = 0; k < kChipKeyCount; ++k) {
    if (kChipKeys[k].chip != sensor.chip) continue;
    long numbers[kMostNumbers];
    GetChipValues(sensor, k, numbers);
    words << ' ' << kChipKeys[k].key << '=';
    for (int n = 0; n < kChipKeys[k].count; ++n) words << (n > 0 ? "," : "") << numbers[n];
  }
  std::snprintf(facts.settings, sizeof facts.settings, "%s", words.str().c_str());
  return facts;
}

bool SensorArrayOf(const BoardConf& conf, SensorArraySettings* settings, std::string* error) {
  *settings = Defaults(conf);
  SensorArraySettings read = *settings;
  for (size_t s = 0; s < conf.sensors.size(); ++s) {
    read.sensor[s].address = conf.sensors[s].address;
    std::istringstream words(conf.sensors[s].settings);
    if (!ChipNamed(conf.sensors[s].chip, &read.sensor[s].chip)) {
      *error = Place(conf.sensors[s]) + "wanted the chip " + ChipNames() + ", got " +
               conf.sensors[s].chip.substr(0, 40);
      return false;
    }
    for (std::string word; words >> word;) {
      const size_t equals = word.find('=');
      const std::string value =
          equals == std::string::npos ? std::string() : word.substr(equals + 1);
      const std::string wanted = Apply(word.substr(0, equals), value, &read.sensor[s]);
      if (wanted.empty()) continue;
      *error = Place(conf.sensors[s]) + wanted + ", got " + word.substr(0, 40);
      return false;
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
