// The load of a thread is what Linux and a real-time kernel count of it, together; neither's files
// need be there.
#include "cases.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "firmware/platform/thread_load.h"

using namespace lodestone;

namespace {

std::string Folder() {
  char made[] = "/tmp/thread-load-XXXXXX";
  CHECK(mkdtemp(made) != nullptr);
  return made;
}

void Write(const std::string& root, const std::string& path, const std::string& text) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    mkdir((root + path.substr(0, at)).c_str(), 0755);
  }
  std::ofstream(root + path) << text;
}

std::string Self() { return std::to_string(syscall(SYS_gettid)); }

std::string XenomaiLine(const std::string& thread, uint64_t switches, uint64_t ran_ns,
                        const char* name) {
  return "0 " + thread + " " + std::to_string(switches) + " 812 33 0 00048042 1000000 500 " +
         std::to_string(ran_ns) + " " + name + " rt 80 0\n";
}

void UseCore(uint64_t us) {
  const uint64_t until_us = ThreadCpuUs() + us;
  while (ThreadCpuUs() < until_us) {}
}

CASE(XenomaisLinesAreUnderstoodAndOthersLeftOut) {
  const std::vector<RealTimeThread> found = ParseXenomai(
      "0 0 0 90211 0 0 00018000 1000 900 77000000000 ROOT idle -1 0\n"
      "0 1203 1 5512 18 0 00048042 1000 100 987654321 bela-audio rt 95 0\n"
      "0 1204 7 5512 18 0 0004804a 1000 100 42 my own task rt 80 250000\n"
      "0 0 0 11 0 0 00000000 1000 1 500 IRQ16: [timer] idle 0 0\n"
      "nonsense\n0 1 2 3\n\n");
  CHECK(found.size() == 4);
  CHECK(found[1].thread == 1203 && found[1].mode_switches == 1 && found[1].ran_ns == 987654321 &&
        found[1].name == "bela-audio");
  CHECK(found[2].thread == 1204 && found[2].mode_switches == 7 && found[2].ran_ns == 42 &&
        found[2].name == "my own task");
  CHECK(found[3].name == "IRQ16: [timer]");
}

// Half a second of a window of one, under the kernel that Linux does not see, and a tenth that it
// does.
void CheckShare(const std::string& root, const std::string& before_path, const std::string& before,
                const std::string& after) {
  ThreadLoads loads((RealTimeStats(root)));
  loads.Enter(kVoiceWorker);
  Write(root, before_path, before);
  CHECK(loads.Share(kVoiceWorker, 1000000) == 0.0f);  // nothing to compare with yet
  Write(root, before_path, after);
  UseCore(100000);
  CHECK(loads.Share(kVoiceWorker, 1900000) == 0.0f);  // not a second yet
  CHECK_NEAR(loads.Share(kVoiceWorker, 2000000), 0.6f, 0.05f);
  CHECK(loads.ModeSwitches(kVoiceWorker) == 5 && loads.ModeSwitches(kTouchWorker) == -1);
  CHECK(loads.Share(kTouchWorker, 2000000) == 0.0f);
}

CASE(UnderXenomaiTheTimeThatLinuxMissesIsCounted) {
  const std::string other = XenomaiLine("1", 2, 900000000, "somebody else");
  CheckShare(Folder(), "/proc/xenomai/sched/acct",
             other + XenomaiLine(Self(), 4, 7000000, "lodestone-voice"),
             other + XenomaiLine(Self(), 5, 507000000, "lodestone-voice"));
}

CASE(UnderEvlLikewise) {
  const std::string root = Folder(), thread = "/sys/devices/virtual/thread/lodestone-voice";
  Write(root, thread + "/pid", Self() + "\n");
  Write(root, "/sys/devices/virtual/thread/other/pid", "1\n");
  Write(root, "/sys/devices/virtual/thread/other/stats", "9 9 9 9 999999999 99\n");
  CheckShare(root, thread + "/stats", "4 812 33 0 7000000 12\n", "5 812 33 0 507000000 500\n");
}

CASE(WithoutAnyLinuxCountsAlone) {
  ThreadLoads loads((RealTimeStats(Folder())));
  loads.Enter(kTouchWorker);
  CHECK(loads.Share(kTouchWorker, 1000000) == 0.0f);
  UseCore(200000);
  CHECK_NEAR(loads.Share(kTouchWorker, 2000000), 0.2f, 0.05f);
  CHECK(loads.ModeSwitches(kTouchWorker) == -1);
}

CASE(ACountThatRunsBackwardsIsNoLoad) {
  const std::string root = Folder();
  Write(root, "/proc/xenomai/sched/acct", XenomaiLine(Self(), 4, 9000000000, "lodestone-voice"));
  ThreadLoads loads((RealTimeStats(root)));
  loads.Enter(kVoiceWorker);
  loads.Share(kVoiceWorker, 1000000);
  Write(root, "/proc/xenomai/sched/acct", "");
  CHECK(loads.Share(kVoiceWorker, 2000000) == 0.0f);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
