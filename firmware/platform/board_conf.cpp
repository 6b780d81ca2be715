#include "firmware/platform/board_conf.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

#include "firmware/platform/files.h"

namespace lodestone {
namespace {

constexpr size_t kMostTargets = 8;
constexpr size_t kMostScenes = 64;

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return std::string();
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool ParseNumber(const std::string& text, long least, long most, long* value) {
  char* end = nullptr;
  *value = std::strtol(text.c_str(), &end, 0);
  return !text.empty() && *end == '\0' && *value >= least && *value <= most;
}

template <typename T>
bool Number(const std::string& text, long least, long most, T* to) {
  long value = 0;
  if (!ParseNumber(text, least, most, &value)) return false;
  *to = static_cast<T>(value);
  return true;
}

bool Target(const std::string& text, BoardConf* conf) {
  const size_t colon = text.find(':');
  Ipv4Target target = {};
  if (colon == std::string::npos || !ParseIpv4(text.substr(0, colon), &target.address) ||
      !Number(text.substr(colon + 1), 1, 65535, &target.port) || conf->osc_targets.size() >= kMostTargets) {
    return false;
  }
  conf->osc_targets.push_back(target);
  return true;
}

bool Sensor(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  SensorConf sensor = {};
  if (words.size() < 2 || conf->sensors.size() >= kSensors || !Number(words[1], 0x08, 0x7B, &sensor.address)) {
    return false;
  }
  sensor.chip = words[0];
  for (size_t i = 2; i < words.size(); ++i) sensor.settings += (i > 2 ? " " : "") + words[i];
  conf->sensors.push_back(sensor);
  return true;
}

bool SceneLine(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  if (words.size() != 3 || words[0].size() > 63 || conf->scenes.size() >= kMostScenes) return false;
  for (size_t i = 1; i < 3; ++i) {  // plans lie below the image, wherever the file came from
    if (words[i][0] == '/' || words[i].find("..") != std::string::npos) return false;
  }
  SceneConf scene = {};
  scene.name = words[0];
  scene.touch_plan = words[1];
  scene.voice_plan = words[2];
  conf->scenes.push_back(scene);
  return true;
}

bool Streams(const std::string& text, BoardConf* conf) {
  conf->send_mag = conf->send_field = conf->send_touch = conf->send_latent = false;
  for (const std::string& word : Words(text)) {
    if (word == "mag") conf->send_mag = true;
    else if (word == "field") conf->send_field = true;
    else if (word == "touch") conf->send_touch = true;
    else if (word == "latent") conf->send_latent = true;
    else if (word != "none") return false;
  }
  return true;
}

bool Allow(const std::string& text, BoardConf* conf) {
  uint32_t address = 0;
  if (!ParseIpv4(text, &address) || conf->allow.size() >= kMostTargets) return false;
  conf->allow.push_back(address);
  return true;
}

bool Swap(const std::string& text, BoardConf* conf) {
  conf->carries_two = text == "crossfade";
  return conf->carries_two || text == "fade";
}

struct Key {
  const char* wanted;
  std::function<bool(const std::string&, BoardConf*)> take;
};

const std::map<std::string, Key>& Keys() {
  using Text = const std::string&;
  static const std::map<std::string, Key> keys = {
      {"format", {"lodestone-board 1", [](Text t, BoardConf*) { return t == "lodestone-board 1"; }}},
      {"bus", {"i2c:/dev/i2c-N or sim:/path", [](Text t, BoardConf* c) {
         c->bus = t;
         return t.compare(0, 4, "i2c:") == 0 || t.compare(0, 4, "sim:") == 0;
       }}},
      {"sensor", {"a chip and its address, at most four times", Sensor}},
      {"osc_target", {"address:port, at most eight times", Target}},
      {"osc_port", {"1 to 65535", [](Text t, BoardConf* c) { return Number(t, 1, 65535, &c->osc_port); }}},
      {"osc_streams", {"some of mag field touch latent, or none", Streams}},
      {"allow", {"an IPv4 address, at most eight times", Allow}},
      {"scene", {"a name, a touch plan and a voice plan below the image", SceneLine}},
      {"first_scene", {"0 to 63", [](Text t, BoardConf* c) { return Number(t, 0, 63, &c->first_scene); }}},
      {"prefill", {"0 to 16384 samples", [](Text t, BoardConf* c) { return Number(t, 0, 16384, &c->prefill_frames); }}},
      {"frame_rate", {"10 to 1000 Hz", [](Text t, BoardConf* c) { return Number(t, 10, 1000, &c->frame_rate_hz); }}},
      {"crossfade_ms", {"10 to 10000", [](Text t, BoardConf* c) { return Number(t, 10, 10000, &c->crossfade_ms); }}},
      {"heartbeat_ms", {"0 to 60000", [](Text t, BoardConf* c) { return Number(t, 0, 60000, &c->heartbeat_ms); }}},
      {"swap", {"crossfade or fade", Swap}},
      {"button_pin", {"-1 to 15", [](Text t, BoardConf* c) { return Number(t, -1, 15, &c->button_pin); }}},
      {"led_pin", {"-1 to 15", [](Text t, BoardConf* c) { return Number(t, -1, 15, &c->led_pin); }}},
      {"status_file", {"a file", [](Text t, BoardConf* c) { c->status_file = t; return !t.empty(); }}},
      {"state", {"a folder", [](Text t, BoardConf* c) { c->state_folder = t; return !t.empty(); }}},
  };
  return keys;
}

}  // namespace

bool ParseIpv4(const std::string& text, uint32_t* address) {
  unsigned part[4];
  char rest = '\0';
  if (std::sscanf(text.c_str(), "%3u.%3u.%3u.%3u%c", &part[0], &part[1], &part[2], &part[3], &rest) != 4) return false;
  *address = 0;
  for (unsigned p : part) {
    if (p > 255) return false;
    *address = *address << 8 | p;
  }
  return true;
}

bool ParseBoardConf(const std::string& text, BoardConf* conf, std::string* error) {
  std::istringstream lines(text);
  std::string line;
  bool told_format = false;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string plain = Trimmed(line.substr(0, line.find('#')));
    if (plain.empty()) continue;
    const size_t equals = plain.find('=');
    const std::string key = Trimmed(plain.substr(0, equals));
    const auto found = Keys().find(key);
    const std::string place = "board.conf line " + std::to_string(number);
    if (equals == std::string::npos || found == Keys().end()) {
      *error = place + ": wanted `key = value` with a known key, got `" + plain.substr(0, 60) + "`";
      return false;
    }
    const std::string value = Trimmed(plain.substr(equals + 1));
    if (!told_format && key != "format") {
      *error = place + ": wanted `format = lodestone-board 1` first, got `" + plain.substr(0, 60) + "`";
      return false;
    }
    told_format = true;
    if (!found->second.take(value, conf)) {
      *error = place + ": wanted for " + key + " " + found->second.wanted + ", got `" + value.substr(0, 60) + "`";
      return false;
    }
  }
  if (!told_format) *error = "board.conf: wanted `format = lodestone-board 1`, got an empty file";
  return told_format;
}

bool ReadBoardConf(const std::string& path, BoardConf* conf, std::string* error) {
  std::string text;
  return ReadFile(path, &text, error) && ParseBoardConf(text, conf, error);
}

}  // namespace lodestone
