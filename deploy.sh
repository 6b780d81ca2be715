#!/usr/bin/env bash
# Puts an image on a Bela over ssh and rsync alone, and never leaves the board without a working version:
# the new one is built and tested beside the old one, and takes its place in one rename.
# `./deploy.sh --help` lists what it does; docs/board.md tells what lies where on the board.
set -euo pipefail

PROJECT=lodestone
BELA=${LODESTONE_BELA:-/root/Bela}
VERSIONS=${LODESTONE_VERSIONS:-/root/lodestone}
STATUS=${LODESTONE_STATUS:-/run/lodestone.status}
NEED_KIB=200000
PATIENCE=${LODESTONE_PATIENCE:-30}
ADDRESSES=${LODESTONE_ADDRESSES:-"${BBB_ADDRESS:-} 192.168.6.2 bela.local 192.168.7.2"}
SSH=${LODESTONE_SSH:-"ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5 -o ServerAliveInterval=5"}

usage() {
  cat <<'END'
./deploy.sh [options] [HOST]    puts out/image on the board and starts it
  --image FOLDER   another image (made by `lodestone build`)
  --no-boot        do not start it whenever the board starts
  --dry-run        say what would be done, change nothing
  --rollback       back to the version before
  --status         what is installed, and whether it runs
  --logs           what the board has said lately
  --stop           stop playing
HOST is an address; without it the usual ones are tried: $BBB_ADDRESS, 192.168.6.2, bela.local, 192.168.7.2
END
}

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy: $*"; exit 1; }

image=out/image boot=1 dry=0 action=deploy host=
while [ $# -gt 0 ]; do
  case $1 in
    --image) [ $# -ge 2 ] || fail "--image wants a folder"; image=$2; shift ;;
    --no-boot) boot=0 ;;
    --dry-run) dry=1 ;;
    --rollback|--status|--logs|--stop) action=${1#--} ;;
    --help|-h) usage; exit 0 ;;
    -*) fail "wanted an option that --help lists, got $1" ;;
    *) [ -z "$host" ] || fail "wanted one address, got $host and $1"; host=$1 ;;
  esac
  shift
done

# Runs a script on the board: `on_board NAME ARGUMENTS <<'END'`. The board's words come through.
on_board() { $SSH "root@$host" "bash -s -- $*"; }

find_board() {
  local candidate
  for candidate in ${host:-$ADDRESSES}; do
    if $SSH "root@$candidate" true 2>/dev/null; then host=$candidate; return; fi
  done
  fail "wanted a board at ${host:-$ADDRESSES}, nobody answered ssh there: check the cable, or name its address"
}

check_image() {
  [ -f "$image/MANIFEST" ] && [ -f "$image/board.conf" ] && [ -f "$image/render.cpp" ] ||
    fail "wanted an image folder, got $image: make one with \`lodestone build\`"
  (cd "$image" && sha256sum --quiet --strict --check MANIFEST >/dev/null 2>&1) ||
    fail "wanted an image as it was built, got a changed one in $image: build it again"
}

# Prints the generation; refuses a board on which the image cannot work.
check_board() {
  on_board "$BELA" "$VERSIONS" "$NEED_KIB" "$(date -u +%s)" "$dry" <<'END'
set -eu
bela=$1 versions=$2 need=$3 now=$4 dry=$5
[ -f "$bela/Makefile" ] || { echo "deploy: wanted a Bela in $bela, found none: is this the right address?" >&2; exit 1; }
case $(uname -m) in
  aarch64) echo "Bela Gem" ;;
  armv7l) echo "Bela" ;;
  *) echo "a $(uname -m)" ;;
esac
near=$versions; while [ ! -d "$near" ]; do near=$(dirname "$near"); done
free=$(df -Pk "$near" | awk 'NR == 2 { print $4 }')
[ "$free" -ge "$need" ] || { echo "deploy: wanted $((need / 1024)) MB free on the board, found $((free / 1024)): remove old projects" >&2; exit 1; }
# The board has no clock of its own; make compares times.
ours=$(date -u +%s)
if [ "$dry" = 0 ] && [ $((ours > now ? ours - now : now - ours)) -gt 60 ]; then date -u -s "@$now" >/dev/null; fi
END
}

# A folder of its own for each version; equal files are linked to the former one's, so that only changes travel.
upload() {
  name=$(date -u +%Y%m%d-%H%M%S)-$(sha256sum "$image/MANIFEST" | cut -c1-8)
  on_board "$VERSIONS" "$name" <<'END'
set -eu
cd "$(mkdir -p "$1" && cd "$1" && pwd)"
rm -rf incoming.*
mkdir "incoming.$2"
END
  rsync --rsh "$SSH" --recursive --checksum --delete --compress --link-dest "../current" \
    "$image/" "root@$host:$VERSIONS/incoming.$name/" ||
    fail "the copying broke off; the board plays what it played before"
}

