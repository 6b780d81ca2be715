// The life of a Bela program.
#pragma once

// Returns the exit status.
int PlayBela(int argc, char** argv);
