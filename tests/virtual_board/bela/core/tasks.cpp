#include "tasks.h"

#include <Bela.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "hardness.h"
#include "places.h"
#include "statistics.h"

namespace {

struct Task {
  void (*function)(void*);
  void* argument;
  int priority;
  int name_lock;
  std::string name;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  bool begun, waits, asked;  // under the mutex; `asked` is what a kind core remembers
  pthread_t thread;
};

std::vector<std::unique_ptr<Task>> tasks;
std::atomic<bool> stop_requested(false);
thread_local int own_priority = 0;

// Primary: 51..98, above all secondary ones: 2..49. What this machine does not permit is not done.
void Apply(int priority, bool primary) {
  if (!IsHard(Hard::kPriorities)) return;
  sched_param wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.sched_priority = priority == 0 ? 0 : (primary ? 50 : 1) + priority * 48 / 99;
  pthread_setschedparam(pthread_self(), priority == 0 ? SCHED_OTHER : SCHED_FIFO, &wanted);
}

// The name belongs to one task of one program; it is free again when that program has ended,
// however it ended.
int TakeName(const char* name) {
  mkdir(ON_BOARD("/run/task-names"), 0755);
  const int file = open((std::string(ON_BOARD("/run/task-names/")) + name).c_str(),
                        O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  if (file >= 0) close(file);
  return -1;
}

void Wait(Task* task) {
  pthread_mutex_lock(&task->mutex);
  task->begun = task->waits = true;
  if (!task->asked) pthread_cond_wait(&task->wake, &task->mutex);
  task->waits = task->asked = false;
  pthread_mutex_unlock(&task->mutex);
}

// A thread that has just begun may be anywhere before its wait when it is first asked: here it
// always is, by some milliseconds that differ from start to start.
void ArriveLate() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const timespec late = {0, (now.tv_nsec / 1000 % 40) * 1000000};
  if (IsHard(Hard::kLostWakeUps)) nanosleep(&late, nullptr);
}

void* RunTask(void* argument) {
  Task* task = static_cast<Task*>(argument);
  TakePriority(task->priority);
  if (task->priority > 0) CountThread(task->name.c_str());
  ArriveLate();
  Wait(task);
  while (!stop_requested) {
    task->function(task->argument);
    if (!stop_requested) Wait(task);
  }
  return nullptr;
}

}  // namespace

void TakePriority(int priority) {
  own_priority = priority;
  Apply(priority, true);
}

void BecomeSecondary() {
  static thread_local bool done = false;
  if (done || own_priority == 0 || !IsHard(Hard::kSecondary)) return;
  done = true;
  CountSwitch();
  Apply(own_priority, false);
}

void RequestStop() { stop_requested = true; }

void EndTasks() {
  stop_requested = true;
  for (const std::unique_ptr<Task>& task : tasks) {
    for (bool ended = false; !ended;) {
      pthread_mutex_lock(&task->mutex);
      pthread_cond_signal(&task->wake);
      pthread_mutex_unlock(&task->mutex);
      timespec soon;
      clock_gettime(CLOCK_REALTIME, &soon);
      soon.tv_nsec += 20000000;
      if (soon.tv_nsec >= 1000000000) soon = {soon.tv_sec + 1, soon.tv_nsec - 1000000000};
      ended = pthread_timedjoin_np(task->thread, nullptr, &soon) == 0;
    }
  }
}

extern "C" {

AuxiliaryTask Bela_createAuxiliaryTask(void (*function)(void*), int priority, const char* name,
                                       void* argument) {
  const int name_lock = TakeName(name);
  if (name_lock < 0 && IsHard(Hard::kNames)) {
    std::fprintf(stderr, "Error: unable to create auxiliary task %s : (%d) %s\n", name, EEXIST,
                 strerror(EEXIST));
    return nullptr;
  }
  tasks.emplace_back(new Task);
  Task* task = tasks.back().get();
  task->function = function;
  task->argument = argument;
  task->priority = priority;
  task->name = name;
  task->name_lock = name_lock;
  task->begun = task->waits = task->asked = false;
  pthread_mutex_init(&task->mutex, nullptr);
  pthread_cond_init(&task->wake, nullptr);
  pthread_create(&task->thread, nullptr, RunTask, task);
  return task;
}

// 0 when the signal was given, whether anybody waited for it or not.
int Bela_scheduleAuxiliaryTask(AuxiliaryTask handle) {
  Task* task = static_cast<Task*>(handle);
  if (pthread_mutex_trylock(&task->mutex) != 0) return EBUSY;
  const bool at_work = task->begun && !task->waits;
  task->asked = (at_work && !IsHard(Hard::kBusy)) || (!task->begun && !IsHard(Hard::kLostWakeUps));
  pthread_cond_signal(&task->wake);
  pthread_mutex_unlock(&task->mutex);
  return at_work && IsHard(Hard::kBusy) ? EBUSY : 0;
}

int Bela_stopRequested() { return stop_requested ? 1 : 0; }

}  // extern "C"
