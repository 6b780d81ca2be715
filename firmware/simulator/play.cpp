#include "firmware/simulator/play.h"

#include <unistd.h>

#include <cstdio>

#include "firmware/instrument/instrument.h"
#include "firmware/platform/thread_load.h"
#include "firmware/simulator/bela_stand_in.h"
#include "firmware/simulator/logs.h"
#include "firmware/simulator/options.h"
#include "firmware/simulator/sim_world.h"

namespace lodestone {
namespace {

constexpr int kAudioPriority = 95;

int Refuse(const std::string& line) {
  std::fprintf(stderr, "lodestone-sim: %s\n", line.c_str());
  return 1;
}

// Eight pins over the link: outputs when they change, inputs every 5 ms, and only where there are
// any.
class PinPort {
 public:
  void Exchange(uint64_t now_us, SimLink* link, uint32_t* digital) {
    const uint32_t inputs = *digital & 0xFFu;
    const uint8_t outputs = static_cast<uint8_t>(*digital >> 16 & ~inputs);
    if (outputs != outputs_) link->DigitalOut(outputs);
    outputs_ = outputs;
    if (inputs == 0 || now_us < next_us_) return;
    next_us_ = now_us + 5000;
    const uint32_t levels = link->DigitalIn() & inputs;
    *digital = (*digital & ~(inputs << 16)) | levels << 16;
  }

 private:
  uint8_t outputs_ = 0;
  uint64_t next_us_ = 0;
};

// Files are named from where the caller stands, plans from inside the image: open the one before
// entering the other.
std::string Absolute(const std::string& path) {
  char here[4096];
  if (path.empty() || path[0] == '/' || getcwd(here, sizeof here) == nullptr) return path;
  return std::string(here) + "/" + path;
}

}  // namespace

int PlayImage(SimOptions options, const RenderCall& call) {
  const uint32_t rate_hz = static_cast<uint32_t>(options.stand_in.sample_rate_hz);
  VirtualTime time(kAudioPriority);
  LatentLog latents(&time, static_cast<double>(rate_hz));
  ModeLog modes;
  WavFile wav;
  if (!options.wav.empty() &&
      !wav.Open(options.wav, options.wav_format, options.stand_in.out_channels, rate_hz)) {
    return Refuse("wanted a writable file, got " + options.wav + ": name another");
  }
  if (!options.latent_log.empty() && !latents.Open(options.latent_log)) {
    return Refuse("wanted a writable file, got " + options.latent_log + ": name another");
  }
  for (std::string* path : {&options.stats, &options.state, &options.status_file, &options.log})
    *path = Absolute(*path);
  if (chdir(options.image.c_str()) != 0 || access("board.conf", R_OK) != 0) {
    return Refuse("wanted an image folder with a board.conf, got " + options.image +
                  ": make one with `lodestone build`");
  }

  time.Pace(options.paced);
  if (options.one_core) time.ShareOneCore();
  SimPlatform* platform = new SimPlatform(options, &time, &latents, &modes);
  World world;
  world.platform.reset(platform);
  if (options.live)
    world.meter.reset(new ThreadLoads);
  else
    world.meter.reset(new SimMeter(options, &time, latents));
  bool written = true;
  Threads threads;
  PinPort pins;
  UnderrunLog underruns;
  const AudioPort port = [&](uint64_t, const std::vector<float>& out, std::vector<float>* in,
                             uint32_t* digital) {
    if (!options.wav.empty()) written = wav.Write(out) && written;
    if (platform->instrument() != nullptr)
      underruns.Look(time.NowUs(), platform->instrument()->mixer().underruns());
    SimLink* link = platform->link();
    if (link != nullptr) pins.Exchange(time.NowUs(), link, digital);
    return link == nullptr || link->ExchangeAudio(out.data(), out.size(), in->data(), in->size());
  };
  if (!RunStandIn(options.stand_in, &time, port, call, &world, &threads))
    return Refuse("wanted an image with a scene that plays, got none: see the plans in it");
  const bool deserted =
      !options.bus.empty() && options.bus.compare(0, 4, "sim:") == 0 && platform->link() == nullptr;
  if (platform->link() != nullptr) platform->link()->Close();
  if (platform->instrument() == nullptr)
    return Refuse(
        "wanted a run in which the instrument begins, got one of less than 0.2 s: play longer");
  const Instrument& instrument = *platform->instrument();
  if (!options.stats.empty())
    written = WriteStats(options.stats, instrument, modes, underruns, latents, options.stand_in,
                         threads) &&
              written;
  if (!wav.Close() || !written)
    return Refuse("wanted to write all of the run, got a full or failing disk: make room");
  if (deserted)
    return Refuse("wanted a simulated board at " + options.bus +
                  ", got nobody there: start it first");
  return 0;
}

}  // namespace lodestone
