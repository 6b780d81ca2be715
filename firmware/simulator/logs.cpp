#include "firmware/simulator/logs.h"

#include <algorithm>

namespace lodestone {
namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

void WriteVoice(std::FILE* file, const Instrument& instrument, double prefill,
                const StandInSettings& run) {
  const Scene* scene = instrument.scene();
  if (scene == nullptr) return;
  const VoiceInfo& voice = scene->voice->info();
  std::fprintf(file, "  \"scene\": %d,\n  \"scene_name\": %s,\n  \"voice\": %s,\n",
               static_cast<int>(scene->index), Quoted(scene->name).c_str(),
               Quoted(voice.name).c_str());
  std::fprintf(file, "  \"hop\": %u,\n  \"model_delay_samples\": %u,\n", voice.block(),
               voice.delay_samples);
  std::fprintf(
      file, "  \"field_to_sound_ms\": %.3f,\n",
      FieldToSoundMs(voice, prefill, run.period_frames, static_cast<double>(run.sample_rate_hz),
                     static_cast<double>(instrument.frames_per_second())));
}

void WriteModes(std::FILE* file, const ModeLog& modes) {
  std::fprintf(file, "  \"modes\": [");
  const char* separator = "";
  for (const ModeLog::Entry& entry : modes.entries()) {
    std::fprintf(file, "%s\n    {\"time_s\": %.6f, \"asked\": \"%s\", \"sounding\": \"%s\"}",
                 separator, static_cast<double>(entry.now_us) * 1e-6, ModeName(entry.asked),
                 ModeName(entry.sounding));
    separator = ",";
  }
  std::fprintf(file, "\n  ],\n");
}

void WriteUnderruns(std::FILE* file, const UnderrunLog& underruns) {
  std::fprintf(file, "  \"underruns_at_s\": [");
  const char* separator = "";
  for (double at_s : underruns.times_s()) {
    std::fprintf(file, "%s%.6f", separator, at_s);
    separator = ", ";
  }
  std::fprintf(file, "],\n");
}

void WriteTasks(std::FILE* file, const Threads& threads) {
  std::fprintf(file, "  \"tasks\": {");
  const char* separator = "";
  for (const auto& thread : threads) {
    if (thread.first == "audio") continue;
    std::fprintf(file, "%s%s: {\"at_work\": %s, \"lost_wake_ups\": %u}", separator,
                 Quoted(thread.first).c_str(), thread.second.at_work ? "true" : "false",
                 thread.second.lost_wake_ups);
    separator = ", ";
  }
  std::fprintf(file, "},\n");
}

}  // namespace

LatentLog::~LatentLog() {
  if (file_ != nullptr) std::fclose(file_);
}

bool LatentLog::Open(const std::string& path) {
  file_ = std::fopen(path.c_str(), "w");
  return file_ != nullptr;
}

void LatentLog::OnLatents(const Scene& scene, uint32_t block, int64_t ring_frame, uint64_t field_us,
                          const float* latents, uint32_t count) {
  if (ring_frame >= 0 && instrument_ != nullptr) {
    const double ring_ms = 1e3 * instrument_->ring_fill() / rate_hz_;
    const double ms = static_cast<double>(clock_->NowUs() - field_us) * 1e-3 + ring_ms;
    sum_ms_ += ms;
    sum_prefill_ += instrument_->prefill_frames();
    longest_ms_ = std::max(longest_ms_, ms);
    block_us_ = 1e6 * scene.voice->info().block() / rate_hz_;
    ++blocks_;
  }
  if (file_ == nullptr) return;
  std::fprintf(file_, "%d\t%u\t%lld", static_cast<int>(scene.index), block,
               static_cast<long long>(ring_frame));
  for (uint32_t i = 0; i < count; ++i)
    std::fprintf(file_, "\t%.9g", static_cast<double>(latents[i]));
  std::fprintf(file_, "\n");
}

bool WriteStats(const std::string& path, const Instrument& instrument, const ModeLog& modes,
                const UnderrunLog& underruns, const LatentLog& latents, const StandInSettings& run,
                const Threads& threads) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  const double played_s = static_cast<double>(run.frames) / static_cast<double>(run.sample_rate_hz);
  std::fprintf(file, "{\n  \"format\": \"lodestone-run\",\n  \"version\": 1,\n");
  std::fprintf(file, "  \"seconds\": %.6f,\n  \"sample_rate\": %.0f,\n  \"period\": %u,\n",
               played_s, static_cast<double>(run.sample_rate_hz), run.period_frames);
  std::fprintf(file, "  \"frames\": %u,\n  \"frames_per_second\": %.3f,\n",
               instrument.health().frames, static_cast<double>(instrument.frames_per_second()));
  std::fprintf(file, "  \"underruns\": %u,\n  \"ring_prefill\": %.1f,\n",
               instrument.mixer().underruns(), latents.mean_prefill());
  std::fprintf(file, "  \"voice_started_at\": %lld,\n",
               instrument.mixer().has_started()
                   ? static_cast<long long>(instrument.mixer().started_at())
                   : -1ll);
  std::fprintf(file, "  \"commands_obeyed\": %u,\n  \"commands_dropped\": %u,\n",
               instrument.commands().obeyed(), instrument.commands().refused());
  WriteVoice(file, instrument, latents.mean_prefill(), run);
  std::fprintf(file, "  \"field_to_block_ms\": {\"mean\": %.3f, \"longest\": %.3f},\n",
               latents.mean_delay_ms(), latents.longest_delay_ms());
  WriteModes(file, modes);
  WriteUnderruns(file, underruns);
  WriteTasks(file, threads);
  std::fprintf(file, "  \"measured\": {\n    \"cpu_share\": {");
  const char* separator = "";
  for (const auto& thread : threads) {
    std::fprintf(file, "%s%s: %.6f", separator, Quoted(thread.first).c_str(),
                 thread.second.cpu_s / (played_s > 0 ? played_s : 1.0));
    separator = ", ";
  }
  std::fprintf(file, "}\n  }\n}\n");
  return std::fclose(file) == 0;
}

}  // namespace lodestone
