#include "firmware/platform/memory_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "firmware/engine/crc32.h"
#include "firmware/platform/files.h"

namespace lodestone {
namespace {

constexpr char kFormat[] = "lodestone-state 1";
constexpr size_t kMostBytes = 64u << 20;      // of a file that is believed
constexpr size_t kMostTouchBytes = 2u << 20;  // of a rest that is kept: eight of them, in hex, fit
constexpr float kMostKnob = 1e30f;            // text beyond would not be read again

// Not waiting: whatever lies there under that name, a pipe even, must not hold the thread of files.
int Create(const char* path) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
}
long Write(int file, const void* data, size_t bytes) { return write(file, data, bytes); }
int Sync(int file) { return fsync(file); }
int Close(int file) { return close(file); }
int Rename(const char* from, const char* to) { return rename(from, to); }
int SyncFolder(const char* path) {
  const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  const int result = fsync(folder);
  close(folder);
  return result;
}

std::string Hex(const std::vector<uint8_t>& bytes) {
  std::string text;
  char pair[3];
  for (uint8_t byte : bytes) {
    snprintf(pair, sizeof pair, "%02x", byte);
    text += pair;
  }
  return text;
}

bool Unhex(const std::string& text, std::vector<uint8_t>* bytes) {
  if (text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return false;
  for (size_t i = 0; i < text.size(); i += 2) {
    bytes->push_back(static_cast<uint8_t>(strtoul(text.substr(i, 2).c_str(), nullptr, 16)));
  }
  return true;
}

std::string CrcOf(const std::string& text) {
  char hex[9];
  snprintf(
      hex, sizeof hex, "%08x",
      static_cast<unsigned>(Crc32(reinterpret_cast<const uint8_t*>(text.data()), text.size())));
  return hex;
}

std::string Encode(const Memory& memory, uint32_t generation) {
  std::ostringstream text;
  text << kFormat << "\ngeneration " << generation << "\nscene " << memory.scene << "\nmode "
       << ModeName(memory.mode) << "\n";
  text.precision(9);
  for (const auto& knob : memory.knobs) {
    if (knob.second >= -kMostKnob && knob.second <= kMostKnob)
      text << "knob " << knob.first << " " << knob.second << "\n";
  }
  for (const TouchMemory& touch : memory.touches) {
    if (touch.state.size() <= kMostTouchBytes && !touch.state.empty())
      text << "touch " << touch.plan_crc << " " << Hex(touch.state) << "\n";
  }
  return text.str() + "crc " + CrcOf(text.str()) + "\n";
}

bool Decode(const std::string& text, Memory* memory, uint32_t* generation) {
  const size_t end = text.rfind("crc ");
  if (end == std::string::npos || text.substr(end) != "crc " + CrcOf(text.substr(0, end)) + "\n")
    return false;
  std::istringstream lines(text.substr(0, end));
  std::string line, word, value;
  if (!std::getline(lines, line) || line != kFormat) return false;
  Memory read;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    words >> word;
    if (word == "generation") words >> *generation;
    if (word == "scene") read.scene = line.substr(std::min(line.size(), sizeof "scene"));
    if (word == "mode") {
      words >> value;
      if (!ModeOf(value.c_str(), &read.mode)) return false;
    }
    if (word == "knob") {
      float turned = 0.0f;
      const size_t name_at = sizeof "knob", value_at = line.rfind(' ');  // a name may hold spaces
      if (value_at == std::string::npos || value_at < name_at) return false;
      std::istringstream number(line.substr(value_at));
      if (!(number >> turned)) return false;
      read.knobs.emplace_back(line.substr(name_at, value_at - name_at), turned);
    }
    if (word == "touch") {
      TouchMemory touch = {};
      words >> touch.plan_crc >> value;
      if (!Unhex(value, &touch.state)) return false;
      read.touches.push_back(touch);
    }
    if (words.fail()) return false;
  }
  *memory = read;
  return true;
}

}  // namespace

FileSystem PosixFileSystem() { return {Create, Write, Sync, Close, Rename, SyncFolder}; }

MemoryStore::MemoryStore(const std::string& folder, const FileSystem& system)
    : folder_(folder), system_(system), generation_(0) {
  mkdir(folder.c_str(), 0755);
}

// Generations go round: after the largest comes 0.
bool MemoryStore::IsNewer(uint32_t generation, uint32_t than) {
  return generation - than <= 1u << 31;
}

bool MemoryStore::Load(Memory* memory) {
  bool found = false;
  for (uint32_t slot = 0; slot < 2; ++slot) {
    std::string text, error;
    Memory read;
    uint32_t generation = 0;
    if (!ReadFile(PathOf(slot), &text, &error, kMostBytes) || !Decode(text, &read, &generation))
      continue;
    if (found && !IsNewer(generation, generation_)) continue;
    *memory = read;
    generation_ = generation;
    found = true;
  }
  return found;
}

bool MemoryStore::Save(const Memory& memory) {
  const std::string text = Encode(memory, generation_ + 1);
  const std::string fresh = folder_ + "/state.new";
  const int file = system_.create(fresh.c_str());
  if (file < 0) return false;
  size_t done = 0;
  while (done < text.size()) {
    const long wrote = system_.write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;
    done += static_cast<size_t>(wrote);
  }
  bool good = done == text.size() && system_.sync(file) == 0;
  good = system_.close(file) == 0 && good;
  if (!good || system_.rename(fresh.c_str(), PathOf(generation_ + 1).c_str()) != 0) return false;
  ++generation_;
  return system_.sync_folder(folder_.c_str()) == 0;
}

std::string MemoryStore::PathOf(uint32_t generation) const {
  return folder_ + (generation % 2 == 0 ? "/state.0" : "/state.1");
}

}  // namespace lodestone
