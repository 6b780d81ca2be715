#include "firmware/platform/udp_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lodestone {
namespace {

// Strangers' packets looked at in one Receive: a flood costs bounded time and starves nobody for
// long.
constexpr int kMostRefusals = 64;

sockaddr_in AddressOf(uint32_t address, uint16_t port) {
  sockaddr_in to;
  memset(&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(address);
  to.sin_port = htons(port);
  return to;
}

}  // namespace

UdpLink::UdpLink(const BoardConf& conf)
    : peers_(conf), socket_(-1), listens_(false), last_sender_(0), refused_(0) {}

UdpLink::~UdpLink() {
  if (socket_ >= 0) close(socket_);
}

bool UdpLink::Open(uint16_t port, std::string* error) {
  if (socket_ < 0) socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in own = AddressOf(INADDR_ANY, port);
  if (socket_ >= 0 && bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0) {
    listens_ = true;
    return true;
  }
  *error = "wanted UDP port " + std::to_string(port) + ", got: " + strerror(errno) +
           "; the board cannot be told anything";
  return false;
}

void UdpLink::Send(const uint8_t* packet, size_t bytes) {
  if (socket_ < 0 || bytes == 0) return;
  peers_.ForEach([&](uint32_t address, uint16_t port) {
    const sockaddr_in to = AddressOf(address, port);
    // An absent host is no trouble of ours: the next packet may find it.
    (void)!sendto(socket_, packet, bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&to), sizeof to);
  });
}

size_t UdpLink::Receive(uint8_t* packet, size_t capacity) {
  for (int tries = 0; listens_ && tries < kMostRefusals; ++tries) {
    sockaddr_in from;
    socklen_t from_bytes = sizeof from;
    const ssize_t got = recvfrom(socket_, packet, capacity, MSG_DONTWAIT | MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&from), &from_bytes);
    if (got < 0 && errno == ECONNREFUSED) continue;  // an earlier packet found nobody
    if (got < 0) return 0;
    const uint32_t sender = ntohl(from.sin_addr.s_addr);
    if (got == 0 || static_cast<size_t>(got) > capacity || !peers_.Allows(sender)) {
      ++refused_;
      continue;
    }
    last_sender_ = sender;
    return static_cast<size_t>(got);
  }
  return 0;
}

}  // namespace lodestone
