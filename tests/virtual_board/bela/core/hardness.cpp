#include "hardness.h"

#include <cstdio>
#include <cstring>

#include "places.h"

namespace {

constexpr char kKindness[] = ON_BOARD("/root/Bela/kindness");
const char* const kNames[] = {"one-program", "lost-wake-ups", "busy",       "names",
                              "priorities",  "secondary",     "batch-rate", "bus-timeout",
                              "bus-speed",   "thread-clock"};
static_assert(sizeof kNames / sizeof kNames[0] == static_cast<int>(Hard::kCount),
              "a name for each");

struct Switches {
  bool hard[static_cast<int>(Hard::kCount)];

  Switches() {
    for (bool& one : hard) one = true;
    std::FILE* file = std::fopen(kKindness, "r");
    if (file == nullptr) return;
    char name[64];
    while (std::fscanf(file, "%63s", name) == 1) {
      for (int i = 0; i < static_cast<int>(Hard::kCount); ++i)
        hard[i] = hard[i] && std::strcmp(name, kNames[i]) != 0;
    }
    std::fclose(file);
  }
};

}  // namespace

bool IsHard(Hard what) {
  static const Switches switches;
  return switches.hard[static_cast<int>(what)];
}
