// The firmware's version, the same as the Python package's.
#pragma once

namespace lodestone {

constexpr const char* kVersion = "0.1.0";

}  // namespace lodestone
