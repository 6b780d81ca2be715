// A touch plan on its way to the board: pieces in any order, and power that goes at every system
// call.
#include "cases.h"

#include <fcntl.h>
#include <unistd.h>

#include "firmware/engine/crc32.h"
#include "firmware/instrument/plan_inbox.h"
#include "firmware/platform/touch_shelf.h"

using namespace lodestone;

namespace {

int calls_left = 0;
bool PowerGone() { return calls_left-- <= 0; }
int CutCreate(const char* path) { return PowerGone() ? -1 : PosixFileSystem().create(path); }
long CutWrite(int file, const void* data, size_t bytes) {
  return PowerGone() ? -1 : PosixFileSystem().write(file, data, bytes < 10 ? bytes : bytes / 2);
}
int CutSync(int file) { return PowerGone() ? -1 : PosixFileSystem().sync(file); }
int CutClose(int file) {
  close(file);
  return PowerGone() ? -1 : 0;
}
int CutRename(const char* from, const char* to) {
  return PowerGone() ? -1 : PosixFileSystem().rename(from, to);
}
int CutSyncFolder(const char* path) {
  return PowerGone() ? -1 : PosixFileSystem().sync_folder(path);
}
const FileSystem kCut = {CutCreate, CutWrite, CutSync, CutClose, CutRename, CutSyncFolder};

std::string Folder() {
  char name[] = "/tmp/lodestone-touch-XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  return name;
}

std::vector<uint8_t> PlanOf(int number, size_t bytes = 1000) {
  std::vector<uint8_t> plan(bytes);
  for (size_t i = 0; i < bytes; ++i)
    plan[i] = static_cast<uint8_t>(i * 7 + static_cast<size_t>(number));
  return plan;
}

std::string Text(const std::vector<uint8_t>& plan) { return std::string(plan.begin(), plan.end()); }

std::string Hex(const std::vector<uint8_t>& plan, size_t begin, size_t end) {
  std::string text;
  char pair[3];
  for (size_t i = begin; i < end; ++i) {
    std::snprintf(pair, sizeof pair, "%02x", plan[i]);
    text += pair;
  }
  return text;
}

std::string CrcHex(const std::vector<uint8_t>& plan) {
  char hex[9];
  std::snprintf(hex, sizeof hex, "%08x", static_cast<unsigned>(Crc32(plan.data(), plan.size())));
  return hex;
}

}  // namespace

CASE(PiecesComeInAnyOrder) {
  const std::vector<uint8_t> plan = PlanOf(3);
  PlanInbox inbox;
  CHECK(!inbox.Begin(0, 0, "00000000"));
  CHECK(!inbox.Begin(0, PlanInbox::kMostBytes + 1, "00000000"));
  CHECK(!inbox.Begin(0, 10, "0000000g"));
  CHECK(!inbox.Put(0, "00"));
  CHECK(inbox.Begin(2, 1000, CrcHex(plan).c_str()));
  CHECK(inbox.missing() == 0);
  CHECK(inbox.Put(960, Hex(plan, 960, 1000).c_str()));
  CHECK(inbox.Put(0, Hex(plan, 0, 480).c_str()));
  CHECK(inbox.missing() == 480);
  CHECK(!inbox.Put(481, Hex(plan, 480, 960).c_str()));
  CHECK(!inbox.Put(480, Hex(plan, 480, 959).c_str()));
  CHECK(!inbox.Put(-480, Hex(plan, 0, 480).c_str()));
  CHECK(inbox.Put(480, Hex(plan, 480, 960).c_str()));
  CHECK(inbox.missing() == -1);
  std::vector<uint8_t> taken;
  CHECK(inbox.Take(&taken));
  CHECK(taken == plan);
  CHECK(!inbox.begun());
}

CASE(AnotherChecksumIsNoPlan) {
  const std::vector<uint8_t> plan = PlanOf(3, 100);
  PlanInbox inbox;
  CHECK(inbox.Begin(0, 100, CrcHex(PlanOf(4, 100)).c_str()));
  CHECK(inbox.Put(0, Hex(plan, 0, 100).c_str()));
  std::vector<uint8_t> taken;
  CHECK(!inbox.Take(&taken));
  CHECK(taken.empty());
}

