#!/usr/bin/env bash
# Makes .venv-training, in which voices are trained: PyTorch (any version since 2.4; the CPU build where the machine has
# no GPU) and what renders sound. Needs Debian's fluidsynth, musescore-general-soundfont-small (MIT), sonic-pi-samples
# (CC0) for the sounds that the shipped voices learnt from; your own recordings need none of them.
#   training/setup.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  { echo "training/setup.sh: wanted Python 3.10 or newer, got $("$python" --version): name one as argument" >&2; exit 1; }
"$python" -m venv .venv-training
.venv-training/bin/python -m pip install --quiet -r training/requirements.txt
.venv-training/bin/python -c 'import torch; print("ready, PyTorch", torch.__version__, "on", "cuda" if torch.cuda.is_available() else "cpu")'
for need in fluidsynth; do
  command -v $need >/dev/null || echo "training/setup.sh: $need is missing: apt-get install fluidsynth musescore-general-soundfont-small sonic-pi-samples" >&2
done
