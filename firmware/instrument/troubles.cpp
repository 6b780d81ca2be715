#include "firmware/instrument/troubles.h"

#include <cstdio>
#include <cstring>

namespace lodestone {

Troubles::Troubles() : lines_() {}

bool Troubles::Set(Cause cause, const char* line) {
  char fresh[kLineBytes];
  std::snprintf(fresh, sizeof fresh, "%s", line);
  char* kept = lines_[static_cast<size_t>(cause)];
  if (std::strcmp(kept, fresh) == 0) return false;
  std::memcpy(kept, fresh, sizeof fresh);
  return true;
}

bool Troubles::any() const {
  for (const char* line : lines_) {
    if (line[0] != '\0') return true;
  }
  return false;
}

void Troubles::Tell(const char* last, char* text, size_t bytes) const {
  size_t at = 0;
  text[0] = '\0';
  const auto add = [&](const char* line) {
    if (line[0] == '\0' || at + 1 >= bytes) return;
    std::snprintf(text + at, bytes - at, "%s%s", at > 0 ? "; " : "", line);
    at = std::strlen(text);
  };
  for (const char* line : lines_) add(line);
  add(last);
}

}  // namespace lodestone
