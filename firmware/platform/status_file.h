// The status as a file of `key = value` lines, for whoever has only ssh. Threads: control.
#pragma once

#include <string>

#include "firmware/instrument/osc_out.h"

namespace lodestone {

// Replaces the file in one step; false when that is not possible. It belongs on a file system in memory.
bool WriteStatusFile(const std::string& path, const StatusReport& status);

}  // namespace lodestone
