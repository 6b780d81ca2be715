#include "firmware/simulator/bela_stand_in.h"

#include <Bela.h>
#include <errno.h>

#include <atomic>
#include <memory>
#include <thread>

#include "firmware/platform/thread_load.h"

namespace lodestone {
namespace {

constexpr uint64_t kEndStepUs = 1000;
constexpr uint32_t kLatestUs = 50000;
// What an output sample holds before render(): a channel that is not written is heard, and seen by
// the tests.
constexpr float kNotWritten = 1.0e6f;

struct Task {
  std::string name;
  void (*function)(void*);
  void* argument;
  VirtualTime::Actor* actor;
  std::atomic<bool> asked;  // to run; render() may ask without a lock
  std::atomic<bool> at_work;
  std::thread thread;
  ThreadFigures figures;
};

VirtualTime* virtual_time = nullptr;
uint32_t start_seed = 0;
std::vector<std::unique_ptr<Task>> tasks;
std::atomic<bool> stop_requested(false);
thread_local bool in_task =
    false;  // else in render(), which may not lock: those asked there are woken behind it

// How late the next task comes to its first wait, in microseconds: with a seed any time within 50
// ms.
uint64_t NextLateness() {
  if (start_seed == 0) return 0;
  start_seed = start_seed * 1664525u + 1013904223u;
  return start_seed >> 8 & 0x1u ? (start_seed >> 9) % kLatestUs : 0;
}

void RunTask(Task* task) {
  in_task = true;
  virtual_time->Enter(task->actor);
  // Bela's tasks begin by waiting; whoever has asked before that has asked in vain.
  if (!stop_requested) virtual_time->WaitForSignal();
  while (!stop_requested) {
    task->at_work = true;
    task->function(task->argument);
    task->at_work = false;
    if (!stop_requested) virtual_time->WaitForSignal();
  }
  task->figures.cpu_s = static_cast<double>(ThreadCpuUs()) * 1e-6;
  virtual_time->Leave();
}

BelaContext ContextOf(const StandInSettings& settings, const std::vector<float>& in,
                      std::vector<float>* out, uint32_t* digital) {
  BelaContext context = BelaContext();
  context.audioIn = in.data();
  context.audioOut = out->data();
  context.audioFrames = settings.period_frames;
  context.audioInChannels = settings.in_channels;
  context.audioOutChannels = settings.out_channels;
  context.audioSampleRate = settings.sample_rate_hz;
  context.digitalFrames = 1;
  context.digitalChannels = 16;
  context.digital = digital;
  context.flags = BELA_FLAG_INTERLEAVED;
  return context;
}

void RenderOnce(void* context) { render(static_cast<BelaContext*>(context), nullptr); }

void Wake(Task* task) {
  if (!virtual_time->Signal(task->actor)) ++task->figures.lost_wake_ups;
}

void WakeAsked() {
  for (const std::unique_ptr<Task>& task : tasks) {
    if (task->asked.exchange(false)) Wake(task.get());
  }
}

// Every task sees the stop; sleepers wake in their time, waiters are woken.
void EndTasks() {
  stop_requested = true;
  for (const std::unique_ptr<Task>& task : tasks) task->figures.at_work = task->at_work;
  for (const std::unique_ptr<Task>& task : tasks) virtual_time->Signal(task->actor);
  while (!virtual_time->Alone()) virtual_time->SleepUntilUs(virtual_time->NowUs() + kEndStepUs);
  for (const std::unique_ptr<Task>& task : tasks) task->thread.join();
}

}  // namespace

bool RunStandIn(const StandInSettings& settings, VirtualTime* time, const AudioPort& port,
                const RenderCall& call, void* user_data, Threads* threads) {
  virtual_time = time;
  start_seed = settings.start_seed;
  time->Jitter(settings.wake_jitter_us);
  std::vector<float> in(settings.period_frames * settings.in_channels, 0.0f);
  std::vector<float> out(settings.period_frames * settings.out_channels, 0.0f);
  uint32_t digital = 0;
  BelaContext context = ContextOf(settings, in, &out, &digital);
  const bool accepted = setup(&context, user_data);
  WakeAsked();
  if (!accepted) EndTasks();
  if (!accepted) return false;
  const double period_us =
      1e6 * settings.period_frames / static_cast<double>(settings.sample_rate_hz);
  uint64_t render_us = 0;
  bool more = true;
  for (uint64_t period = 0; more && context.audioFramesElapsed < settings.frames; ++period) {
    time->SleepUntilUs(static_cast<uint64_t>(static_cast<double>(period) * period_us));
    out.assign(out.size(), kNotWritten);
    const uint64_t before_us = ThreadCpuUs();
    call(RenderOnce, &context);
    render_us += ThreadCpuUs() - before_us;
    WakeAsked();
    more = port(context.audioFramesElapsed, out, &in, &digital);
    context.audioFramesElapsed += settings.period_frames;
  }
  EndTasks();
  cleanup(&context, user_data);
  (*threads)["audio"].cpu_s = static_cast<double>(render_us) * 1e-6;
  for (const std::unique_ptr<Task>& task : tasks) (*threads)[task->name] = task->figures;
  return true;
}

}  // namespace lodestone

extern "C" {

AuxiliaryTask Bela_createAuxiliaryTask(void (*function)(void*), int priority, const char* name,
                                       void* argument) {
  using namespace lodestone;
  tasks.emplace_back(new Task());
  Task* task = tasks.back().get();
  task->name = name;
  task->function = function;
  task->argument = argument;
  task->actor = virtual_time->Add(priority, virtual_time->NowUs() + NextLateness());
  task->thread = std::thread(RunTask, task);
  return task;
}

int Bela_scheduleAuxiliaryTask(AuxiliaryTask task) {
  using namespace lodestone;
  Task* asked = static_cast<Task*>(task);
  if (asked->at_work) return EBUSY;
  if (in_task)
    Wake(asked);
  else
    asked->asked = true;
  return 0;
}

int Bela_stopRequested() { return lodestone::stop_requested ? 1 : 0; }

}  // extern "C"
