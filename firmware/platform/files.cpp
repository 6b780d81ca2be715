#include "firmware/platform/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace lodestone {

bool ReadFile(const std::string& path, std::string* contents, std::string* error) {
  constexpr long kMostBytes = 256l << 20;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    *error = "wanted the file " + path + ", got: " + std::strerror(errno);
    return false;
  }
  long bytes = -1;
  if (std::fseek(file, 0, SEEK_END) == 0) bytes = std::ftell(file);
  bool good = bytes >= 0 && bytes <= kMostBytes && std::fseek(file, 0, SEEK_SET) == 0;
  if (good) {
    contents->resize(static_cast<size_t>(bytes));
    good = bytes == 0 || std::fread(&(*contents)[0], 1, contents->size(), file) == contents->size();
  }
  std::fclose(file);
  if (!good) *error = "wanted a readable file of at most 256 MiB at " + path;
  return good;
}

}  // namespace lodestone
