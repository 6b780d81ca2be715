"""Takes: what a board said during a live performance, kept, and made to sound again."""
