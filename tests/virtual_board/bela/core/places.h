// Where a board's files are: on the virtual board where they are on a Bela, in a test of this core
// alone below a folder.
#pragma once

#ifndef BELA_BOARD_ROOT
#define BELA_BOARD_ROOT ""
#endif

#define ON_BOARD(path) BELA_BOARD_ROOT path
