#include "firmware/platform/platform.h"

#include "firmware/platform/monotonic_clock.h"
#include "firmware/platform/sim_link.h"
#include "firmware/platform/udp_link.h"

namespace lodestone {
namespace {

// A bus that is not there: sensors are lost, and everything else goes on.
class AbsentBus : public I2cBus {
 public:
  I2cResult Transfer(uint8_t, const uint8_t*, size_t, uint8_t*, size_t) override { return I2cResult::kNak; }
  bool Recover() override { return false; }
};

class BoardPlatform : public Platform {
 public:
  explicit BoardPlatform(const BoardConf& conf) : clock_(Hooks().clock), bus_(&absent_), udp_(conf) {
    if (clock_ == nullptr) clock_ = &monotonic_;
  }
  Clock& clock() override { return *clock_; }
  I2cBus& bus() override { return *bus_; }
  Network& network() override { return udp_; }

  void Open(const std::string&, uint16_t port, std::string* trouble) {
    udp_.Open(port, trouble);
  }

 private:
  MonotonicClock monotonic_;
  Clock* clock_;
  AbsentBus absent_;
  I2cBus* bus_;
  UdpLink udp_;
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
  const std::string& bus = Hooks().bus.empty() ? conf.bus : Hooks().bus;
  const std::string path = bus.substr(bus.find(':') + 1);
  if (bus.compare(0, 4, "sim:") == 0) {
    std::unique_ptr<SimPlatform> platform(new SimPlatform);
    platform->Open(path, trouble);
    return platform;
  }
  std::unique_ptr<BoardPlatform> platform(new BoardPlatform(conf));
  platform->Open(path, conf.osc_port, trouble);
  return platform;
}

}  // namespace lodestone
