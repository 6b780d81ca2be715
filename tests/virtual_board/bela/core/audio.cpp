// What Bela's audio thread does for a program, without its hardware: setup(), a block of render()
// each period by the clock on the wall, cleanup(). In Batch, blocks follow one another at once. A
// second program is refused first of all.
#include "audio.h"

#include <Bela.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "hardness.h"
#include "options.h"
#include "places.h"
#include "statistics.h"
#include "tasks.h"

namespace {

constexpr unsigned kBatchChannels = 12;
constexpr char kPidFile[] = ON_BOARD("/run/bela-audio.pid");
constexpr char kAudioLock[] = ON_BOARD("/run/bela-audio.lock");
constexpr char kPins[] = ON_BOARD("/run/pins");
constexpr int kAudioPriority = 95;
constexpr float kBatchRateHz = 44100.0f;

void OnSignal(int) { RequestStop(); }

// Bela looks for a thread of the audio thread's name in the real-time kernel's list.
bool AnotherPlays() {
  const int file = open(kAudioLock, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  return flock(file, LOCK_EX | LOCK_NB) != 0;  // held until this program has ended
}

// Levels of the pins, from a file that a test writes: read each tenth of a second, at first at
// once.
uint32_t Levels(uint64_t frame) {
  static uint32_t levels = 0;
  static uint64_t next = 0;
  if (frame < next) return levels;
  next = frame + 4410;
  std::FILE* file = std::fopen(kPins, "r");
  unsigned read = 0;
  if (file == nullptr || std::fscanf(file, "%u", &read) != 1) read = 0;
  if (file != nullptr) std::fclose(file);
  return levels = read;
}

void Play(const Options& options, BelaContext* context) {
  const std::chrono::duration<double> period(options.period / static_cast<double>(options.rate_hz));
  auto next = std::chrono::steady_clock::now();
  TakePriority(options.batch ? 0 : kAudioPriority);
  if (!options.batch) CountThread("bela-audio");
  for (long block = 0; !Bela_stopRequested() && (!options.batch || block < options.iterations);
       ++block) {
    context->digital[0] = (context->digital[0] & 0xffffu) | Levels(context->audioFramesElapsed)
                                                                << 16;
    render(context, nullptr);
    context->audioFramesElapsed += options.period;
    next += std::chrono::duration_cast<std::chrono::steady_clock::duration>(period);
    const auto now = std::chrono::steady_clock::now();
    if (now - next > std::chrono::milliseconds(200))
      next = now;  // the hardware does not play what came too late
    if (!options.batch) std::this_thread::sleep_until(next);
  }
}

void TellWhoPlays() {
  std::FILE* file = std::fopen(kPidFile, "w");
  if (file == nullptr) return;
  std::fprintf(file, "%d\n", static_cast<int>(getpid()));
  std::fclose(file);
}

}  // namespace

int PlayBela(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) return 1;
  if (IsHard(Hard::kOneProgram) && AnotherPlays()) {
    std::fprintf(stderr, "Error: Bela is already running in another process. Cannot start.\n");
    std::fprintf(stderr, "Error: unable to initialise audio\n");
    return 1;
  }
  if (options.batch && IsHard(Hard::kBatchRate)) options.rate_hz = kBatchRateHz;
  signal(SIGINT, OnSignal);
  signal(SIGTERM, OnSignal);
  const unsigned channels = options.batch ? kBatchChannels : 2;
  std::vector<float> in(options.period * channels), out(options.period * channels);
  std::vector<uint32_t> digital(options.period);
  BelaContext context = BelaContext();
  context.audioIn = in.data();
  context.audioOut = out.data();
  context.audioFrames = options.period;
  context.audioInChannels = context.audioOutChannels = channels;
  context.audioSampleRate = options.rate_hz;
  context.digitalFrames = options.period;
  context.digitalChannels = 16;
  context.digital = digital.data();
  context.flags = BELA_FLAG_INTERLEAVED | (options.batch ? 1u << 3 : 0u);
  if (!options.batch) TellWhoPlays();
  if (!setup(&context, nullptr)) {
    std::fprintf(stderr, "Error: unable to initialise audio\n");
    return 1;
  }
  Play(options, &context);
  EndTasks();
  cleanup(&context, nullptr);
  if (!options.batch) unlink(kPidFile);
  return 0;
}
