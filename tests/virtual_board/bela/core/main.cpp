// What Bela's default main and audio thread do for a program, without its hardware: setup(), a block of render() each
// period by the clock on the wall, cleanup(). In Batch, blocks follow one another at once.
#include <Bela.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "options.h"
#include "tasks.h"

namespace {

constexpr unsigned kBatchChannels = 12;
constexpr char kPidFile[] = "/run/bela-audio.pid";

void OnSignal(int) { RequestStop(); }

void Play(const Options& options, BelaContext* context) {
  const std::chrono::duration<double> period(options.period / static_cast<double>(options.rate_hz));
  auto next = std::chrono::steady_clock::now();
  for (long block = 0; !Bela_stopRequested() && (!options.batch || block < options.iterations); ++block) {
    render(context, nullptr);
    context->audioFramesElapsed += options.period;
    next += std::chrono::duration_cast<std::chrono::steady_clock::duration>(period);
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

int main(int argc, char** argv) {
  Options options;
  if (!ParseOptions(argc, argv, &options)) return 1;
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
  context.flags = BELA_FLAG_INTERLEAVED | (options.batch ? BELA_FLAG_OFFLINE : 0);
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
