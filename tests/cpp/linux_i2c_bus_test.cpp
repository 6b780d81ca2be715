// The messages that LinuxI2cBus gives to the kernel, and what it makes of the kernel's answers.
#include <cerrno>
#include <cstring>

#include <linux/i2c-dev.h>
#include <linux/i2c.h>

#include "check.h"
#include "firmware/platform/linux_i2c_bus.h"

using namespace lodestone;

namespace {

// A kernel of one adapter, in a few variables.
int open_error = 0;
int transfer_error = 0;
unsigned long functions = I2C_FUNC_I2C;
int opened = 0;
int closed = 0;
unsigned long timeout = 0;
struct {
  __u32 count;
  i2c_msg message[2];
  __u8 written[8];
} seen;

int FakeOpen(const char* path) {
  CHECK(std::strcmp(path, "/dev/i2c-1") == 0);
  errno = open_error;
  if (open_error != 0) return -1;
  ++opened;
  return 7;
}

int FakeIoctl(int file, unsigned long request, void* argument) {
  CHECK(file == 7);
  if (request == I2C_FUNCS) *static_cast<unsigned long*>(argument) = functions;
  if (request == I2C_TIMEOUT) timeout = reinterpret_cast<unsigned long>(argument);
  if (request != I2C_RDWR) return 0;
  errno = transfer_error;
  if (transfer_error != 0) return -1;
  const i2c_rdwr_ioctl_data& data = *static_cast<i2c_rdwr_ioctl_data*>(argument);
  seen.count = data.nmsgs;
  for (__u32 i = 0; i < data.nmsgs; ++i) {
    seen.message[i] = data.msgs[i];
    if ((data.msgs[i].flags & I2C_M_RD) == 0) {
      if (data.msgs[i].len > 0) std::memcpy(seen.written, data.msgs[i].buf, data.msgs[i].len);
    } else {
      for (int k = 0; k < data.msgs[i].len; ++k) data.msgs[i].buf[k] = static_cast<__u8>(0xA0 + k);
    }
  }
  return static_cast<int>(data.nmsgs);
}

void FakeClose(int file) {
  CHECK(file == 7);
  ++closed;
}

constexpr I2cSystem kFake = {FakeOpen, FakeIoctl, FakeClose};

void WritesThenReadsInOneRequest() {
  LinuxI2cBus bus("/dev/i2c-1", kFake);
  CHECK(bus.Open() == nullptr);
  CHECK(timeout == 1);
  const uint8_t write[2] = {0x50, 0x90};
  uint8_t read[3] = {0, 0, 0};
  CHECK(bus.Transfer(0x0C, write, 2, read, 3) == I2cResult::kOk);
  CHECK(seen.count == 2);
  CHECK(seen.message[0].addr == 0x0C && seen.message[0].flags == 0 && seen.message[0].len == 2);
  CHECK(seen.written[0] == 0x50 && seen.written[1] == 0x90);
  CHECK(seen.message[1].addr == 0x0C && seen.message[1].flags == I2C_M_RD &&
        seen.message[1].len == 3);
  CHECK(read[0] == 0xA0 && read[2] == 0xA2);
  CHECK(bus.Transfer(0x0D, nullptr, 0, read, 1) == I2cResult::kOk);
  CHECK(seen.count == 1 && seen.message[0].flags == I2C_M_RD);
  CHECK(bus.Transfer(0x0D, nullptr, 0, nullptr, 0) == I2cResult::kOk);
  CHECK(seen.count == 1 && seen.message[0].flags == 0 && seen.message[0].len == 0);
}

void UnderstandsTheKernel() {
  LinuxI2cBus bus("/dev/i2c-1", kFake);
  CHECK(bus.Transfer(0x0C, nullptr, 0, nullptr, 0) == I2cResult::kStuck);  // not open
  CHECK(bus.Open() == nullptr);
  const struct {
    int error;
    I2cResult result;
  } table[] = {{ENXIO, I2cResult::kNak},         {EREMOTEIO, I2cResult::kNak},
               {ETIMEDOUT, I2cResult::kTimeout}, {EAGAIN, I2cResult::kStuck},
               {EBUSY, I2cResult::kStuck},       {EIO, I2cResult::kStuck},
               {EINVAL, I2cResult::kTimeout},    {0, I2cResult::kOk}};
  for (const auto& row : table) {
    transfer_error = row.error;
    uint8_t read[1];
    CHECK(bus.Transfer(0x0C, nullptr, 0, read, 1) == row.result);
  }
}

void OpensAgainAndSaysWhatIsWrong() {
  opened = closed = 0;
  {
    LinuxI2cBus bus("/dev/i2c-1", kFake);
    CHECK(bus.Open() == nullptr && bus.Open() == nullptr && opened == 1);
    CHECK(bus.Recover() && opened == 2 && closed == 1);
    open_error = ENOENT;
    CHECK(!bus.Recover());
    CHECK(std::strstr(bus.Open(), "does not exist") != nullptr);
    open_error = EACCES;
    CHECK(std::strstr(bus.Open(), "group i2c") != nullptr);
    open_error = 0;
    functions = I2C_FUNC_SMBUS_BYTE;
    CHECK(std::strstr(bus.Open(), "no I2C adapter") != nullptr);
    functions = I2C_FUNC_I2C;
    CHECK(bus.Recover());
  }
  CHECK(opened == closed);
}

}  // namespace

int main() {
  WritesThenReadsInOneRequest();
  UnderstandsTheKernel();
  OpensAgainAndSaysWhatIsWrong();
  return lodestone_test::Result();
}
