// Numeric IPv4 addresses, as settings and datagrams have them.
#pragma once

#include <cstdint>
#include <string>

namespace lodestone {

// Dotted IPv4, e.g. "192.168.7.1".
bool ParseIpv4(const std::string& text, uint32_t* address);

}  // namespace lodestone
