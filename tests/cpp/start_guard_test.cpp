// A program that crashes at its start twice in a row leaves its memory aside, four times its first
// scene; one that lasts neither.
#include "cases.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "firmware/platform/start_guard.h"

using namespace lodestone;

namespace {

std::string Folder() {
  char name[] = "/tmp/start-guard-XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  return name;
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// A start that is not followed by StartSucceeded().
StartGuard Crashes(const std::string& folder) {
  StartGuard guard(folder);
  guard.Begin();
  return guard;
}

CASE(TwoCrashesSetTheMemoryAsideOnceAndFourTheScene) {
  const std::string folder = Folder();
  std::ofstream(folder + "/state.1") << "memory";
  CHECK(!Crashes(folder).memory_aside());
  CHECK(!Crashes(folder).memory_aside() && Exists(folder + "/state.1"));
  const StartGuard third = Crashes(folder);
  CHECK(third.memory_aside() && !third.scene_aside() && third.failed() == 2);
  CHECK(!Exists(folder + "/state.1") && Exists(folder + "/state.1.aside"));
  std::ofstream(folder + "/state.0") << "a new one";
  CHECK(!Crashes(folder).memory_aside() && Exists(folder + "/state.0"));
  CHECK(Crashes(folder).scene_aside());
}

CASE(AStartThatLastsIsForgotten) {
  const std::string folder = Folder();
  for (int start = 0; start < 5; ++start) {
    StartGuard guard(folder);
    CHECK(guard.Begin() == 0);
    guard.StartSucceeded();
  }
  CHECK(!Exists(folder + "/starts"));
}

CASE(WithoutAFolderOrWithADamagedFileItStarts) {
  StartGuard nowhere("");
  CHECK(nowhere.Begin() == 0);
  nowhere.StartSucceeded();
  const std::string folder = Folder();
  std::ofstream(folder + "/starts") << "nonsense";
  CHECK(StartGuard(folder).Begin() == 0);
  CHECK(StartGuard("/proc/nowhere").Begin() == 0);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
