// The command line of lodestone-sim.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firmware/simulator/bela_stand_in.h"
#include "firmware/simulator/wav_file.h"

namespace lodestone {

// Slices of the voice cost `factor` times as much from..to, in seconds of simulated time.
struct Slowness {
  double from_s, to_s, factor;
};

struct SimOptions {
  std::string image, bus, wav, stats, latent_log, state, status_file, log;
  double seconds = 10.0;
  WavFile::Format wav_format = WavFile::Format::kFloat32;
  uint32_t voice_slice_us = 0, load_us = 0;
  double voice_load = 0.0;  // of the time that a block has
  std::vector<Slowness> slow;
  bool paced = false;
  bool live = false;      // real UDP beside a simulated bus, and the threads' real load
  bool one_core = false;  // all threads share one, by the rules of a Xenomai board
  StandInSettings stand_in;
};

extern const char kSimUsage[];

// False and one line in `error` when the command line is not understood.
bool ParseSimOptions(int argc, char** argv, SimOptions* options, std::string* error);

}  // namespace lodestone
