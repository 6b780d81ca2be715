// lodestone-sim: the board's program on this machine, against a simulated board, in simulated time.
#include <cstdio>
#include <cstring>

#include "firmware/simulator/play.h"

int main(int argc, char** argv) {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::fputs(lodestone::kSimUsage, stdout);
    return 0;
  }
  lodestone::SimOptions options;
  std::string error;
  if (!lodestone::ParseSimOptions(argc, argv, &options, &error)) {
    std::fprintf(stderr, "lodestone-sim: %s\n", error.c_str());
    return 1;
  }
  return lodestone::PlayImage(
      options, [](void (*render_once)(void*), void* context) { render_once(context); });
}
