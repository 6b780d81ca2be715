#include "firmware/simulator/sim_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

namespace lodestone {
namespace {

enum Type : uint8_t {
  kTransfer = 1,
  kRecover = 2,
  kDatagramOut = 3,
  kDatagramIn = 4,
  kAudio = 5,
  kDigitalIn = 6,
  kDigitalOut = 7,
  kBye = 8,
};

constexpr size_t kRequestHead = 13, kAnswerHead = 9;
constexpr uint32_t kLongestPayload = 1u << 20;

void PutLittle(uint64_t value, size_t bytes, uint8_t* to) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t GetLittle32(const uint8_t* from) {
  return static_cast<uint32_t>(from[0]) | static_cast<uint32_t>(from[1]) << 8 |
         static_cast<uint32_t>(from[2]) << 16 | static_cast<uint32_t>(from[3]) << 24;
}

}  // namespace

SimLink::SimLink(Clock& clock) : clock_(clock), socket_(-1), unanswered_(0) {}

SimLink::~SimLink() { Close(); }

bool SimLink::Open(const std::string& path, std::string* error) {
  sockaddr_un to;
  memset(&to, 0, sizeof to);
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof to.sun_path) {
    *error = "wanted a socket path of at most 107 characters, got " + path;
    return false;
  }
  memcpy(to.sun_path, path.c_str(), path.size());
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ >= 0 && connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
    return true;
  *error = "wanted a simulated board at " + path + ", got: " + strerror(errno);
  Close();
  return false;
}

void SimLink::Close() {
  if (socket_ < 0) return;
  Answer answer;
  std::lock_guard<std::mutex> lock(mutex_);
  Ask(kBye, nullptr, 0, nullptr, 0, &answer);
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

I2cResult SimLink::Transfer(uint8_t address, const uint8_t* write, size_t write_bytes,
                            uint8_t* read, size_t read_bytes) {
  uint8_t head[3];
  head[0] = address;
  PutLittle(read_bytes, 2, head + 1);
  Answer answer = {};
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!Ask(kTransfer, head, sizeof head, write, write_bytes, &answer)) return I2cResult::kTimeout;
    if (answer.status == 0 && payload_.size() != read_bytes) return I2cResult::kTimeout;
    if (answer.status == 0) std::copy(payload_.begin(), payload_.end(), read);
  }
  clock_.SleepUntilUs(clock_.NowUs() + answer.duration_us);
  switch (answer.status) {
    case 0: return I2cResult::kOk;
    case 1: return I2cResult::kNak;
    case 3: return I2cResult::kStuck;
    default: return I2cResult::kTimeout;
  }
}

bool SimLink::Recover() {
  Answer answer = {};
  bool asked;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    asked = Ask(kRecover, nullptr, 0, nullptr, 0, &answer);
  }
  clock_.SleepUntilUs(clock_.NowUs() + answer.duration_us);
  return asked && answer.status == 0;
}

void SimLink::Send(const uint8_t* packet, size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (bytes > 0) Queue(kDatagramOut, nullptr, 0, packet, bytes);
}

size_t SimLink::Receive(uint8_t* packet, size_t capacity) {
  Answer answer;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!Ask(kDatagramIn, nullptr, 0, nullptr, 0, &answer) || payload_.size() > capacity) return 0;
  std::copy(payload_.begin(), payload_.end(), packet);
  return payload_.size();
}

// The simulated host hears everything that is sent: there is nobody to add.
void SimLink::AnswerTo(uint16_t) {}

bool SimLink::ExchangeAudio(const float* out, size_t out_samples, float* in, size_t in_samples) {
  Answer answer;
  std::lock_guard<std::mutex> lock(mutex_);
  if (in_samples == 0) {  // no answer is waited for
    Queue(kAudio, nullptr, 0, out, out_samples * sizeof(float));
    return socket_ >= 0;
  }
  if (!Ask(kAudio, nullptr, 0, out, out_samples * sizeof(float), &answer)) return false;
  std::fill(in, in + in_samples, 0.0f);
  memcpy(in, payload_.data(), std::min(payload_.size(), in_samples * sizeof(float)));
  return true;
}

uint8_t SimLink::DigitalIn() {
  Answer answer;
  std::lock_guard<std::mutex> lock(mutex_);
  return Ask(kDigitalIn, nullptr, 0, nullptr, 0, &answer) && !payload_.empty() ? payload_[0] : 0;
}

void SimLink::DigitalOut(uint8_t levels) {
  std::lock_guard<std::mutex> lock(mutex_);
  Queue(kDigitalOut, nullptr, 0, &levels, 1);
}

// Requests whose answers say nothing wait for the next one: thousands of packets a second cost no
// turn of their own.
void SimLink::Queue(uint8_t type, const void* head, size_t head_bytes, const void* body,
                    size_t body_bytes) {
  if (socket_ < 0) return;
  const size_t at = queue_.size();
  queue_.resize(at + kRequestHead + head_bytes + body_bytes);
  uint8_t* to = &queue_[at];
  to[0] = type;
  PutLittle(clock_.NowUs(), 8, to + 1);
  PutLittle(head_bytes + body_bytes, 4, to + 9);
  if (head_bytes > 0) memcpy(to + kRequestHead, head, head_bytes);
  if (body_bytes > 0) memcpy(to + kRequestHead + head_bytes, body, body_bytes);
  ++unanswered_;
}

bool SimLink::Flush(Answer* answer) {
  bool good = socket_ >= 0 && WriteOut();
  for (; good && unanswered_ > 0; --unanswered_) good = TakeAnswer(answer);
  if (good) return true;
  if (socket_ >= 0) close(socket_);  // the other side has gone, or speaks something else
  socket_ = -1;
  queue_.clear();
  unanswered_ = 0;
  return false;
}

bool SimLink::TakeAnswer(Answer* answer) {
  uint8_t reply[kAnswerHead];
  if (!ReceiveAll(reply, sizeof reply)) return false;
  const uint32_t bytes = GetLittle32(reply + 5);
  if (bytes > kLongestPayload) return false;
  payload_.resize(bytes);
  answer->status = reply[0];
  answer->duration_us = GetLittle32(reply + 1);
  return bytes == 0 || ReceiveAll(payload_.data(), bytes);
}

bool SimLink::WriteOut() {
  for (size_t done = 0; done < queue_.size();) {
    const ssize_t sent = send(socket_, queue_.data() + done, queue_.size() - done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    done += static_cast<size_t>(sent);
  }
  queue_.clear();
  return true;
}

bool SimLink::ReceiveAll(void* to, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = recv(socket_, static_cast<uint8_t*>(to) + done, bytes - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace lodestone
