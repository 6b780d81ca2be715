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
      : clock_(Hooks().clock), bus_(path.c_str()), udp_(conf), port_(conf.osc_port) {
    if (clock_ == nullptr) clock_ = &monotonic_;
    bus_.Open();  // one that does not open now may do so later: the sensors are lost meanwhile, and everything else goes on
  }
  Clock& clock() override { return *clock_; }
  I2cBus& bus() override { return bus_; }
  Network& network() override { return udp_; }

  const char* BusTrouble() const override { return bus_.trouble(); }
  // Somebody who has the port may leave it.
  std::string PortTrouble() override {
    std::string trouble;
    if (!udp_.listens()) udp_.Open(port_, &trouble);
    return trouble;
  }

 private:
  MonotonicClock monotonic_;
  Clock* clock_;
  LinuxI2cBus bus_;
  UdpLink udp_;
  const uint16_t port_;
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

  const char* BusTrouble() const override { return trouble_.c_str(); }

  void Open(const std::string& path) {
    if (link_.Open(path, &trouble_)) Hooks().link = &link_;
  }

 private:
  MonotonicClock monotonic_;
  Clock& clock_;
  SimLink link_;
  std::string trouble_;
};

}  // namespace

PlatformHooks& Hooks() {
  static PlatformHooks hooks;
  return hooks;
}

std::unique_ptr<Platform> MakePlatform(const BoardConf& conf) {
  if (Hooks().alone) return std::unique_ptr<Platform>(new LonePlatform);
  const std::string& bus = Hooks().bus.empty() ? conf.bus : Hooks().bus;
  const std::string path = bus.substr(bus.find(':') + 1);
  if (bus.compare(0, 4, "sim:") == 0) {
    std::unique_ptr<SimPlatform> platform(new SimPlatform);
    platform->Open(path);
    return platform;
  }
  return std::unique_ptr<Platform>(new BoardPlatform(conf, path));
}

}  // namespace lodestone
