// The log's bounds: two files of a stated size, whatever is written, and whatever the disk does.
#include "cases.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "firmware/instrument/journal.h"
#include "firmware/platform/event_log.h"
#include "firmware/platform/files.h"

using namespace lodestone;

namespace {

std::string Folder() {
  char name[] = "/tmp/lodestone-log-XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  return name;
}

size_t BytesOf(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0 ? static_cast<size_t>(found.st_size) : 0;
}

std::string TextOf(const std::string& path) {
  std::string text, error;
  CHECK(ReadFile(path, &text, &error));
  return text;
}

CASE(TwoFilesNeverOutgrowTheirSize) {
  const std::string path = Folder() + "/log/board.log";
  constexpr size_t kMost = 2000;
  EventLog log(path, kMost);
  size_t largest = 0;
  for (int n = 0; n < 1000; ++n) {
    CHECK(log.Write("line " + std::to_string(n) + " " +
                    std::string(static_cast<size_t>(n % 700), 'x')));
    CHECK(BytesOf(path) <= kMost && BytesOf(path + ".1") <= kMost);
    largest = BytesOf(path + ".1") > largest ? BytesOf(path + ".1") : largest;
  }
  CHECK(largest > kMost - EventLog::kLongestLine - 2);
  CHECK(TextOf(path).find("line 999 ") != std::string::npos);
  const std::string all = TextOf(path + ".1") + TextOf(path);
  CHECK(all.find("line 997 ") < all.find("line 998 ") &&
        all.find("line 998 ") < all.find("line 999 "));
}

CASE(TheNextEveningGoesOnInTheSameFile) {
  const std::string path = Folder() + "/board.log";
  for (int evening = 0; evening < 3; ++evening)
    CHECK(EventLog(path).Write("evening " + std::to_string(evening)));
  CHECK(TextOf(path) == "evening 0\nevening 1\nevening 2\n");
}

CASE(AFileOfOtherBoundsIsRotatedAtOnce) {
  const std::string path = Folder() + "/board.log";
  CHECK(EventLog(path).Write(std::string(390, 'x')));
  EventLog log(path, 300);
  CHECK(log.Write("fresh") && TextOf(path) == "fresh\n");
}

CASE(AFullDiskLosesLinesAndSaysSoLater) {
  const std::string path = Folder() + "/board.log";
  EventLog log(path, 100000);
  CHECK(log.Write("before"));
  signal(SIGXFSZ, SIG_IGN);
  rlimit full = {10, RLIM_INFINITY};  // room for "before\n" and half a line
  CHECK(setrlimit(RLIMIT_FSIZE, &full) == 0);
  for (int n = 0; n < 7; ++n) CHECK(!log.Write("lost for ever"));
  CHECK(log.lost() == 7 && TextOf(path) == "before\n");
  full.rlim_cur = RLIM_INFINITY;
  CHECK(setrlimit(RLIMIT_FSIZE, &full) == 0);
  CHECK(log.Write("after"));
  CHECK(TextOf(path) == "before\n(7 lines could not be written)\nafter\n");
}

CASE(AFolderThatIsNotThereIsNoTrouble) {
  EventLog log("/proc/none/board.log");
  CHECK(!log.Write("anything") && log.lost() == 1);
}

struct Lines : LineSink {
  void OnLine(uint64_t, const char* line) override { told.push_back(line); }
  std::vector<std::string> told;
};

CASE(AFlickeringSensorIsToldOnceASecond) {
  Lines lines;
  Journal journal(&lines);
  StatusReport status = StatusReport();
  status.asked = status.sounding = "onboard";
  status.scene_name = "one";
  status.version = "1";
  status.trouble = "";
  for (uint64_t ms = 0; ms < 60000; ms += 10) {
    status.sensor_flags[2] = ms % 40 == 0 ? kSensorLost : 0;
    status.underruns += 1;
    journal.Look(ms * 1000, status);
  }
  CHECK(lines.told.size() >= 60 && lines.told.size() <= 3 + 2 * 60);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
