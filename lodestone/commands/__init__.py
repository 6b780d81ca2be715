"""One module a family of verbs; each has `register(app)` and imports what is heavy inside its functions."""
