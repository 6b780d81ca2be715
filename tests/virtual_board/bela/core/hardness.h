// How hard this core is on a program: each way in which Bela's own core disappoints one, as a
// switch. All are on unless /root/Bela/kindness names them, one a line; the tests take one away to
// show what a kinder board would hide.
#pragma once

enum class Hard {
  kOneProgram,   // a second audio program is refused, before the board type is looked at
  kLostWakeUps,  // a wake-up that comes before a task waits for it is lost
  kBusy,         // a wake-up of a task at work is refused with EBUSY, and lost
  kNames,        // of tasks are unique on the whole board
  kPriorities,   // count: the audio thread before tasks, tasks by their number, Linux last
  kSecondary,    // a task that has called Linux runs behind all that have not
  kBatchRate,    // --board Batch runs at 44,100 Hz, whatever is asked for
  kBusTimeout,   // a bus that hangs holds its caller for a second
  kBusSpeed,     // transfers take as long as the wires do
  kThreadClock,  // Linux counts nothing of what a thread does under the real-time kernel
  kCount
};

bool IsHard(Hard what);
