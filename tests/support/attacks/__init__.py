"""Makers and mutators of strangers' files, and the judge of what came of a case."""