CASE(TwentyAreKeptAndEachCanBeHadAgain) {
  const std::string folder = Folder();
  TouchShelf shelf(folder);
  std::string plan, trouble;
  CHECK(!shelf.Read("one", 5, &plan));
  for (int number = 0; number < 30; ++number) CHECK(shelf.Keep("one", 5, PlanOf(number), &trouble));
  for (int number = 29; number > 9; --number) {
    CHECK(TouchShelf(folder).Read("one", 5, &plan));
    CHECK(plan == Text(PlanOf(number)));
    CHECK(shelf.Turn("one", 5, -1, &trouble));
  }
  CHECK(!shelf.Read("one", 5, &plan));  // the image's own
  CHECK(!shelf.Turn("one", 5, -1, &trouble));
  CHECK(!trouble.empty());
  for (int number = 10; number < 30; ++number) {
    CHECK(shelf.Turn("one", 5, 1, &trouble));
    CHECK(shelf.Read("one", 5, &plan));
    CHECK(plan == Text(PlanOf(number)));
  }
  CHECK(!shelf.Turn("one", 5, 1, &trouble));
  CHECK(!shelf.Read("one", 6, &plan));  // another image came
  CHECK(!shelf.Read("two", 5, &plan));
}

// A, B, C; back to B; D comes: then D goes back to B and forward to C, as the calibrations on the
// laptop do.
CASE(ANewOneComesAfterTheOneInForce) {
  const std::string folder = Folder();
  TouchShelf shelf(folder);
  std::string plan, trouble;
  int32_t before = 0, after = 0;
  for (int number = 1; number < 4; ++number) CHECK(shelf.Keep("one", 5, PlanOf(number), &trouble));
  CHECK(shelf.Turn("one", 5, -1, &trouble));
  CHECK(shelf.Keep("one", 5, PlanOf(9), &trouble));
  shelf.Count("one", 5, &before, &after);
  CHECK(before == 3 && after == 1);
  CHECK(shelf.Turn("one", 5, -1, &trouble) && shelf.Read("one", 5, &plan) &&
        plan == Text(PlanOf(2)));
  CHECK(shelf.Turn("one", 5, 1, &trouble) && shelf.Read("one", 5, &plan) &&
        plan == Text(PlanOf(9)));
  CHECK(shelf.Turn("one", 5, 1, &trouble) && shelf.Read("one", 5, &plan) &&
        plan == Text(PlanOf(3)));
  // One that is there already is put in force where it stands; the image's own needs no place.
  CHECK(shelf.Keep("one", 5, PlanOf(2), &trouble) && shelf.Read("one", 5, &plan) &&
        plan == Text(PlanOf(2)));
  shelf.Count("one", 5, &before, &after);
  CHECK(before == 2 && after == 2);
  const std::vector<uint8_t> own = PlanOf(77);
  const uint32_t base = Crc32(own.data(), own.size());
  CHECK(shelf.Keep("two", base, PlanOf(1), &trouble) && shelf.Keep("two", base, own, &trouble));
  shelf.Count("two", base, &before, &after);
  CHECK(before == 0 && after == 1 && !shelf.Read("two", base, &plan));
}

CASE(TheFarthestIsDropped) {
  const std::string folder = Folder();
  TouchShelf shelf(folder);
  std::string plan, trouble;
  int32_t before = 0, after = 0;
  for (int number = 0; number < 20; ++number) CHECK(shelf.Keep("one", 5, PlanOf(number), &trouble));
  for (int step = 0; step < 18; ++step) CHECK(shelf.Turn("one", 5, -1, &trouble));
  CHECK(shelf.Keep("one", 5, PlanOf(50), &trouble));
  shelf.Count("one", 5, &before, &after);
  CHECK(before == 3 && after == 17);
  CHECK(shelf.Turn("one", 5, -1, &trouble) && shelf.Read("one", 5, &plan) &&
        plan == Text(PlanOf(1)));
}

CASE(PowerMayGoAtEverySystemCall) {
  for (int turn = 0; turn < 2; ++turn) {
    for (int calls = 0; calls < 60; ++calls) {
      const std::string folder = Folder();
      std::string plan, trouble;
      CHECK(TouchShelf(folder).Keep("one", 5, PlanOf(1), &trouble));
      CHECK(TouchShelf(folder).Keep("one", 5, PlanOf(2), &trouble));
      calls_left = calls;
      TouchShelf cut(folder, kCut);
      const bool done =
          turn != 0 ? cut.Turn("one", 5, -1, &trouble) : cut.Keep("one", 5, PlanOf(3), &trouble);
      CHECK(TouchShelf(folder).Read("one", 5, &plan));
      const std::string fresh = Text(PlanOf(turn != 0 ? 1 : 3));
      CHECK(plan == fresh || plan == Text(PlanOf(2)));
      if (done) CHECK(plan == fresh);
    }
  }
}

int main(int argc, char** argv) { return RunCases(argc, argv); }
