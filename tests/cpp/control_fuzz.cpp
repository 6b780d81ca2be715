// Plays an instrument between fakes while packets come to it: `control_fuzz PACKETS`. The file
// holds each packet after its size in two bytes, the higher one first. Whatever they say, every
// sample that is heard is a number of sane size, and the instrument still obeys at the end. Meant
// to be built with sanitizers. Prints how many packets came, and how many errors it told.
#include "cases.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "fake_world.h"

using namespace lodestone;

namespace {

constexpr int kAtOnce = 40;  // packets before the next blocks are played

// By its bits: -ffast-math takes every float to be finite.
bool IsSane(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u && value <= 4.0f && value >= -4.0f;
}

void PlayOn(World* world, double seconds) {
  world->heard.clear();
  world->Play(seconds);
  for (float sample : world->heard) CHECK(IsSane(sample));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> all{std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>()};
  World world;
  for (int more = 0; more < 3; ++more)
    world.loader.makers.push_back([] { return SceneOf(new FakeVoice); });
  PlayOn(&world, 0.5);
  int packets = 0;
  for (size_t at = 0; at + 2 <= all.size();) {
    const size_t bytes =
        static_cast<size_t>(static_cast<uint8_t>(all[at])) << 8 | static_cast<uint8_t>(all[at + 1]);
    const char* begin = all.data() + at + 2;
    CHECK(at + 2 + bytes <= all.size());
    world.network.waiting.emplace_back(begin, begin + bytes);
    at += 2 + bytes;
    if (++packets % kAtOnce == 0) PlayOn(&world, 0.03);
  }
  PlayOn(&world, 20.0);  // whatever was asked for is over
  world.network.PostText("/mode", "onboard");
  world.network.PostInt("/mute", 0);
  world.network.PostInt("/scene", 0);
  PlayOn(&world, 2.0);
  CHECK(world.network.last_sounding == "onboard");
  std::printf("%d packets, %u errors told\n", packets, world.network.sent["/error"]);
  return 0;
}