# Beside the old version: compiled by Bela's own make under another project name, then run two seconds offline.
# Where only plans and settings are new, the program is the old one: nothing is compiled.
build_and_test() {
  on_board "$BELA" "$VERSIONS" "$name" "$PROJECT" <<'END'
set -eu
bela=$1 versions=$2 name=$3 project=$4
fresh=$versions/incoming.$name trial=$bela/projects/$project-trial
broke() { rm -rf "$trial"; echo "deploy: $1; the board plays what it played before" >&2; exit 1; }
trap 'broke "it was broken off"' HUP INT TERM
(cd "$fresh" && sha256sum --quiet --strict --check MANIFEST >/dev/null 2>&1) || broke "what arrived is not what was sent"
rm -rf "$trial"
mkdir -p "$bela/projects"
cp -a "$fresh" "$trial"
sources() { grep -E '  (render\.cpp|firmware/)' "$1/MANIFEST" || true; }
if [ -x "$versions/current/$project" ] && [ "$(sources "$versions/current")" = "$(sources "$fresh")" ]; then
  cp -a "$versions/current/build" "$versions/current/$project" "$trial/"
else
  make -C "$bela" PROJECT="$project-trial" CPPFLAGS=-std=c++14 >"$versions/build.log" 2>&1 ||
    broke "it does not compile there, see --logs"
  [ -x "$trial/$project-trial" ] || broke "make left no program, see --logs"
  mv "$trial/$project-trial" "$trial/$project"
  # They name the trial's folder, and would have make compile everything again.
  find "$trial/build" -name '*.d' -delete
fi
(cd "$trial" && timeout 60 "./$project" --board Batch --codec-mode "i=700,s=1" >"$versions/test.log" 2>&1) ||
  broke "the self-test failed, see --logs"
rm -rf "$versions/ready.$name"
mv "$trial" "$versions/ready.$name"
rm -rf "$fresh"
END
}

# The only step that the player hears. `current` is a link, and replacing a link is one rename: done, or not done.
# A version that does not say that it plays is taken back.
switch_over() {
  on_board "$BELA" "$VERSIONS" "$1" "$PROJECT" "$boot" "$STATUS" "$PATIENCE" <<'END'
set -eu
bela=$1 versions=$2 fresh=$3 project=$4 boot=$5 status=$6 patience=$7
cd "$versions"
before=$(readlink current 2>/dev/null || true)
place() { ln -sfn "$1" next; mv -T next current; sync; }
start() {
  rm -f "$status"
  make -C "$bela" PROJECT="$project" stop >>build.log 2>&1 || true
  if [ "$boot" = 1 ]; then
    make -C "$bela" PROJECT="$project" startuploop >>build.log 2>&1 && systemctl restart bela_startup
  else
    make -C "$bela" PROJECT="$project" nostartup >>build.log 2>&1; make -C "$bela" PROJECT="$project" runscreen >>build.log 2>&1
  fi
}
plays() {
  for second in $(seq "$patience"); do [ -s "$status" ] && return 0; sleep 1; done
  return 1
}
# What is running goes on even when the cable is pulled here: the rest of this needs no connection.
trap '' HUP INT TERM
place "$fresh"
if [ ! -L "$bela/projects/$project" ]; then
  [ ! -e "$bela/projects/$project" ] || mv "$bela/projects/$project" "$bela/projects/$project-before-lodestone"
  ln -s "$versions/current" "$bela/projects/$project"
fi
if start && plays; then
  if [ -n "$before" ] && [ "$before" != "$fresh" ]; then ln -sfn "$before" previous; fi
  for old in ready.*; do
    [ "$old" = "$fresh" ] || [ "$old" = "$(readlink previous 2>/dev/null || true)" ] || rm -rf "$old"
  done
  exit 0
fi
if [ -n "$before" ] && [ "$before" != "$fresh" ]; then
  place "$before"
  start || true
  echo "deploy: it started and did not play; the board has gone back to what it played before" >&2
else
  echo "deploy: it started and did not play, see --logs" >&2
fi
exit 1
END
}

tell_status() {
  on_board "$VERSIONS" "$STATUS" "$PROJECT" <<'END'
versions=$1 status=$2 project=$3
echo "installed  $(readlink "$versions/current" 2>/dev/null || echo nothing)"
echo "before     $(readlink "$versions/previous" 2>/dev/null || echo nothing)"
if [ -s "$status" ]; then cat "$status"; else echo "it does not play"; fi
END
}

deploy() {
  check_image
  find_board
  board=$(check_board)
  say "The board is at $host: $board"
  if [ "$dry" = 1 ]; then
    say "Would copy $(wc -l <"$image/MANIFEST") files of $image, build and test them beside what plays, and switch over."
    exit 0
  fi
  say "Copying what has changed"
  upload
  say "Building and testing beside what plays (a new program takes minutes, new plans seconds)"
  build_and_test
  say "Switching over"
  switch_over "ready.$name"
  tell_status
}

case $action in
  deploy) deploy ;;
  rollback)
    find_board
    target=$(on_board "$VERSIONS" <<<'readlink "$1/previous" || { echo "deploy: wanted a version before this one, found none" >&2; exit 1; }')
    [ "$dry" = 0 ] || { say "Would go back to $target"; exit 0; }
    switch_over "$target"
    tell_status ;;
  status) find_board; tell_status ;;
  logs)
    find_board
    on_board "$VERSIONS" <<<'cd "$1"; tail -n 40 build.log test.log 2>/dev/null; cat log/board.log.1 log/board.log 2>/dev/null | tail -n 200; journalctl -n 60 --no-pager -u bela_startup 2>/dev/null; true' ;;
  stop)
    find_board
    on_board "$BELA" "$PROJECT" <<<'systemctl stop bela_startup; make -C "$1" PROJECT="$2" stop >/dev/null 2>&1; true' ;;
esac
