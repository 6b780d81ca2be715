"""The facts of the project, each in one place: tables that a person reads, from which the rest is made.

A table is a TOML file here; the module of the same name reads and checks it, and writes the C++ header that
the firmware includes as `firmware/generated/NAME.h`. `python -m definitions` writes all headers; the build
calls it. Only the standard library is needed (and tomli below Python 3.11), for nothing is built yet then.
"""
