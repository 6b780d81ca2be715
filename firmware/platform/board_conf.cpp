#include "firmware/platform/board_conf.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

#include "firmware/instrument/parts.h"
#include "firmware/platform/files.h"

namespace lodestone {
namespace {

constexpr size_t kMostTargets = 8;
constexpr size_t kMostScenes = 64;
constexpr size_t kMostVoices = 4;  // of a scene

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

// A refused line leaves its place to the chip that is usual there: the others stay the attractors that they are.
bool Sensor(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  if (conf->sensors.size() >= kSensors) return false;
  SensorConf sensor = {"mlx90393", static_cast<uint8_t>(0x0C + conf->sensors.size()), "", 0};
  conf->sensors.push_back(sensor);
  if (words.size() < 2 || !Number(words[1], 0x08, 0x7B, &sensor.address)) return false;
  sensor.chip = words[0];
  for (size_t i = 2; i < words.size(); ++i) sensor.settings += (i > 2 ? " " : "") + words[i];
  conf->sensors.back() = sensor;
  return true;
}

// The stages of a voice: plans with a plus sign between them.
bool Stages(const std::string& text, std::vector<std::vector<std::string>>* voices) {
  std::istringstream parts(text + "+");
  voices->emplace_back();
  for (std::string plan; std::getline(parts, plan, '+');) voices->back().push_back(plan);
  for (const std::string& plan : voices->back()) {  // plans lie below the image, wherever the file came from
    if (plan.empty() || plan[0] == '/' || plan.find("..") != std::string::npos) return false;
  }
  return voices->back().size() <= kMostHelpers + 1;
}

// A refused scene keeps its number, so that the others keep theirs.
bool SceneLine(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  if (conf->scenes.size() >= kMostScenes) return false;
  conf->scenes.emplace_back();
  if (words.size() < 3 || words.size() > 2 + kMostVoices || words[0].size() > 63) return false;
  std::vector<std::vector<std::string>> plans;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!Stages(words[i], &plans) || (i == 1 && plans[0].size() > 1)) return false;
  }
  SceneConf& scene = conf->scenes.back();
  scene.name = words[0];
  scene.touch_plan = plans[0][0];
  scene.voice_plans.assign(plans.begin() + 1, plans.end());
  return true;
}

bool Streams(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  for (const std::string& word : words) {
    if (word != "mag" && word != "field" && word != "touch" && word != "latent" && word != "none") return false;
  }
  const auto has = [&words](const char* name) { return std::find(words.begin(), words.end(), name) != words.end(); };
  conf->send_mag = has("mag");
  conf->send_field = has("field");
  conf->send_touch = has("touch");
  conf->send_latent = has("latent");
  return true;
}

bool Allow(const std::string& text, BoardConf* conf) {
  uint32_t address = 0;
  if (!ParseIpv4(text, &address) || conf->allow.size() >= kMostTargets) return false;
  conf->allow.push_back(address);
  return true;
}

