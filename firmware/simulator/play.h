// One run of an image as the command line has it.
#pragma once

#include "firmware/simulator/bela_stand_in.h"
#include "firmware/simulator/options.h"

namespace lodestone {

// The exit status; what went wrong is on stderr, in one line.
int PlayImage(SimOptions options, const RenderCall& call);

}  // namespace lodestone
