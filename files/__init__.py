"""The one way to write a file: whole and on the disk under a name of its own, then renamed over the old one.

Whoever is killed, or meets a full disk, in the middle leaves the file of before, readable, under its name.
What lies half written beside it begins with a dot, and goes when the same file is written next. Like
`errors` this package is a leaf: every other may import it.
"""

from files.errors import FileError, file_error
from files.keeping import kept_path, take_back, take_forward, undone_path, write_kept
from files.reading import apart, plain_file, toml_of
from files.writing import (
    fresh_file,
    fresh_folder,
    growing_file,
    locked,
    put_in_place,
    scratch_folder,
    write_bytes,
    write_text,
)

__all__ = [
    "FileError",
    "apart",
    "file_error",
    "fresh_file",
    "fresh_folder",
    "growing_file",
    "kept_path",
    "locked",
    "plain_file",
    "put_in_place",
    "scratch_folder",
    "take_back",
    "take_forward",
    "toml_of",
    "undone_path",
    "write_bytes",
    "write_kept",
    "write_text",
]
