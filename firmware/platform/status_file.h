// The status as a file of `key = value` lines, for whoever has only ssh.
#pragma once

#include <string>

#include "firmware/instrument/osc_out.h"

namespace lodestone {

std::string StatusText(const StatusReport& status);

// Replaces the file in one step; false when that is not possible. It belongs on a file system in
// memory. Threads: files.
bool ReplaceFile(const std::string& path, const std::string& text);

}  // namespace lodestone
