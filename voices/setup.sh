#!/usr/bin/env bash
# Makes .venv-rave, the environment in which voices are trained and exported: Python 3.11, PyTorch, upstream's RAVE.
# Needs Debian's `sonic-pi-samples` (the recordings, CC0) and `ffmpeg` (upstream's preprocess). About 7 GB.
#   voices/setup.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3.11}
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
  { echo "voices/setup.sh: wanted Python 3.11 (RAVE pins scipy 1.10), got $("$python" --version): name one as argument" >&2; exit 1; }
"$python" -m venv .venv-rave
pip=(.venv-rave/bin/python -m pip install --quiet)
"${pip[@]}" torch==2.9.1 torchvision==0.24.1
"${pip[@]}" torch==2.9.1 'torchaudio==2.9.*'
"${pip[@]}" acids-rave==2.3.1 torch==2.9.1
# RAVE's scipy 1.10 breaks under numpy 2, to which the line above resolves.
"${pip[@]}" numpy==1.26.4 soundfile
.venv-rave/bin/python -c 'import rave, torch, soundfile; print("RAVE ready, PyTorch", torch.__version__)'
