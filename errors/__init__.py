"""The one error family: every message says what was wanted, what came, and what to do.

This module is a leaf. Every package may import it; it imports nothing.
"""

from __future__ import annotations


class LodestoneError(Exception):
    """A wrong input or a missing part, told in one line.

    Args:
        wanted: what was expected ("a RAVE model exported by TorchScript").
        got: what came instead ("the file ends after 312 bytes").
        do: the remedy, as an instruction ("download it again").

    Example:
        >>> print(LodestoneError("a voice", "a picture", "choose another file"))
        wanted a voice, got a picture: choose another file
    """

    def __init__(self, wanted: str, got: str, do: str) -> None:
        self.wanted, self.got, self.do = in_one_line(wanted), in_one_line(got), in_one_line(do)
        super().__init__(f"wanted {self.wanted}, got {self.got}: {self.do}")


LONGEST_PART = 380
"""Letters of what was wanted, got, or is to be done: strangers' files bring names of any length."""


def in_one_line(text: str, most: int = LONGEST_PART) -> str:
    r"""`text` as one line that every terminal shows: its middle is left out where it is too long.

    Example:
        >>> in_one_line("a name\nof two lines\x07"), in_one_line("x" * 1000, 9)
        ('a name of two lines\\x07', 'xxxxx…xxx')
    """
    if len(text) > most:
        text = f"{text[: most * 2 // 3 - 1]}…{text[len(text) - most // 3 :]}"
    if text.isprintable():
        return text
    words = " ".join(text.splitlines())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def is_count(text: str) -> bool:
    """Whether `text` is a whole number of at most nine digits: `int` refuses thousands of them, and knows
    digits of other scripts than `str.isdigit`.

    Example:
        >>> is_count("12"), is_count("-1"), is_count("9" * 5000), is_count("\u00b2")
        (True, False, False, False)
    """
    return text.isascii() and text.isdecimal() and len(text) < 10
