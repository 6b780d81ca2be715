// Engines as the stages of one voice: finds what each hands to the next.
#pragma once

#include <memory>
#include <vector>

#include "firmware/engine/engine.h"
#include "firmware/instrument/staged_voice.h"

namespace lodestone {

// The plans of one voice, two to kMostHelpers + 1, in the order in which a block goes through them.
// Null and one line in `error` where they are not stages that follow one another, as `lodestone
// compile --stages` makes them. Not for real time.
std::unique_ptr<Voice> MakeStagedVoice(std::vector<Engine> engines, char* error,
                                       size_t error_bytes);

}  // namespace lodestone
