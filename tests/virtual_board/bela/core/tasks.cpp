#include "tasks.h"

#include <Bela.h>
#include <errno.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace {

struct Task {
  void (*function)(void*);
  void* argument;
  std::mutex mutex;
  std::condition_variable wake;
  bool asked;
  std::thread thread;
};

std::vector<std::unique_ptr<Task>> tasks;
std::atomic<bool> stop_requested(false);

// The mutex is held while the body runs, so that a wake-up meanwhile finds it taken.
void RunTask(Task* task) {
  std::unique_lock<std::mutex> lock(task->mutex);
  while (!stop_requested) {
    task->wake.wait(lock, [task] { return task->asked || stop_requested; });
    task->asked = false;
    if (!stop_requested) task->function(task->argument);
  }
}

}  // namespace

void RequestStop() { stop_requested = true; }

void EndTasks() {
  stop_requested = true;
  for (const std::unique_ptr<Task>& task : tasks) {
    { std::lock_guard<std::mutex> lock(task->mutex); }
    task->wake.notify_all();
    task->thread.join();
  }
}

extern "C" {

AuxiliaryTask Bela_createAuxiliaryTask(void (*function)(void*), int, const char*, void* argument) {
  tasks.emplace_back(new Task);
  Task* task = tasks.back().get();
  task->function = function;
  task->argument = argument;
  task->asked = false;
  task->thread = std::thread(RunTask, task);
  return task;
}

int Bela_scheduleAuxiliaryTask(AuxiliaryTask handle) {
  Task* task = static_cast<Task*>(handle);
  std::unique_lock<std::mutex> lock(task->mutex, std::try_to_lock);
  if (!lock.owns_lock()) return EBUSY;
  task->asked = true;
  task->wake.notify_all();
  return 0;
}

int Bela_stopRequested() { return stop_requested ? 1 : 0; }

}  // extern "C"
