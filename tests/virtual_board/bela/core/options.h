// The options of a Bela program that a deploy gives, read as Bela's own main does: an unknown one
// ends it.
#pragma once

struct Options {
  unsigned period = 16;
  float rate_hz = 44100.0f;
  bool batch = false;  // --board Batch: no audio hardware
  long iterations = 1000;
};

// False when the command line is not understood; the usage is then on stderr.
bool ParseOptions(int argc, char** argv, Options* options);
