#include "firmware/platform/touch_shelf.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "firmware/engine/crc32.h"
#include "firmware/instrument/plan_inbox.h"
#include "firmware/platform/files.h"

namespace lodestone {
namespace {

constexpr char kFormat[] = "lodestone-touches 1";
constexpr size_t kMostListBytes = 4096;
constexpr size_t kMostPlanBytes = PlanInbox::kMostBytes;  // no larger one can have come

uint32_t CrcOf(const std::string& bytes) {
  return Crc32(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

TouchShelf::TouchShelf(const std::string& folder, const FileSystem& system)
    : folder_(folder.empty() ? folder : folder + "/touch/"), system_(system) {
  if (!folder_.empty()) {
    mkdir(folder.c_str(), 0755);
    mkdir(folder_.c_str(), 0755);
  }
}

std::string TouchShelf::PlanPath(const std::string& scene, uint32_t crc) const {
  char name[24];
  snprintf(name, sizeof name, ".%08x.plan", static_cast<unsigned>(crc));
  return folder_ + scene + name;
}

TouchShelf::List TouchShelf::ReadList(const std::string& scene, uint32_t base) const {
  List list;
  std::string text, unused;
  if (folder_.empty() || !ReadFile(folder_ + scene + ".list", &text, &unused, kMostListBytes))
    return List();
  std::istringstream lines(text);
  std::string line;
  uint32_t found = 0, crc = 0;
  if (!std::getline(lines, line) || line != kFormat || !(lines >> found >> list.at) ||
      found != base)
    return List();
  while (lines >> crc) list.plans.push_back(crc);
  if (list.at > list.plans.size() || list.plans.size() > kKept) return List();
  return list;
}

bool TouchShelf::Read(const std::string& scene, uint32_t base, std::string* plan) const {
  const List list = ReadList(scene, base);
  std::string unused;
  if (list.at == 0) return false;
  const uint32_t crc = list.plans[list.at - 1];
  return ReadFile(PlanPath(scene, crc), plan, &unused, kMostPlanBytes) && CrcOf(*plan) == crc;
}

void TouchShelf::Count(const std::string& scene, uint32_t base, int32_t* before,
                       int32_t* after) const {
  const List list = ReadList(scene, base);
  *before = static_cast<int32_t>(list.at);
  *after = static_cast<int32_t>(list.plans.size() - list.at);
}

bool TouchShelf::Holds(const std::string& scene, uint32_t crc) const {
  std::string plan, unused;
  return ReadFile(PlanPath(scene, crc), &plan, &unused, kMostPlanBytes) && CrcOf(plan) == crc;
}

bool TouchShelf::Keep(const std::string& scene, uint32_t base, const std::vector<uint8_t>& plan,
                      std::string* trouble) {
  const uint32_t crc = Crc32(plan.data(), plan.size());
  List list = ReadList(scene, base);
  const size_t known = static_cast<size_t>(std::find(list.plans.begin(), list.plans.end(), crc) -
                                           list.plans.begin());
  uint32_t dropped = 0;
  if (crc == base) {
    list.at = 0;
  } else if (known < list.plans.size()) {
    list.at = known + 1;
  } else {
    list.plans.insert(list.plans.begin() + static_cast<std::ptrdiff_t>(list.at), crc);
    ++list.at;
    if (list.plans.size() > kKept) dropped = DropFarthest(&list);
  }
  const bool there = crc == base || Holds(scene, crc);
  if (folder_.empty() || !(there || Write(PlanPath(scene, crc), plan.data(), plan.size())) ||
      !WriteList(scene, base, list)) {
    *trouble =
        "wanted room for a touch plan in the state folder, got none: look at the card; the old one "
        "plays on";
    return false;
  }
  if (dropped != 0) unlink(PlanPath(scene, dropped).c_str());
  return true;
}

// The one in force is `list.at`: of the first and the last, the one that is more steps away from
// it.
uint32_t TouchShelf::DropFarthest(List* list) {
  const bool front = list->at - 1 >= list->plans.size() - list->at;
  const uint32_t dropped = front ? list->plans.front() : list->plans.back();
  if (front) {
    list->plans.erase(list->plans.begin());
    --list->at;
  } else {
    list->plans.pop_back();
  }
  return dropped;
}

bool TouchShelf::Turn(const std::string& scene, uint32_t base, int32_t way, std::string* trouble) {
  List list = ReadList(scene, base);
  if ((way < 0 && list.at == 0) || (way > 0 && list.at == list.plans.size())) {
    *trouble = way < 0 ? "no touch plan before this one: it is the one that was flashed"
                       : "no touch plan after this one";
    return false;
  }
  list.at = way < 0 ? list.at - 1 : list.at + 1;
  if (WriteList(scene, base, list)) return true;
  *trouble =
      "wanted room for a list in the state folder, got none: look at the card; nothing was changed";
  return false;
}

bool TouchShelf::WriteList(const std::string& scene, uint32_t base, const List& list) {
  std::ostringstream text;
  text << kFormat << "\n" << base << " " << list.at << "\n";
  for (uint32_t crc : list.plans) text << crc << "\n";
  return Write(folder_ + scene + ".list", text.str().data(), text.str().size());
}

bool TouchShelf::Write(const std::string& path, const void* data, size_t bytes) {
  const std::string fresh = path + ".new";
  const int file = system_.create(fresh.c_str());
  if (file < 0) return false;
  bool good = true;
  for (size_t done = 0; good && done < bytes;) {
    const long wrote = system_.write(file, static_cast<const char*>(data) + done, bytes - done);
    good = wrote > 0;
    if (good) done += static_cast<size_t>(wrote);
  }
  good = good && system_.sync(file) >= 0;
  good = system_.close(file) >= 0 && good;
  return good && system_.rename(fresh.c_str(), path.c_str()) >= 0 &&
         system_.sync_folder(folder_.c_str()) >= 0;
}

}  // namespace lodestone
