// The world of a simulated run: time that passes as fast as it can be computed, a simulated board
// on the bus, a load that is decided and not measured.
#pragma once

#include "firmware/platform/platform.h"
#include "firmware/simulator/live_network.h"
#include "firmware/simulator/logs.h"
#include "firmware/simulator/options.h"
#include "firmware/simulator/sim_link.h"
#include "firmware/simulator/virtual_time.h"

namespace lodestone {

class SimPlatform : public Platform {
 public:
  // `options` as the command line has them, with absolute paths; the logs hear the instrument. All
  // must outlive this.
  SimPlatform(const SimOptions& options, Clock* clock, LatentLog* latents, ModeLog* modes);
  ~SimPlatform() override;

  void Open(const BoardConf& conf) override;
  std::string BusTrouble() override;
  std::string PortTrouble() override;
  Clock& clock() override { return *clock_; }
  I2cBus& bus() override;
  Network& network() override;
  KeptFiles Files(const BoardConf& conf) const override;
  std::string LockMemory() override {
    return std::string();
  }  // the sound waits for whoever is late
  void Watch(Instrument* instrument) override;

  SimLink* link() {
    return link_.get();
  }  // null where the bus is not simulated, or nobody is there
  Instrument* instrument() { return instrument_; }

 private:
  void Connect(const std::string& bus);

  const SimOptions& options_;
  Clock* const clock_;
  LatentLog* const latents_;
  ModeLog* const modes_;
  Instrument* instrument_;
  std::string trouble_;
  std::unique_ptr<SimLink> link_;
  std::unique_ptr<LiveNetwork> live_;
  World board_;  // for everything that is not simulated
};

// Slices and scenes take the simulated time that the options say.
class SimMeter : public LoadMeter {
 public:
  SimMeter(const SimOptions& options, VirtualTime* clock, const LatentLog& blocks)
      : options_(options), clock_(clock), blocks_(blocks), seen_(0) {}
  float Share(uint32_t, uint64_t) override { return 0.0f; }
  void OnSlice() override;
  void OnLoad() override;

 private:
  double Slowed() const;

  const SimOptions& options_;
  VirtualTime* const clock_;
  const LatentLog& blocks_;
  uint32_t seen_;  // blocks that have begun
};

}  // namespace lodestone
