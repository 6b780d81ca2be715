// A frame's packets leave by one call of the system; where the kernel has no such call, one by one;
// whoever is not there is skipped.
#include "cases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include <vector>

#include "firmware/platform/udp_link.h"

using namespace lodestone;

namespace {

int singles = 0, batches = 0;
long refuses_at = -1;  // the message of a frame that is refused
const mmsghdr* first = nullptr;
std::vector<uint16_t> ports;  // that each message went to
bool knows_batches = true;

uint16_t PortOf(const void* address) {
  return ntohs(static_cast<const sockaddr_in*>(address)->sin_port);
}

ssize_t SendTo(int, const void*, size_t bytes, int, const sockaddr* to, socklen_t) {
  ++singles;
  ports.push_back(PortOf(to));
  return static_cast<ssize_t>(bytes);
}

int SendMany(int, mmsghdr* messages, unsigned count, int) {
  ++batches;
  if (!knows_batches) {
    errno = ENOSYS;
    return -1;
  }
  if (first == nullptr) first = messages;
  for (unsigned m = 0; m < count; ++m) {
    if (&messages[m] - first == refuses_at) {
      errno = ENETUNREACH;
      return m > 0 ? static_cast<int>(m) : -1;
    }
    ports.push_back(PortOf(messages[m].msg_hdr.msg_name));
  }
  return static_cast<int>(count);
}

constexpr int kFrame = 10;  // packets: four of /mag, four of /field, /touch, /latent
const uint8_t kBytes[4] = {'/', 'x', 0, 0};

struct Sent {
  Sent(size_t targets, int frames) : link(Conf(targets), {SendTo, SendMany}) {
    singles = batches = 0;
    ports.clear();
    std::string error;
    link.Open(0, &error);
    Packet packets[kFrame];
    for (Packet& packet : packets) packet = {kBytes, sizeof kBytes};
    for (int frame = 0; frame < frames; ++frame) link.SendAll(packets, kFrame);
  }
  static BoardConf Conf(size_t targets) {
    BoardConf conf;
    conf.osc_targets.clear();
    for (size_t t = 0; t < targets; ++t)
      conf.osc_targets.push_back({0x7F000001u, static_cast<uint16_t>(9000 + t)});
    return conf;
  }
  UdpLink link;
};

CASE(AFrameIsOneCallInsteadOfTen) {
  knows_batches = true;
  const Sent sent(2, 3);
  std::printf("system calls for 3 frames to 2 targets: %d, one by one %d\n", batches + singles,
              3 * 2 * kFrame);
  CHECK(batches == 3 && singles == 0);
  CHECK(ports.size() == 3 * 2 * kFrame);
  for (size_t m = 0; m < ports.size(); ++m) CHECK(ports[m] == 9000 + m / kFrame % 2);
}

CASE(AKernelWithoutThatCallIsAskedOnce) {
  knows_batches = false;
  const Sent sent(1, 3);
  knows_batches = true;
  CHECK(batches == 1 && singles == 3 * kFrame);
  CHECK(ports.size() == 3 * kFrame);
}

CASE(WhatNobodyTakesIsSkipped) {
  for (long at : {0l, 7l, 19l}) {
    refuses_at = at;
    first = nullptr;
    const Sent sent(2, 1);
    refuses_at = -1;
    CHECK(batches <= 3 && singles == 0);
    CHECK(ports.size() == 2 * kFrame - 1);
  }
}

CASE(NobodyToSendToIsNoCall) {
  const Sent sent(0, 1);
  CHECK(batches == 0 && singles == 0);
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
