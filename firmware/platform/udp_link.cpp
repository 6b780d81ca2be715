#include "firmware/platform/udp_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
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

constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

}  // namespace

UdpSystem LinuxUdpSystem() { return {sendto, sendmmsg}; }

UdpLink::UdpLink(const BoardConf& conf, const UdpSystem& system)
    : peers_(conf),
      system_(system),
      one_by_one_(false),
      socket_(-1),
      listens_(false),
      last_sender_(0),
      last_port_(0),
      refused_(0) {}

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
    (void)!system_.send_to(socket_, packet, bytes, kSendFlags,
                           reinterpret_cast<const sockaddr*>(&to), sizeof to);
  });
}

void UdpLink::SendAll(const Packet* packets, size_t count) {
  if (socket_ < 0) return;
  if (count > kMostPackets || one_by_one_.load(std::memory_order_relaxed))
    return Network::SendAll(packets, count);
  iovec parts[kMostPackets];
  sockaddr_in targets[kMostTargets];
  mmsghdr messages[kMostPackets * kMostTargets];
  for (size_t p = 0; p < count; ++p)
    parts[p] = {const_cast<uint8_t*>(packets[p].data), packets[p].bytes};
  size_t target = 0;
  unsigned most = 0, done = 0;
  peers_.ForEach([&](uint32_t address, uint16_t port) {
    if (target == kMostTargets) return;
    targets[target] = AddressOf(address, port);
    for (size_t p = 0; p < count; ++p, ++most) {
      memset(&messages[most], 0, sizeof messages[most]);
      messages[most].msg_hdr.msg_name = &targets[target];
      messages[most].msg_hdr.msg_namelen = sizeof targets[target];
      messages[most].msg_hdr.msg_iov = &parts[p];
      messages[most].msg_hdr.msg_iovlen = 1;
    }
    ++target;
  });
  while (done < most) {
    const int sent = system_.send_many(socket_, messages + done, most - done, kSendFlags);
    if (sent < 0 && errno == ENOSYS) {
      one_by_one_.store(true, std::memory_order_relaxed);
      return Network::SendAll(packets, count);
    }
    done += sent > 0 ? static_cast<unsigned>(sent)
                     : 1u;  // the one that nobody takes is skipped, as by Send
  }
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
    last_port_ = ntohs(from.sin_port);
    return static_cast<size_t>(got);
  }
  return 0;
}

}  // namespace lodestone
