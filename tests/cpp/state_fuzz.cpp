// Spoils what the board keeps on its card and starts from it: `state_fuzz IMAGE WORK ROUNDS SEED`.
// IMAGE holds `touch.plan`, `voice.plan`, and `other.plan` of another number of latents; WORK is
// filled and emptied. Whatever lies in the state folder, the scene comes up, its latents are
// numbers, and what is saved afterwards is what is loaded next. Meant to be built with sanitizers;
// exit 1 where one does not hold. Prints how many memories were taken and refused, and in how many
// rounds a touch plan that came was played.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "firmware/engine/crc32.h"
#include "firmware/platform/event_log.h"
#include "firmware/platform/memory_store.h"
#include "firmware/platform/plan_scenes.h"
#include "firmware/platform/start_guard.h"
#include "firmware/platform/status_file.h"

using namespace lodestone;

namespace {

uint64_t dice = 1;
int round_number = 0;

#define MUST(condition)                                                                    \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "round %d: not true: %s (line %d)\n", round_number, #condition, \
                   __LINE__);                                                              \
      std::exit(1);                                                                        \
    }                                                                                      \
  } while (false)

uint32_t Roll(uint32_t sides) {
  dice = dice * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<uint32_t>(dice >> 33) % sides;
}

std::string Text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
void Put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}
uint32_t CrcOf(const std::string& text) {
  return Crc32(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}
std::vector<uint8_t> Bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  DIR* list = opendir(folder.c_str());
  while (dirent* entry = list == nullptr ? nullptr : readdir(list)) {
    if (entry->d_name[0] != '.') names.push_back(folder + "/" + entry->d_name);
  }
  if (list != nullptr) closedir(list);
  return names;
}
void Clear(const std::string& folder) {
  for (const std::string& path : Names(folder)) {
    struct stat found;
    if (lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode))
      Clear(path), rmdir(path.c_str());
    else
      unlink(path.c_str());
  }
}

const char* const kWords[] = {"-1",  "0",   "4294967295", "4294967296", "2147483648",
                              "nan", "inf", "1e39",       "-1e-45",     "99999999999999999999",
                              "",    " ",   "zz",         "knob a",     "touch 0 0",
                              "\n",  "..",  "../../x",    "\xff\xfe",   "lodestone-state 1"};

std::string Spoiled(std::string text) {
  for (uint32_t deed = Roll(4) + 1; deed > 0; --deed) {
    const size_t at = Roll(static_cast<uint32_t>(text.size()) + 1);
    const uint32_t kind = Roll(7);
    if (kind == 0) text = text.substr(0, at);
    if (kind == 1 && at < text.size()) text[at] = static_cast<char>(Roll(256));
    if (kind == 2) text.erase(at, Roll(40));
    if (kind == 3) text.insert(at, text.substr(at, Roll(80)));
    if (kind >= 4) {  // a word by another
      const size_t begin = text.find_first_of(" \n", at);
      if (begin == std::string::npos) continue;
      const size_t end = text.find_first_of(" \n", begin + 1);
      text.replace(begin + 1, end == std::string::npos ? end : end - begin - 1,
                   kWords[Roll(sizeof kWords / sizeof *kWords)]);
    }
  }
  return text;
}

// Its checksum fits again, where it ever did.
std::string Sealed(const std::string& text) {
  const size_t end = text.rfind("crc ");
  if (end == std::string::npos) return text;
  char line[16];
  std::snprintf(line, sizeof line, "crc %08x\n", static_cast<unsigned>(CrcOf(text.substr(0, end))));
  return text.substr(0, end) + line;
}

// What is no plain file, or one of another size than its content.
void Replace(const std::string& path) {
  unlink(path.c_str());
  switch (Roll(7)) {
    case 0: mkdir(path.c_str(), 0755); break;
    case 1: MUST(mkfifo(path.c_str(), 0600) == 0); break;
    case 2: MUST(symlink(path.c_str(), path.c_str()) == 0); break;
    case 3: MUST(symlink("/dev/zero", path.c_str()) == 0); break;
    case 4:
      Put(path, "x");
      MUST(truncate(path.c_str(), 1l << (20 + Roll(14))) == 0);  // to 16 GB, and no block of it
      break;
    case 5: Put(path, ""); break;
    default: break;
  }
}

void Spoil(const std::string& state) {
  std::vector<std::string> paths = Names(state);
  for (const std::string& path : Names(state + "/touch")) paths.push_back(path);
  paths.push_back(state + "/state.new");
  const std::string path = paths[Roll(static_cast<uint32_t>(paths.size()))];
  struct stat found;
  if (lstat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) return;
  if (Roll(6) == 0) return Replace(path);
  const std::string text = Spoiled(Text(path));
  Put(path, Roll(3) == 0 ? text : Sealed(text));
}

