#include "firmware/simulator/sim_world.h"

namespace lodestone {

// The jacks and pins of a simulated board are there before the program has read its settings.
SimPlatform::SimPlatform(const SimOptions& options, Clock* clock, LatentLog* latents,
                         ModeLog* modes)
    : options_(options), clock_(clock), latents_(latents), modes_(modes), instrument_(nullptr) {
  Connect(options.bus);
}

SimPlatform::~SimPlatform() {}

void SimPlatform::Connect(const std::string& bus) {
  if (bus.compare(0, 4, "sim:") != 0) return;
  link_.reset(new SimLink(*clock_));
  if (!link_->Open(bus.substr(4), &trouble_)) link_.reset();
}

void SimPlatform::Open(const BoardConf& conf) {
  BoardConf ours = conf;
  if (!options_.bus.empty())
    ours.bus = options_.bus;
  else
    Connect(ours.bus);
  board_ = BoardWorld(ours.bus.compare(0, 4, "sim:") == 0);
  board_.platform->Open(ours);
  if (!link_ || !options_.live) return;
  live_.reset(new LiveNetwork(ours, link_.get()));
  live_->Open(ours.osc_port, &trouble_);
}

std::string SimPlatform::BusTrouble() {
  return trouble_.empty() ? board_.platform->BusTrouble() : trouble_;
}

std::string SimPlatform::PortTrouble() { return board_.platform->PortTrouble(); }

I2cBus& SimPlatform::bus() {
  if (link_) return *link_;
  return board_.platform->bus();
}

Network& SimPlatform::network() {
  if (live_) return *live_;
  if (link_) return *link_;
  return board_.platform->network();
}

KeptFiles SimPlatform::Files(const BoardConf&) const {
  return {options_.state, options_.status_file, options_.log};
}

void SimPlatform::Watch(Instrument* instrument) {
  instrument_ = instrument;
  latents_->Watch(instrument);
  instrument->SetTaps(latents_, modes_);
}

// A block costs all that it costs when it begins: it is complete no earlier and no later than if
// each slice took its share.
void SimMeter::OnSlice() {
  double us = options_.voice_slice_us;
  if (seen_ != blocks_.blocks()) us += options_.voice_load * blocks_.block_us();
  seen_ = blocks_.blocks();
  if (us > 0.0) clock_->Compute(static_cast<uint64_t>(Slowed() * us));
}

double SimMeter::Slowed() const {
  const uint64_t now_us = clock_->NowUs();
  double factor = 1.0;
  for (const Slowness& slow : options_.slow) {
    if (static_cast<double>(now_us) >= slow.from_s * 1e6 &&
        static_cast<double>(now_us) < slow.to_s * 1e6)
      factor = slow.factor;
  }
  return factor;
}

void SimMeter::OnLoad() {
  const uint64_t now_us = clock_->NowUs();
  if (now_us > 0)
    clock_->SleepUntilUs(now_us +
                         options_.load_us);  // the first scene is loaded before time begins
}

}  // namespace lodestone
