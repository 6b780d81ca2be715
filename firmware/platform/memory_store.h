// Keeps a Memory in two files by turns, so that power may go at any instant: one of them is always
// whole.
//
// A save writes a new file, syncs it, renames it over the older of the two and syncs the folder. A
// load takes the newer one whose checksum is right. Threads: control.
#pragma once

#include <string>

#include "firmware/instrument/memory.h"

namespace lodestone {

// The system calls of a save; a test hands in its own. Each returns below zero where it fails.
struct FileSystem {
  int (*create)(const char* path);
  long (*write)(int file, const void* data, size_t bytes);
  int (*sync)(int file);
  int (*close)(int file);
  int (*rename)(const char* from, const char* to);
  int (*sync_folder)(const char* path);
};
FileSystem PosixFileSystem();

class MemoryStore {
 public:
  // The folder is made when it is not there.
  explicit MemoryStore(const std::string& folder, const FileSystem& system = PosixFileSystem());

  // False when nothing whole is there; `memory` is then left alone.
  bool Load(Memory* memory);
  // What could not be read again is left out: a knob beyond 1e30, a rest of more than 2 MiB.
  bool Save(const Memory& memory);

 private:
  static bool IsNewer(uint32_t generation, uint32_t than);
  std::string PathOf(uint32_t generation) const;

  std::string folder_;
  FileSystem system_;
  uint32_t generation_;  // of the last load or save
};

}  // namespace lodestone
