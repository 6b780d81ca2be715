"""A lean training loop around upstream's RAVE modules; runs in `.venv-rave` (see `voices/setup.sh`)."""
