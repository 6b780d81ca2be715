// Keeps the touch plans that came while the board played, scene by scene, so that power may go at
// any instant.
//
// A plan is written under a name of its own (its checksum) and synced before the list that names it
// takes the place of the old list: what is in force is the old or the new, whole. A list belongs to
// the plan that the image came with; under another image it is forgotten. A new plan comes after
// the one in force and before those that were taken back, as the calibrations on the laptop do; one
// that is known already is put in force where it stands. Threads: files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "firmware/platform/memory_store.h"

namespace lodestone {

class TouchShelf {
 public:
  static constexpr size_t kKept = 20;

  // An empty folder: nothing is kept.
  explicit TouchShelf(const std::string& folder, const FileSystem& system = PosixFileSystem());

  // The plan in force for a scene whose image plan has the checksum `base`; false: the image's own.
  bool Read(const std::string& scene, uint32_t base, std::string* plan) const;

  // How many are kept before the one in force, the image's own included, and after it.
  void Count(const std::string& scene, uint32_t base, int32_t* before, int32_t* after) const;

  // False, one line in `trouble` and all as it was, where the disk does not take it.
  bool Keep(const std::string& scene, uint32_t base, const std::vector<uint8_t>& plan,
            std::string* trouble);
  // To the one before (-1) or after (1).
  bool Turn(const std::string& scene, uint32_t base, int32_t way, std::string* trouble);

 private:
  struct List {
    size_t at = 0;  // which one is in force, from 1; 0: the image's
    std::vector<uint32_t> plans;
  };
  List ReadList(const std::string& scene, uint32_t base) const;
  static uint32_t DropFarthest(List* list);
  bool WriteList(const std::string& scene, uint32_t base, const List& list);
  bool Write(const std::string& path, const void* data, size_t bytes);
  bool Holds(const std::string& scene, uint32_t crc) const;
  std::string PlanPath(const std::string& scene, uint32_t crc) const;

  std::string folder_;
  FileSystem system_;
};

}  // namespace lodestone
