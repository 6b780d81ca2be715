#!/usr/bin/env bash
# Trains a voice to the end (or goes on with it), ships it into its folder, and makes all that is made of a voice:
# ONNX and plans in both precisions, card, atlas and a performance, in out/voices/NAME/made.
#   voices/make.sh NAME        one of the folders of voices/, or your own; recordings from $RECORDINGS
set -eu
cd "$(dirname "$0")/.."
name=${1:?"name a folder of voices/"}
recordings=${RECORDINGS:-/usr/share/sonic-pi/samples}
run=out/voices/$name
rave=.venv-rave/bin/python
[ -x $rave ] || { echo "voices/make.sh: wanted .venv-rave, got none: run voices/setup.sh first" >&2; exit 1; }
$rave -m voices.train "voices/$name/settings.toml" --run "$run" --recordings "$recordings"
$rave -m voices.ship "voices/$name" --run "$run" --recordings "$recordings"
$rave -m voices.measure "voices/$name" --run "$run" --recordings "$recordings"
.venv/bin/python -m lodestone voices "$name" --atlas "voices/$name/atlas.png" --build "$run/made"
