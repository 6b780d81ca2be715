// Auxiliary tasks as threads: a wake-up while one is at work is lost, and all are joined at the end.
#pragma once

// Ends and joins all tasks; Bela_stopRequested() is true from then on.
void EndTasks();
void RequestStop();
