// Drives setup(), render() and cleanup() as Bela's core does, under simulated time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "firmware/simulator/virtual_time.h"

namespace lodestone {

struct StandInSettings {
  float sample_rate_hz = 44100.0f;
  uint32_t period_frames = 16;
  uint32_t in_channels = 2, out_channels = 2;
  uint32_t start_seed = 0;      // how late tasks come to their first wait; 0: none is late
  uint32_t wake_jitter_us = 0;  // each wake-up comes up to so much late
  uint64_t frames = 0;          // how long to play; rounded up to a period
};

// Called after each period, while its output begins to sound: `in` is filled for the next period.
// `digital` is the word of the pins after render(), and takes their levels for the next period.
// False ends the run.
using AudioPort = std::function<bool(uint64_t frame, const std::vector<float>& out,
                                     std::vector<float>* in, uint32_t* digital)>;

// Calls render(); a test may do so from a thread of its own, as long as it returns only when
// render() has.
using RenderCall = std::function<void(void (*render_once)(void* context), void* context)>;

// What became of each thread, by the name of its task; "audio" for render().
struct ThreadFigures {
  double cpu_s = 0.0;
  bool at_work = false;        // when the run ended: a loop that goes round
  uint32_t lost_wake_ups = 0;  // that came before it waited for one
};
using Threads = std::map<std::string, ThreadFigures>;

// One run from setup() to cleanup(), which are given `user_data`. False when setup() refuses.
bool RunStandIn(const StandInSettings& settings, VirtualTime* time, const AudioPort& port,
                const RenderCall& call, void* user_data, Threads* threads);

}  // namespace lodestone
