// Bela's own main: taken where a project has none.
#include "audio.h"

int main(int argc, char** argv) { return PlayBela(argc, argv); }