bool Swap(const std::string& text, BoardConf* conf) {
  if (text != "crossfade" && text != "fade") return false;
  conf->carries_two = text == "crossfade";
  return true;
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
         const bool known = t.compare(0, 4, "i2c:") == 0 || t.compare(0, 4, "sim:") == 0;
         if (known) c->bus = t;
         return known;
       }}},
      {"sensor", {"a chip and its address, at most four times", Sensor}},
      {"osc_target", {"address:port, at most eight times", Target}},
      {"osc_port", {"1 to 65535", [](Text t, BoardConf* c) { return Number(t, 1, 65535, &c->osc_port); }}},
      {"osc_streams", {"some of mag field touch latent, or none", Streams}},
      {"allow", {"an IPv4 address, at most eight times", Allow}},
      {"scene", {"a name, a touch plan and one to four voice plans below the image, each of up to three stages a+b+c", SceneLine}},
      {"first_scene", {"0 to 63", [](Text t, BoardConf* c) { return Number(t, 0, 63, &c->first_scene); }}},
      {"prefill", {"0 to 16384 samples", [](Text t, BoardConf* c) { return Number(t, 0, 16384, &c->prefill_frames); }}},
      {"frame_rate", {"10 to 1000 Hz", [](Text t, BoardConf* c) { return Number(t, 10, 1000, &c->frame_rate_hz); }}},
      {"crossfade_ms", {"10 to 10000", [](Text t, BoardConf* c) { return Number(t, 10, 10000, &c->crossfade_ms); }}},
      {"heartbeat_ms", {"0 to 60000", [](Text t, BoardConf* c) { return Number(t, 0, 60000, &c->heartbeat_ms); }}},
      {"swap", {"crossfade or fade", Swap}},
      {"button_pin", {"-1 to 15", [](Text t, BoardConf* c) { return Number(t, -1, 15, &c->button_pin); }}},
      {"led_pin", {"-1 to 15", [](Text t, BoardConf* c) { return Number(t, -1, 15, &c->led_pin); }}},
      {"status_file", {"a file", [](Text t, BoardConf* c) { c->status_file = t; return !t.empty(); }}},
      {"log", {"a file", [](Text t, BoardConf* c) { c->log_file = t; return !t.empty(); }}},
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

namespace {

// One line that is not empty. An empty text when it was taken, else what was wanted and what came.
std::string TakeLine(const std::string& plain, int number, BoardConf* conf) {
  const size_t equals = plain.find('=');
  const auto found = Keys().find(Trimmed(plain.substr(0, equals)));
  if (equals == std::string::npos || found == Keys().end()) {
    return "wanted `key = value` with a known key, got `" + plain.substr(0, 60) + "`";
  }
  const std::string value = Trimmed(plain.substr(equals + 1));
  const size_t sensors = conf->sensors.size(), scenes = conf->scenes.size();
  std::string refused;
  if (!found->second.take(value, conf)) {
    refused = "wanted for " + found->first + " " + found->second.wanted + ", got `" + value.substr(0, 60) + "`";
  }
  if (conf->sensors.size() > sensors) conf->sensors.back().line = number;
  if (conf->scenes.size() > scenes && !refused.empty()) {
    conf->scenes.back().refused = "board.conf line " + std::to_string(number) + ": " + refused;
  }
  return refused;
}

}  // namespace

bool ParseBoardConf(const std::string& text, BoardConf* conf, std::string* error) {
  std::istringstream lines(text);
  std::string line;
  bool told_format = false;
  int refusals = 0;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string plain = Trimmed(line.substr(0, line.find('#')));
    if (plain.empty()) continue;
    std::string refused = TakeLine(plain, number, conf);
    const bool is_format = Trimmed(plain.substr(0, plain.find('='))) == "format";
    if (!told_format && !is_format) refused = "wanted `format = lodestone-board 1` first, got `" + plain.substr(0, 60) + "`";
    if (!refused.empty() && ++refusals == 1) *error = "board.conf line " + std::to_string(number) + ": " + refused;
    if (!refused.empty() && (!told_format || is_format)) {
      *conf = BoardConf();  // another format's lines may mean anything
      return false;
    }
    told_format = true;
  }
  if (refusals > 1) *error += " (and " + std::to_string(refusals - 1) + " more)";
  if (!told_format) *error = "board.conf: wanted `format = lodestone-board 1`, got an empty file";
  return told_format && refusals == 0;
}

uint32_t MostHelpers(const BoardConf& conf) {
  size_t most = 1;
  for (const SceneConf& scene : conf.scenes) {
    for (const std::vector<std::string>& stages : scene.voice_plans) most = std::max(most, stages.size());
  }
  return static_cast<uint32_t>(most - 1);
}

bool ReadBoardConf(const std::string& path, BoardConf* conf, std::string* error) {
  std::string text;
  return ReadFile(path, &text, error) && ParseBoardConf(text, conf, error);
}

}  // namespace lodestone
