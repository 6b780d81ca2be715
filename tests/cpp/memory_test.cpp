// The board's memory under power loss: cut at every system call, the old or the new memory is
// there, never a third.
#include "cases.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "firmware/platform/memory_store.h"

using namespace lodestone;

namespace {

int calls_left = 0;   // until the power goes
bool halves = false;  // the last write writes half
bool renamed_unsynced = false;
bool last_file_synced = false;

bool PowerGone() { return calls_left-- <= 0; }

int CutCreate(const char* path) {
  last_file_synced = false;
  return PowerGone() ? -1 : PosixFileSystem().create(path);
}
long CutWrite(int file, const void* data, size_t bytes) {
  if (PowerGone()) {
    if (halves && calls_left == -1) (void)!write(file, data, bytes / 2);
    return -1;
  }
  return PosixFileSystem().write(file, data,
                                 bytes < 10 ? bytes : bytes / 2);  // in pieces, as the system may
}
int CutSync(int file) {
  if (PowerGone()) return -1;
  last_file_synced = true;
  return PosixFileSystem().sync(file);
}
int CutClose(int file) {
  close(file);
  return PowerGone() ? -1 : 0;
}
int CutRename(const char* from, const char* to) {
  if (PowerGone()) return -1;
  if (!last_file_synced) renamed_unsynced = true;
  return PosixFileSystem().rename(from, to);
}
int CutSyncFolder(const char* path) {
  return PowerGone() ? -1 : PosixFileSystem().sync_folder(path);
}

const FileSystem kCut = {CutCreate, CutWrite, CutSync, CutClose, CutRename, CutSyncFolder};

std::string Folder() {
  char name[] = "/tmp/lodestone-memory-XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  return name;
}

Memory Numbered(int number) {
  Memory memory;
  memory.scene = "scene-" + std::to_string(number);
  memory.mode = static_cast<Mode>(number % kModes);
  memory.knobs = {{"reach", 0.1f * static_cast<float>(number)}, {"entanglement", 1.0f / 3.0f}};
  memory.touches = {{0xDEADBEEFu, {0, 1, 2, static_cast<uint8_t>(number)}}};
  return memory;
}

CASE(WhatIsSavedIsLoadedToTheBit) {
  const std::string folder = Folder();
  for (int n = 1; n < 6; ++n) {
    CHECK(MemoryStore(folder).Load(new Memory) == (n > 1));
    MemoryStore store(folder);
    Memory before;
    store.Load(&before);
    CHECK(store.Save(Numbered(n)));
    Memory after;
    CHECK(MemoryStore(folder).Load(&after));
    CHECK(after == Numbered(n));
  }
}

CASE(PowerMayGoAtAnySystemCall) {
  bool saw_old = false, saw_new = false, finished = false;
  for (halves = false;; halves = true) {
    finished = false;
    for (int cut = 0; !finished; ++cut) {
      const std::string folder = Folder();
      calls_left = 1000000;
      MemoryStore store(folder, kCut);
      CHECK(store.Save(Numbered(1)) && store.Save(Numbered(2)) && store.Save(Numbered(3)));
      calls_left = cut;
      finished = store.Save(Numbered(4));
      Memory found;
      MemoryStore again(folder);
      CHECK(again.Load(&found));
      CHECK(found == Numbered(3) || found == Numbered(4));
      CHECK(!finished || found == Numbered(4));
      saw_old = saw_old || found == Numbered(3);
      saw_new = saw_new || found == Numbered(4);
      CHECK(again.Save(Numbered(5)) && MemoryStore(folder).Load(&found) && found == Numbered(5));
    }
    if (halves) break;
  }
  CHECK(saw_old && saw_new && !renamed_unsynced);
}

CASE(DamagedFilesAreNotBelieved) {
  const std::string folder = Folder();
  MemoryStore store(folder);
  CHECK(store.Save(Numbered(1)) && store.Save(Numbered(2)));  // into state.1, then state.0
  for (size_t at = 0;; ++at) {
    std::fstream file(folder + "/state.0", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<long>(at));
    const int byte = file.get();
    if (byte == EOF) break;
    file.seekp(static_cast<long>(at));
    file.put(static_cast<char>(byte ^ 1));
    file.close();
    Memory found;
    CHECK(MemoryStore(folder).Load(&found) && found == Numbered(1));
    std::fstream mend(folder + "/state.0", std::ios::in | std::ios::out | std::ios::binary);
    mend.seekp(static_cast<long>(at));
    mend.put(static_cast<char>(byte));
  }
  CHECK(truncate((folder + "/state.0").c_str(), 20) == 0);
  Memory found;
  CHECK(MemoryStore(folder).Load(&found) && found == Numbered(1));
}

CASE(NothingIsRememberedAtFirst) {
  Memory memory;
  CHECK(!MemoryStore(Folder()).Load(&memory) && memory.scene.empty());
  CHECK(!MemoryStore("/nowhere/at/all").Save(Numbered(1)));
}

}  // namespace

int main(int argc, char** argv) { return RunCases(argc, argv); }
