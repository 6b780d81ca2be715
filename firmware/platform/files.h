// Whole files into memory. Threads: control, or before the threads start.
#pragma once

#include <cstddef>
#include <string>

namespace lodestone {

// False and one line in `error` when the file is missing, unreadable, larger than `most_bytes`, or
// no plain file: a pipe would let its reader wait for ever.
bool ReadFile(const std::string& path, std::string* contents, std::string* error,
              size_t most_bytes = 256u << 20);

}  // namespace lodestone
