#include "firmware/platform/board_conf.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <sstream>

#include "firmware/generated/chips.h"
#include "firmware/instrument/parts.h"
#include "firmware/platform/files.h"

namespace lodestone {
namespace {

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

template <typename T>
bool Number(const std::string& text, long least, long most, T* to) {
  long value = 0;
  if (!ParseNumber(text, least, most, &value)) return false;
  *to = static_cast<T>(value);
  return true;
}

// A refused line leaves its place to the chip that is usual there: the others stay the attractors
// that they are.
bool Sensor(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  if (conf->sensors.size() >= kSensors) return false;
  SensorConf sensor = {kChipNames[0], kChipAddresses[0][conf->sensors.size()], "", 0};
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
  for (const std::string& plan :
       voices->back()) {  // plans lie below the image, wherever the file came from
    if (plan.empty() || plan[0] == '/' || plan.find("..") != std::string::npos) return false;
  }
  return voices->back().size() <= kMostHelpers + 1;
}

bool TakeScene(const std::string& text, SceneConf* scene) {
  const std::vector<std::string> words = Words(text);
  if (words.size() < 3 || words.size() > 2 + kMostVoices || words[0].size() > 63) return false;
  std::vector<std::vector<std::string>> plans;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!Stages(words[i], &plans) || (i == 1 && plans[0].size() > 1)) return false;
  }
  scene->name = words[0];
  scene->touch_plan = plans[0][0];
  scene->voice_plans.assign(plans.begin() + 1, plans.end());
  return true;
}

// A refused scene keeps its number, so that the others keep theirs.
bool SceneLine(const std::string& text, BoardConf* conf) {
  if (conf->scenes.size() >= kMostScenes) return false;
  conf->scenes.emplace_back();
  return TakeScene(text, &conf->scenes.back());
}

// Of a scene that a line above names.
bool MorphLine(const std::string& text, BoardConf* conf) {
  const std::vector<std::string> words = Words(text);
  if (words.size() != 2) return false;
  for (SceneConf& scene : conf->scenes) {
    if (scene.name == words[0]) return Number(words[1], 0, 30000, &scene.morph_ms);
  }
  return false;
}

// The text of one line, as a setting of the table takes it.
class LineValue {
 public:
  explicit LineValue(const std::string& text) : text_(text) {}

  template <typename T>
  bool Whole(long least, long most, T* to) const {
    return Number(text_, least, most, to);
  }
  bool Choice(std::initializer_list<const char*> choices, std::string* to) const {
    for (const char* choice : choices) {
      if (text_ == choice) *to = text_;
      if (text_ == choice) return true;
    }
    return false;
  }
  // Sets those that are named, and no other.
  bool Some(std::initializer_list<const char*> choices, std::initializer_list<bool*> to) const {
    const std::vector<std::string> words = Words(text_);
    size_t known = static_cast<size_t>(std::count(words.begin(), words.end(), "none"));
    for (const char* choice : choices)
      known += static_cast<size_t>(std::count(words.begin(), words.end(), choice));
    if (words.empty() || known != words.size()) return false;
    bool* const* place = to.begin();
    for (const char* choice : choices)
      **place++ = std::count(words.begin(), words.end(), choice) > 0;
    return true;
  }
  bool Text(std::initializer_list<const char*> starts, size_t most, std::string* to) const {
    if (text_.size() > most || text_.find_first_of(" \t") != std::string::npos) return false;
    for (const char* start : starts) {
      if (text_.compare(0, std::strlen(start), start) != 0 || text_.size() == std::strlen(start))
        continue;
      *to = text_;
      return true;
    }
    return false;
  }
  bool Target(size_t most, std::vector<Ipv4Target>* to) const {
    const size_t colon = text_.find(':');
    Ipv4Target target = {};
    if (colon == std::string::npos || !ParseIpv4(text_.substr(0, colon), &target.address) ||
        !Number(text_.substr(colon + 1), 1, 65535, &target.port) || to->size() >= most) {
      return false;
    }
    to->push_back(target);
    return true;
  }
  bool Address(size_t most, std::vector<uint32_t>* to) const {
    uint32_t address = 0;
    if (!ParseIpv4(text_, &address) || to->size() >= most) return false;
    to->push_back(address);
    return true;
  }

 private:
  const std::string& text_;
};

struct Key {
  const char* wanted;
  std::function<bool(const std::string&, BoardConf*)> take;
};

