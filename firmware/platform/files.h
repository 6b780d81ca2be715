// Whole files into memory. Threads: control, or before the threads start.
#pragma once

#include <string>

namespace lodestone {

// False and one line in `error` when the file is missing, unreadable or larger than 256 MiB.
bool ReadFile(const std::string& path, std::string* contents, std::string* error);

}  // namespace lodestone
