#include "firmware/simulator/options.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

namespace lodestone {
namespace {

bool Number(const std::string& text, double least, double most, double* value) {
  char* end = nullptr;
  *value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && *value >= least && *value <= most;
}

template <typename T>
bool Whole(const std::string& text, double least, double most, T* to) {
  double value = 0.0;
  if (!Number(text, least, most, &value)) return false;
  *to = static_cast<T>(value);
  return static_cast<double>(*to) == value;
}

// FROM,TO,FACTOR
bool SlowSpan(const std::string& text, std::vector<Slowness>* to) {
  std::istringstream parts(text);
  std::string part;
  double value[3];
  int count = 0;
  for (; count < 3 && std::getline(parts, part, ','); ++count) {
    if (!Number(part, 0.0, 1e6, &value[count])) return false;
  }
  if (count != 3 || std::getline(parts, part)) return false;
  to->push_back({value[0], value[1], value[2]});
  return true;
}

struct Option {
  const char* wanted;
  std::function<bool(const std::string&, SimOptions*)> take;
};

const std::map<std::string, Option>& Options() {
  using Text = const std::string&;
  static const std::map<std::string, Option> options = {
      {"--seconds",
       {"0 to 100000", [](Text t, SimOptions* o) { return Number(t, 0.0, 1e5, &o->seconds); }}},
      {"--period",
       {"8 to 1024 frames",
        [](Text t, SimOptions* o) { return Whole(t, 8, 1024, &o->stand_in.period_frames); }}},
      {"--rate",
       {"8000 to 192000 Hz",
        [](Text t, SimOptions* o) { return Whole(t, 8000, 192000, &o->stand_in.sample_rate_hz); }}},
      {"--inputs",
       {"0 to 16 channels",
        [](Text t, SimOptions* o) { return Whole(t, 0, 16, &o->stand_in.in_channels); }}},
      {"--outputs",
       {"1 to 16 channels",
        [](Text t, SimOptions* o) { return Whole(t, 1, 16, &o->stand_in.out_channels); }}},
      {"--voice-slice-us",
       {"0 to 1000000",
        [](Text t, SimOptions* o) { return Whole(t, 0, 1e6, &o->voice_slice_us); }}},
      {"--voice-load",
       {"0 to 10", [](Text t, SimOptions* o) { return Number(t, 0.0, 10.0, &o->voice_load); }}},
      {"--wake-jitter-us",
       {"0 to 100000",
        [](Text t, SimOptions* o) { return Whole(t, 0, 1e5, &o->stand_in.wake_jitter_us); }}},
      {"--voice-slow",
       {"FROM,TO,FACTOR in seconds", [](Text t, SimOptions* o) { return SlowSpan(t, &o->slow); }}},
      {"--load-us",
       {"0 to 60000000", [](Text t, SimOptions* o) { return Whole(t, 0, 6e7, &o->load_us); }}},
      {"--start-seed",
       {"0 to 4000000000",
        [](Text t, SimOptions* o) { return Whole(t, 0, 4e9, &o->stand_in.start_seed); }}},
      {"--log",
       {"a file",
        [](Text t, SimOptions* o) {
          o->log = t;
          return !t.empty();
        }}},
      {"--bus",
       {"sim:/path or i2c:/dev/i2c-N",
        [](Text t, SimOptions* o) {
          o->bus = t;
          return t.find(':') != std::string::npos;
        }}},
      {"--wav",
       {"a file",
        [](Text t, SimOptions* o) {
          o->wav = t;
          return !t.empty();
        }}},
      {"--stats",
       {"a file",
        [](Text t, SimOptions* o) {
          o->stats = t;
          return !t.empty();
        }}},
      {"--latent-log",
       {"a file",
        [](Text t, SimOptions* o) {
          o->latent_log = t;
          return !t.empty();
        }}},
      {"--state",
       {"a folder",
        [](Text t, SimOptions* o) {
          o->state = t;
          return !t.empty();
        }}},
      {"--status-file",
       {"a file",
        [](Text t, SimOptions* o) {
          o->status_file = t;
          return !t.empty();
        }}},
      {"--wav-format",
       {"int16 or float32",
        [](Text t, SimOptions* o) {
          o->wav_format = t == "int16" ? WavFile::Format::kInt16 : WavFile::Format::kFloat32;
          return t == "int16" || t == "float32";
        }}},
  };
  return options;
}

}  // namespace

const char kSimUsage[] =
    "lodestone-sim IMAGE [options]: plays an image folder on a simulated board, faster than real "
    "time\n"
    "  --bus SPEC            instead of the image's: sim:/path.sock, a simulated board\n"
    "  --seconds S           how long (10)\n"
    "  --period N            frames per audio period, 8 to 1024 (16)\n"
    "  --rate HZ             sample rate (44100)\n"
    "  --inputs N            audio input channels (2)\n"
    "  --outputs N           audio output channels (2)\n"
    "  --wav FILE            what comes out of the board\n"
    "  --wav-format F        float32 or int16 (float32)\n"
    "  --stats FILE          figures of the run, JSON\n"
    "  --latent-log FILE     each latent vector that a voice consumed\n"
    "  --state FOLDER        where the board remembers scene, mode, knobs and rest (nowhere)\n"
    "  --status-file FILE    the status once a second\n"
    "  --voice-slice-us US   simulated cost of a slice of the voice (0)\n"
    "  --voice-load F        simulated cost of a block of the voice, of the time that it has (0)\n"
    "  --wake-jitter-us US   each wake-up of a task comes up to so much late (0)\n"
    "  --voice-slow A,B,F    from second A to B slices and blocks cost F times as much; may be "
    "repeated\n"
    "  --load-us US          simulated time that loading a scene takes (0)\n"
    "  --log FILE            the log of the board, and FILE.1\n"
    "  --start-seed N        tasks begin up to 50 ms late, each start otherwise: earlier wake-ups "
    "are lost (0: none is late)\n"
    "  --one-core            slices of the voice take the only core: whoever called Linux runs "
    "behind it\n"
    "  --paced               no faster than real time\n"
    "  --live                the simulated board's bus and sound, but OSC over real UDP; /sim/... "
    "goes to the simulated world\n";

bool ParseSimOptions(int argc, char** argv, SimOptions* options, std::string* error) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto found = Options().find(word);
    if (word == "--paced") {
      options->paced = true;
    } else if (word == "--one-core") {
      options->one_core = true;
    } else if (word == "--live") {
      options->live = true;
    } else if (found != Options().end()) {
      const std::string value = i + 1 < argc ? argv[++i] : "";
      if (!found->second.take(value, options)) {
        *error = "wanted for " + word + " " + found->second.wanted + ", got `" + value + "`";
        return false;
      }
    } else if (word.compare(0, 2, "--") == 0 || !options->image.empty()) {
      *error =
          "wanted one image folder and known options, got `" + word + "`: see lodestone-sim --help";
      return false;
    } else {
      options->image = word;
    }
  }
  if (options->image.empty()) {
    *error = "wanted an image folder, got none: make one with `lodestone build`";
    return false;
  }
  const double frames = options->seconds * static_cast<double>(options->stand_in.sample_rate_hz);
  options->stand_in.frames = static_cast<uint64_t>(frames + 0.5);
  return true;
}

}  // namespace lodestone
