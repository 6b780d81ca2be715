// Auxiliary tasks as Bela's core has them: a thread each that waits on a condition without a
// predicate, so that a signal which comes before the wait is lost; scheduling is a trylock and a
// signal; all are joined at the end.
#pragma once

// The priority of the calling thread, as the real-time kernel would have it, 0..99; 0 is an
// ordinary thread.
void TakePriority(int priority);
// The calling thread has called Linux: from then on it runs behind every real-time thread that has
// not.
void BecomeSecondary();

// Ends and joins all tasks; Bela_stopRequested() is true from then on.
void EndTasks();
void RequestStop();