// Lines that the player does not write: what `lodestone build` adds to the settings of the table.
const std::map<std::string, Key>& Keys() {
  using Text = const std::string&;
  static const std::map<std::string, Key> keys = {
      {"format",
       {"lodestone-board 1", [](Text t, BoardConf*) { return t == "lodestone-board 1"; }}},
      {"sensor", {"a chip and its address, at most four times", Sensor}},
      {"scene",
       {"a name, a touch plan and one to four voice plans below the image, each of up to three "
        "stages a+b+c",
        SceneLine}},
      {"morph", {"the name of a scene above, and 0 to 30000 milliseconds", MorphLine}},
      {"safe_scene",
       {"what `scene` takes", [](Text t, BoardConf* c) { return TakeScene(t, &c->safe_scene); }}},
      {"first_scene",
       {"0 to 63", [](Text t, BoardConf* c) { return Number(t, 0, 63, &c->first_scene); }}},
      {"status_file",
       {"a file",
        [](Text t, BoardConf* c) {
          c->status_file = t;
          return !t.empty();
        }}},
      {"log",
       {"a file",
        [](Text t, BoardConf* c) {
          c->log_file = t;
          return !t.empty();
        }}},
      {"state",
       {"a folder",
        [](Text t, BoardConf* c) {
          c->state_folder = t;
          return !t.empty();
        }}},
  };
  return keys;
}

// Null in `wanted` where nothing is called `key`.
bool TakeValue(const std::string& key, const std::string& value, BoardConf* conf,
               const char** wanted) {
  const auto found = Keys().find(key);
  if (found == Keys().end()) return TakeSetting(key, LineValue(value), conf, wanted);
  *wanted = found->second.wanted;
  return found->second.take(value, conf);
}

}  // namespace

bool ParseNumber(const std::string& text, long least, long most, long* value) {
  char* end = nullptr;
  *value = std::strtol(text.c_str(), &end, 0);
  return !text.empty() && *end == '\0' && *value >= least && *value <= most;
}

bool ParseIpv4(const std::string& text, uint32_t* address) {
  unsigned part[4];
  char rest = '\0';
  if (std::sscanf(text.c_str(), "%3u.%3u.%3u.%3u%c", &part[0], &part[1], &part[2], &part[3],
                  &rest) != 4)
    return false;
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
  const std::string key = Trimmed(plain.substr(0, equals));
  const std::string value =
      equals == std::string::npos ? std::string() : Trimmed(plain.substr(equals + 1));
  const size_t sensors = conf->sensors.size(), scenes = conf->scenes.size();
  const char* wanted = nullptr;
  std::string refused;
  const bool taken = equals != std::string::npos && TakeValue(key, value, conf, &wanted);
  if (!taken && wanted == nullptr)
    refused = "wanted `key = value` with a known key, got `" + plain.substr(0, 60) + "`";
  else if (!taken)
    refused = "wanted for " + key + " " + wanted + ", got `" + value.substr(0, 60) + "`";
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
    if (!told_format && !is_format)
      refused = "wanted `format = lodestone-board 1` first, got `" + plain.substr(0, 60) + "`";
    if (!refused.empty() && ++refusals == 1)
      *error = "board.conf line " + std::to_string(number) + ": " + refused;
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

BoardConf SafeConf(const BoardConf& conf) {
  BoardConf safe;
  safe.bus = conf.bus;
  safe.sensors = conf.sensors;
  safe.button_pin = conf.button_pin;
  safe.led_pin = conf.led_pin;
  safe.status_file = conf.status_file;
  safe.log_file = conf.log_file;
  if (!conf.safe_scene.name.empty())
    safe.scenes = {conf.safe_scene};
  else if (!conf.scenes.empty())
    safe.scenes = {conf.scenes[0]};
  return safe;
}

uint32_t MostHelpers(const BoardConf& conf) {
  size_t most = 1;
  for (const std::vector<std::string>& stages : conf.safe_scene.voice_plans)
    most = std::max(most, stages.size());
  for (const SceneConf& scene : conf.scenes) {
    for (const std::vector<std::string>& stages : scene.voice_plans)
      most = std::max(most, stages.size());
  }
  return static_cast<uint32_t>(most - 1);
}

bool ReadBoardConf(const std::string& path, BoardConf* conf, std::string* error) {
  std::string text;
  return ReadFile(path, &text, error) && ParseBoardConf(text, conf, error);
}

}  // namespace lodestone
