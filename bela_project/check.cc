// lodestone-check: proves an image on the board, beside the version that plays there, and never
// begins Bela's audio.
//
// Bela's make takes every .cpp below a project, and a main among them instead of its own: this one
// must not be found there. on_board/build.sh builds it as a project of its own, of the same
// objects.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "firmware/platform/self_test.h"

// Some of Bela's cores name these three of any program; none of them is ever called here.
extern "C" {
bool setup(void*, void*);
void render(void*, void*);
void cleanup(void*, void*);
bool setup(void*, void*) { return false; }
void render(void*, void*) {}
void cleanup(void*, void*) {}
}

namespace {

// Behind the other programs of the board; those that play are before all of them anyway.
void StepBack() { setpriority(PRIO_PROCESS, 0, 5); }

}  // namespace

// The options are those that the program will be started with: period and rate count.
int main(int argc, char** argv) {
  StepBack();
  lodestone::SelfTestSettings settings;
  for (int i = 1; i < argc; ++i)
    settings.layers = settings.layers || std::strcmp(argv[i], "--layers") == 0;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "-p") == 0)
      settings.block_frames = static_cast<uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    if (std::strcmp(argv[i], "-r") == 0)
      settings.sample_rate_hz = static_cast<uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
  }
  return lodestone::SelfTest(settings, stdout) ? 0 : 1;
}
