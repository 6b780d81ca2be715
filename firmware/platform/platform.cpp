#include "firmware/platform/platform.h"

#include "firmware/platform/linux_i2c_bus.h"
#include "firmware/platform/monotonic_clock.h"
#include "firmware/platform/sim_link.h"
#include "firmware/platform/udp_link.h"

namespace lodestone {
namespace {

class BoardPlatform : public Platform {
 public:
  BoardPlatform(const BoardConf& conf, const std::string& path)
      : clock_(Hooks().clock), bus_(path.c_str()), udp_(conf) {
    if (clock_ == nullptr) clock_ = &monotonic_;
  }
  Clock& clock() override { return *clock_; }
  I2cBus& bus() override { return bus_; }
  Network& network() override { return udp_; }

  // A bus that does not open now may do so later: the sensors are lost meanwhile, and everything else goes on.
  void Open(uint16_t port, std::string* trouble) {
    udp_.Open(port, trouble);
    const char* refused = bus_.Open();
    if (refused != nullptr) *trouble = refused;
  }

 private:
  MonotonicClock monotonic_;
  Clock* clock_;
  LinuxI2cBus bus_;
  UdpLink udp_;
};

// Nobody to disturb and nobody to hear.
class LonePlatform : public Platform, private I2cBus, private Network {
 public:
  Clock& clock() override { return Hooks().clock != nullptr ? *Hooks().clock : monotonic_; }
  I2cBus& bus() override { return *this; }
  Network& network() override { return *this; }

 private:
  I2cResult Transfer(uint8_t, const uint8_t*, size_t, uint8_t*, size_t) override { return I2cResult::kNak; }
  bool Recover() override { return false; }
  void Send(const uint8_t*, size_t) override {}
  size_t Receive(uint8_t*, size_t) override { return 0; }
  void AnswerTo(uint16_t) override {}

  MonotonicClock monotonic_;
};

class SimPlatform : public Platform {
 public:
  SimPlatform() : clock_(Hooks().clock != nullptr ? *Hooks().clock : monotonic_), link_(clock_) {}
  Clock& clock() override { return clock_; }
  I2cBus& bus() override { return link_; }
  Network& network() override { return link_; }

  void Open(const std::string& path, std::string* trouble) {
    if (link_.Open(path, trouble)) Hooks().link = &link_;
  }

 private:
  MonotonicClock monotonic_;
  Clock& clock_;
  SimLink link_;
};

}  // namespace

PlatformHooks& Hooks() {
  static PlatformHooks hooks;
  return hooks;
}

std::unique_ptr<Platform> MakePlatform(const BoardConf& conf, std::string* trouble) {
  if (Hooks().alone) return std::unique_ptr<Platform>(new LonePlatform);
  const std::string& bus = Hooks().bus.empty() ? conf.bus : Hooks().bus;
  const std::string path = bus.substr(bus.find(':') + 1);
  if (bus.compare(0, 4, "sim:") == 0) {
    std::unique_ptr<SimPlatform> platform(new SimPlatform);
    platform->Open(path, trouble);
    return platform;
  }
  std::unique_ptr<BoardPlatform> platform(new BoardPlatform(conf, path));
  platform->Open(conf.osc_port, trouble);
  return platform;
}

}  // namespace lodestone
