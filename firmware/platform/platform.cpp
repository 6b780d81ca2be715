#include "firmware/platform/platform.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "firmware/platform/bus_speed.h"
#include "firmware/platform/linux_i2c_bus.h"
#include "firmware/platform/monotonic_clock.h"
#include "firmware/platform/own_figures.h"
#include "firmware/platform/thread_load.h"
#include "firmware/platform/udp_link.h"

namespace lodestone {
namespace {

class BoardPlatform : public Platform {
 public:
  // A bus that does not open now may do so later: the sensors are lost meanwhile, and everything
  // else goes on.
  void Open(const BoardConf& conf) override {
    device_ = conf.bus.substr(conf.bus.find(':') + 1);
    simulated_ = conf.bus.compare(0, 4, "sim:") == 0;
    port_ = conf.osc_port;
    bus_.reset(new LinuxI2cBus(device_.c_str()));
    bus_->Open();
    udp_.reset(new UdpLink(conf));
  }
  std::string BusTrouble() override {
    if (simulated_)
      return "wanted bus = i2c:/dev/i2c-N on a board, got a simulated one: correct the settings";
    return bus_->trouble();
  }
  uint32_t BusHz() const override { return BusSpeedHz(device_); }
  // Whoever has the port may leave it.
  std::string PortTrouble() override {
    std::string trouble;
    if (!udp_->listens()) udp_->Open(port_, &trouble);
    return trouble;
  }
  double SinceBootS() const override { return lodestone::SinceBootS(); }
  Clock& clock() override { return clock_; }
  I2cBus& bus() override { return *bus_; }
  Network& network() override { return *udp_; }
  KeptFiles Files(const BoardConf& conf) const override {
    return {conf.state_folder, conf.status_file, conf.log_file};
  }
  std::string LockMemory() override {
    return mlockall(MCL_CURRENT | MCL_FUTURE) == 0
               ? std::string()
               : "memory is not locked: " + std::string(strerror(errno));
  }

 private:
  MonotonicClock clock_;
  std::string device_;
  bool simulated_ = false;
  uint16_t port_ = 0;
  std::unique_ptr<LinuxI2cBus> bus_;
  std::unique_ptr<UdpLink> udp_;
};

// Nobody to disturb and nobody to hear.
class LonePlatform : public BoardPlatform, private I2cBus, private Network {
 public:
  void Open(const BoardConf&) override {}
  std::string BusTrouble() override { return std::string(); }
  std::string PortTrouble() override { return std::string(); }
  I2cBus& bus() override { return *this; }
  Network& network() override { return *this; }
  KeptFiles Files(const BoardConf&) const override { return KeptFiles(); }

 private:
  I2cResult Transfer(uint8_t, const uint8_t*, size_t, uint8_t*, size_t) override {
    return I2cResult::kNak;
  }
  bool Recover() override { return false; }
  void Send(const uint8_t*, size_t) override {}
  size_t Receive(uint8_t*, size_t) override { return 0; }
  void AnswerTo(uint16_t) override {}
};

}  // namespace

World BoardWorld(bool alone) {
  World world;
  world.platform.reset(alone ? new LonePlatform : new BoardPlatform);
  world.meter.reset(new ThreadLoads);
  return world;
}

}  // namespace lodestone
