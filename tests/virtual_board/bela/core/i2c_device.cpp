// /dev/i2c-1 of the virtual board: the calls by which a program speaks to an I2C adapter go to the
// simulated sensors behind a Unix socket (docs/simulator-protocol.md), everything else to the
// system. The names are the C library's, so that the program on the board is the very one that
// would open a real bus. A transfer takes as long as its bits do, and one that hangs the second
// that i2c-omap waits by itself, whatever I2C_TIMEOUT was told.
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "hardness.h"
#include "places.h"
#include "statistics.h"
#include "tasks.h"

namespace {

constexpr char kDevice[] = "/dev/i2c-1";
constexpr char kSocket[] = ON_BOARD("/run/sensor-bus");
constexpr uint8_t kTransfer = 1;
constexpr size_t kAnswerHead = 9;
constexpr uint64_t kOmapTimeoutUs = 1000000;
constexpr uint32_t kAskedTimeoutUs = 10000;

std::atomic<int> bus(-1);

int Connect() {
  sockaddr_un to;
  memset(&to, 0, sizeof to);
  to.sun_family = AF_UNIX;
  memcpy(to.sun_path, kSocket, sizeof kSocket);
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made >= 0 && connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
    return made;
  if (made >= 0) close(made);
  errno = ENOENT;
  return -1;
}

void Put(uint64_t value, int bytes, std::vector<uint8_t>* to) {
  for (int i = 0; i < bytes; ++i) to->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

bool Receive(int file, uint8_t* to, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    const ssize_t got = recv(file, to + done, bytes - done, 0);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

uint64_t NowUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000u + static_cast<uint64_t>(now.tv_nsec) / 1000u;
}

void SleepUntil(uint64_t time_us) {
  const timespec until = {static_cast<time_t>(time_us / 1000000),
                          static_cast<long>(time_us % 1000000 * 1000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {}
}

// As i2c-omap reports them: no acknowledge, or a time-out for all the rest.
int FaultOf(uint8_t status) { return status == 1 ? EREMOTEIO : ETIMEDOUT; }

int Refuse(int fault) {
  errno = fault;
  return -1;
}

// A connection of its own for each transfer: programs share the bus, and the simulated board serves
// one after another.
class Call {
 public:
  Call() : file(Connect()) {}
  ~Call() {
    if (file >= 0) close(file);
  }
  const int file;
};

// One combined transfer: at most one message to write, then at most one to read.
int Transfer(const i2c_rdwr_ioctl_data& wanted) {
  const i2c_msg* write = nullptr;
  i2c_msg* read = nullptr;
  BecomeSecondary();
  const uint64_t began_us = NowUs();
  for (uint32_t m = 0; m < wanted.nmsgs; ++m) {
    if (wanted.msgs[m].len == 0) return Refuse(EINVAL);
    if ((wanted.msgs[m].flags & I2C_M_RD) != 0)
      read = &wanted.msgs[m];
    else
      write = &wanted.msgs[m];
  }
  std::vector<uint8_t> request(1, kTransfer);
  const size_t read_bytes = read != nullptr ? read->len : 0,
               write_bytes = write != nullptr ? write->len : 0;
  Put(began_us, 8, &request);
  Put(3 + write_bytes, 4, &request);
  Put(wanted.msgs[0].addr, 1, &request);
  Put(read_bytes, 2, &request);
  if (write != nullptr) request.insert(request.end(), write->buf, write->buf + write_bytes);
  const Call call;
  if (call.file < 0) return Refuse(EIO);
  if (send(call.file, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return Refuse(EIO);
  uint8_t head[kAnswerHead];
  if (!Receive(call.file, head, sizeof head)) return Refuse(EIO);
  std::vector<uint8_t> answer(head[5] | static_cast<size_t>(head[6]) << 8);
  if (!answer.empty() && !Receive(call.file, answer.data(), answer.size())) return Refuse(EIO);
  uint32_t wires_us = 0;
  for (int byte = 0; byte < 4; ++byte)
    wires_us |= static_cast<uint32_t>(head[1 + byte]) << (8 * byte);
  // A kind adapter keeps to I2C_TIMEOUT.
  if (head[0] > 1 && !IsHard(Hard::kBusTimeout)) wires_us = std::min(wires_us, kAskedTimeoutUs);
  if (IsHard(Hard::kBusSpeed)) SleepUntil(began_us + wires_us);
  if (head[0] > 1 && IsHard(Hard::kBusTimeout)) SleepUntil(began_us + kOmapTimeoutUs);
  if (head[0] != 0) return Refuse(FaultOf(head[0]));
  if (read != nullptr && answer.size() == read_bytes) memcpy(read->buf, answer.data(), read_bytes);
  return static_cast<int>(wanted.nmsgs);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  if (strcmp(path, kDevice) == 0) {
    const Call call;
    if (call.file < 0) return -1;
    return bus =
               static_cast<int>(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0));
  }
  const int statistics = OpenStatistics(path);
  if (statistics >= 0) return statistics;
  va_list more;
  va_start(more, flags);
  const unsigned mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
  va_end(more);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode));
}

int ioctl(int file, unsigned long request, ...) {
  va_list more;
  va_start(more, request);
  void* argument = va_arg(more, void*);
  va_end(more);
  if (file < 0 || file != bus) return static_cast<int>(syscall(SYS_ioctl, file, request, argument));
  switch (request) {
    case I2C_FUNCS: *static_cast<unsigned long*>(argument) = I2C_FUNC_I2C; return 0;
    case I2C_TIMEOUT:
    case I2C_RETRIES: return 0;
    case I2C_RDWR: return Transfer(*static_cast<const i2c_rdwr_ioctl_data*>(argument));
    default: return Refuse(ENOTTY);
  }
}

}  // extern "C"
