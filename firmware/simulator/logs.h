// What a simulated run leaves behind besides sound: consumed latents, modes over time, figures.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "firmware/chips/clock.h"
#include "firmware/instrument/instrument.h"
#include "firmware/simulator/bela_stand_in.h"

namespace lodestone {

// A line per latent vector that a voice consumed, tab-separated: scene index, block of that scene,
// frame of the ring where its block begins (-1: warming), then the values with nine digits, which
// bring a float back exactly. Measures, file or not, how long after a field was read the block that
// it moves begins to sound.
class LatentLog : public VoiceTap {
 public:
  LatentLog(Clock* clock, double rate_hz) : file_(nullptr), clock_(clock), rate_hz_(rate_hz) {}
  ~LatentLog() override;
  LatentLog(const LatentLog&) = delete;
  LatentLog& operator=(const LatentLog&) = delete;

  bool Open(const std::string& path);
  // Whose ring is asked how full it is. Before the threads start.
  void Watch(const Instrument* instrument) { instrument_ = instrument; }
  void OnLatents(const Scene& scene, uint32_t block, int64_t ring_frame, uint64_t field_us,
                 const float* latents, uint32_t count) override;
  uint32_t blocks() const { return blocks_; }    // that have begun since it sounds
  double block_us() const { return block_us_; }  // that the last of them lasts
  double mean_delay_ms() const { return blocks_ > 0 ? sum_ms_ / blocks_ : 0.0; }
  double longest_delay_ms() const { return longest_ms_; }
  // Frames, when latents were taken.
  double mean_prefill() const { return blocks_ > 0 ? sum_prefill_ / blocks_ : 0.0; }

 private:
  std::FILE* file_;
  Clock* clock_;
  const Instrument* instrument_ = nullptr;
  double rate_hz_;
  double sum_ms_ = 0.0, longest_ms_ = 0.0, sum_prefill_ = 0.0;
  double block_us_ = 0.0;
  uint32_t blocks_ = 0;
};

class ModeLog : public ModeTap {
 public:
  struct Entry {
    uint64_t now_us;
    Mode asked, sounding;
  };
  void OnMode(uint64_t now_us, Mode asked, Mode sounding) override {
    entries_.push_back({now_us, asked, sounding});
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// When the ring ran dry, in seconds of simulated time.
class UnderrunLog {
 public:
  void Look(uint64_t now_us, uint32_t underruns) {
    if (underruns != seen_ && times_s_.size() < kMost)
      times_s_.push_back(static_cast<double>(now_us) * 1e-6);
    seen_ = underruns;
  }
  const std::vector<double>& times_s() const { return times_s_; }

 private:
  static constexpr size_t kMost = 100000;
  uint32_t seen_ = 0;
  std::vector<double> times_s_;
};

// Figures of a run as JSON. Everything under "measured" comes from the machine's clocks and differs
// from run to run.
bool WriteStats(const std::string& path, const Instrument& instrument, const ModeLog& modes,
                const UnderrunLog& underruns, const LatentLog& latents, const StandInSettings& run,
                const Threads& threads);

}  // namespace lodestone
