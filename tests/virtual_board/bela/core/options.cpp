#include "options.h"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum { kBoard = 1000, kCodecMode };

const option kLong[] = {{"period", required_argument, nullptr, 'p'},
                        {"board", required_argument, nullptr, kBoard},
                        {"codec-mode", required_argument, nullptr, kCodecMode},
                        {"high-performance-mode", no_argument, nullptr, 'h'},
                        {nullptr, 0, nullptr, 0}};

// "i=700,s=1": of Batch, i is the number of blocks.
long IterationsOf(const char* mode) {
  const char* at = std::strstr(mode, "i=");
  return at != nullptr ? std::strtol(at + 2, nullptr, 10) : 1000;
}

}  // namespace

bool ParseOptions(int argc, char** argv, Options* options) {
#ifdef IS_AM62
  const char kShort[] = "p:r:N:G:M:C:B:D:H:v";
#else
  const char kShort[] = "p:N:G:M:C:B:D:H:v";
#endif
  for (int c; (c = getopt_long(argc, argv, kShort, kLong, nullptr)) != -1;) {
    if (c == '?') {
      std::fprintf(stderr, "usage: %s [--period | -p frames] [--board name] [--codec-mode text]\n",
                   argv[0]);
      return false;
    }
    if (c == 'p') options->period = static_cast<unsigned>(std::strtoul(optarg, nullptr, 10));
    if (c == 'r') options->rate_hz = std::strtof(optarg, nullptr);
    if (c == kBoard) options->batch = std::strcmp(optarg, "Batch") == 0;
    if (c == kCodecMode) options->iterations = IterationsOf(optarg);
  }
  return options->period > 0;
}
