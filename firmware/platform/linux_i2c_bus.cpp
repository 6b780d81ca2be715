#include "firmware/platform/linux_i2c_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lodestone {

namespace {

// In units of 10 ms: the touch thread must not wait longer for a bus that hangs (two frames).
constexpr unsigned long kTimeout10Ms = 1;

int SystemOpen(const char* path) { return open(path, O_RDWR | O_CLOEXEC); }
int SystemIoctl(int file, unsigned long request, void* argument) {
  return ioctl(file, request, argument);
}
void SystemClose(int file) { close(file); }

I2cResult ResultOfErrno(int error) {
  switch (error) {
    case ENXIO:      // what the kernel's guide asks adapters to say for "no acknowledge"
    case EREMOTEIO:  // and what many say
      return I2cResult::kNak;
    case EAGAIN:  // arbitration lost: somebody else holds SDA low
    case EBUSY:
    case EIO: return I2cResult::kStuck;
    default: return I2cResult::kTimeout;
  }
}

}  // namespace

I2cSystem LinuxI2cSystem() { return {SystemOpen, SystemIoctl, SystemClose}; }

LinuxI2cBus::LinuxI2cBus(const char* path, const I2cSystem& system)
    : system_(system), trouble_("") {
  strncpy(path_, path, kMaxPath - 1);
  path_[kMaxPath - 1] = '\0';
}

LinuxI2cBus::~LinuxI2cBus() {
  if (file_ >= 0) system_.close(file_);
}

const char* LinuxI2cBus::Open() {
  const char* refused = TryOpen();
  trouble_.store(refused != nullptr ? refused : "", std::memory_order_relaxed);
  return refused;
}

const char* LinuxI2cBus::TryOpen() {
  if (file_ >= 0) return nullptr;
  file_ = system_.open(path_);
  if (file_ < 0) {
    if (errno == ENOENT)
      return "the I2C device does not exist: enable the bus, or correct its number";
    if (errno == EACCES)
      return "the I2C device is not permitted: run as root, or join the group i2c";
    return "the I2C device cannot be opened";
  }
  unsigned long functions = 0;
  if (system_.ioctl(file_, I2C_FUNCS, &functions) < 0 || (functions & I2C_FUNC_I2C) == 0) {
    system_.close(file_);
    file_ = -1;
    return "the device is no I2C adapter with combined transfers: name another";
  }
  system_.ioctl(file_, I2C_TIMEOUT, reinterpret_cast<void*>(kTimeout10Ms));
  system_.ioctl(file_, I2C_RETRIES, nullptr);
  return nullptr;
}

I2cResult LinuxI2cBus::Transfer(uint8_t address, const uint8_t* write, size_t write_bytes,
                                uint8_t* read, size_t read_bytes) {
  if (file_ < 0) return I2cResult::kStuck;
  i2c_msg messages[2];
  __u32 count = 0;
  if (write_bytes > 0 || read_bytes == 0) {
    // The kernel only reads what is written; its structure knows no const.
    messages[count++] = {address, 0, static_cast<__u16>(write_bytes), const_cast<__u8*>(write)};
  }
  if (read_bytes > 0) messages[count++] = {address, I2C_M_RD, static_cast<__u16>(read_bytes), read};
  i2c_rdwr_ioctl_data request = {messages, count};
  const int done = system_.ioctl(file_, I2C_RDWR, &request);
  if (done < 0) return ResultOfErrno(errno);
  return static_cast<__u32>(done) == count ? I2cResult::kOk : I2cResult::kTimeout;
}

bool LinuxI2cBus::Recover() {
  if (file_ >= 0) system_.close(file_);
  file_ = -1;
  return Open() == nullptr;
}

}  // namespace lodestone