Memory Remembered(uint32_t touch_crc, size_t state_bytes) {
  static const char* const kNames[] = {"reach", "a b", "", "entanglement", " "};
  Memory memory;
  memory.scene = Roll(8) == 0 ? "another one" : "one";
  memory.mode = static_cast<Mode>(Roll(kModes));
  for (uint32_t k = Roll(4); k > 0; --k)
    memory.knobs.emplace_back(kNames[Roll(5)], 0.001f * static_cast<float>(Roll(5000)));
  for (uint32_t t = Roll(3); t > 0; --t) {
    TouchMemory touch = {Roll(3) == 0 ? Roll(1u << 31) : touch_crc, {}};
    for (size_t i = 0; i < state_bytes; ++i)
      touch.state.push_back(static_cast<uint8_t>(Roll(4) == 0 ? 0xff : Roll(256)));
    memory.touches.push_back(touch);
  }
  return memory;
}

// By its bits: -ffast-math takes every float to be finite.
bool IsNumber(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u;
}

void Play(Scene* scene) {
  FieldFrame frame = {};
  for (float& weight : frame.valid) weight = 1.0f;
  for (int n = 0; n < 20; ++n) {
    for (auto& sensor : frame.field_mt) sensor[2] = 0.1f * static_cast<float>(n);
    scene->touch->Run(frame, 0.005f);
    for (uint32_t z = 0; z < scene->touch->latents(); ++z)
      MUST(IsNumber(scene->touch->latent()[z]));
  }
}

struct Counts {
  int taken = 0, refused = 0, came = 0;
};

void Start(const BoardConf& conf, const std::string& image, const std::string& state,
           const std::string& other, Counts* counts) {
  StartGuard guard(state);
  guard.Begin();
  Memory memory;
  MemoryStore store(state);
  (store.Load(&memory) ? counts->taken : counts->refused) += 1;
  PlanScenes scenes(conf, image, 44100, 1024);
  scenes.SetShelf(state);
  scenes.SetTouches(&memory.touches);
  char error[256] = "";
  std::unique_ptr<Scene> scene = scenes.Load(0, error, sizeof error);
  MUST(scene != nullptr);
  const uint32_t base = CrcOf(Text(image + conf.scenes[0].touch_plan));
  counts->came += scene->touch_crc != base;
  scenes.RestoreTouch(scene.get());
  Play(scene.get());
  scenes.LookTouch(0);
  const Memory next = Remembered(base, scene->touch->state_bytes());
  Memory again;
  if (store.Save(next)) MUST(MemoryStore(state).Load(&again) && again == next);
  // A plan that comes now is played from now on, or refused and nothing has changed.
  const std::string fresh = Roll(2) == 0 ? Text(image + "fresh.plan") : other;
  if (scenes.KeepTouch(0, Bytes(fresh), error, sizeof error)) {
    const std::unique_ptr<Scene> now = scenes.Load(0, error, sizeof error);
    MUST(now != nullptr && now->touch_crc == CrcOf(fresh) && fresh != other);
    if (scenes.TurnTouch(0, -1, error, sizeof error))
      MUST(scenes.Load(0, error, sizeof error) != nullptr);
  }
  EventLog(state + "/log").Write("a line");
  ReplaceFile(state + "/status", "a line\n");
  guard.StartSucceeded();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string image = std::string(argv[1]) + "/", work = argv[2], state = work + "/state";
  dice = static_cast<uint64_t>(std::atoll(argv[4])) + 1;
  BoardConf conf;
  SceneConf from;
  from.name = "one";
  from.touch_plan = "touch.plan";
  from.voice_plans = {{"voice.plan"}};
  conf.scenes.push_back(from);
  const std::string touch = Text(image + "touch.plan"), fresh = Text(image + "fresh.plan"),
                    other = Text(image + "other.plan");
  const uint32_t base = CrcOf(touch);
  Counts counts;
  mkdir(work.c_str(), 0755);
  for (round_number = 0; round_number < std::atoi(argv[3]); ++round_number) {
    Clear(state);
    MemoryStore store(state);
    TouchShelf shelf(state);
    for (uint32_t n = Roll(4); n > 0; --n) store.Save(Remembered(base, 60 + Roll(3)));
    std::string trouble;
    for (uint32_t n = Roll(4); n > 0; --n) {
      const std::string plans[] = {fresh, other, touch, Spoiled(fresh)};
      shelf.Keep("one", base, Bytes(plans[Roll(4)]), &trouble);
    }
    if (Roll(3) == 0) Put(state + "/starts", std::to_string(Roll(6)));
    EventLog(state + "/log").Write("an evening");
    for (uint32_t n = Roll(3) + 1; n > 0; --n) Spoil(state);
    alarm(20);  // a start that waits for a pipe
    Start(conf, image, state, other, &counts);
    alarm(0);
  }
  Clear(work);
  rmdir(work.c_str());
  std::printf("%d taken, %d refused, %d with a plan that came\n", counts.taken, counts.refused,
              counts.came);
  return 0;
}
