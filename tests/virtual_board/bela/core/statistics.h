// What the real-time kernel counts of the threads of this program: the files of Xenomai 3 on a
// Bela, of EVL on a Gem, made as they are read; and the clock of Linux, which stands still for a
// thread as long as that runs under the other kernel.
#pragma once

// The calling thread is one of the real-time kernel's, under `name`.
void CountThread(const char* name);
// It has called Linux: from now on Linux counts its time.
void CountSwitch();

// An open file of those, or -1: it is none of them.
int OpenStatistics(const char* path);
