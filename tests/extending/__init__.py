"""The recipes of docs/extending.md, followed."""
