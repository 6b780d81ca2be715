"""A Bela that is not there: its Debian, compiler, make interface and ssh, emulated (docs/board.md)."""
