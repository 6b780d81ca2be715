#!/usr/bin/env bash
# Puts an image on a Bela over ssh and rsync alone, and never leaves the board without a working version:
# the new one is built and tested beside the old one, and takes its place in one rename.
# `./deploy.sh --help` lists what it does; docs/board.md tells what lies where on the board.
set -euo pipefail

PROJECT=lodestone
BELA=${LODESTONE_BELA:-/root/Bela}
VERSIONS=${LODESTONE_VERSIONS:-/root/lodestone}
STATUS=${LODESTONE_STATUS:-/run/lodestone.status}
STARTUP=${LODESTONE_STARTUP:-/opt/Bela/startup_env}
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

# What a connection that breaks off, or Ctrl-C, comes to.
outcome="the board plays what it played before"
trap 'say ""; fail "broken off; $outcome"' INT TERM

# Runs a script on the board: `on_board ARGUMENTS <<'END'`. The board's words come through. The script is a function
# there, so that none of it runs unless all of it has arrived.
on_board() {
  local result=0
  { printf 'board() {\n'; cat; printf '\n}\nboard "$@"; exit $?\n'; } |
    $SSH "root@$host" "bash -s -- $(printf '%q ' "$@")" || result=$?
  [ "$result" -lt 128 ] || fail "the connection broke off; $outcome"
  return "$result"
}

find_board() {
  local candidate
  for candidate in ${host:-$ADDRESSES}; do
    if $SSH "root@$candidate" true </dev/null 2>/dev/null; then host=$candidate; return; fi
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
  on_board "$BELA" "$VERSIONS" "$NEED_KIB" "$(date -u +%s)" "$dry" "$(cat "$image/arguments" 2>/dev/null)" <<'END'
set -eu
bela=$1 versions=$2 need=$3 now=$4 dry=$5 arguments=$6
[ -f "$bela/Makefile" ] || { echo "deploy: wanted a Bela in $bela, found none: is this the right address?" >&2; exit 1; }
command -v rsync >/dev/null || { echo "deploy: wanted rsync on the board, found none: install it there" >&2; exit 1; }
case $(uname -m) in
  aarch64) echo "Bela Gem" ;;
  armv7l) echo "Bela" ;;
  *) echo "a $(uname -m)" ;;
esac
case "$(uname -m) $arguments" in
  armv7l*-r*) echo "deploy: wanted an image for a Bela, got one for a Gem: set \`board\` in instrument.toml, and build it again" >&2; exit 1 ;;
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
# An earlier deploy that lost its connection may still be at work there: it makes way, unless it is switching over.
upload() {
  name=$(date -u +%Y%m%d-%H%M%S)-$(sha256sum "$image/MANIFEST" | cut -c1-8)
  local linked
  linked=$(on_board "$VERSIONS" "$name" "$((2 * PATIENCE + 30))" <<'END'
set -eu
cd "$(mkdir -p "$1" && cd "$1" && pwd)"
exec 9>lock
if ! flock -n 9; then
  kill "$(cat at-work)" 2>/dev/null || true
  flock -w "$3" 9 || { echo "deploy: another one is at work on this board: try again when it is done" >&2; exit 1; }
fi
rm -rf incoming.*
mkdir "incoming.$2"
[ ! -d current ] || echo --link-dest=../current
END
  )
  # A changed file travels whole: patching it from the former one has failed between rsync 3.5 and the Gem's 3.2.7.
  # shellcheck disable=SC2086 # an option, or none
  rsync --rsh "$SSH" --recursive --checksum --whole-file --delete --compress $linked \
    "$image/" "root@$host:$VERSIONS/incoming.$name/" || {
    (on_board "$VERSIONS/incoming.$name" <<<'rm -rf "$1"') 2>/dev/null || true
    fail "the copying broke off; $outcome"
  }
}

# Beside the old version: compiled by Bela's own make under another project name, then run a moment offline.
# What was compiled for the version before, of the same sources and with the same tools, is not compiled again.
build_and_test() {
  on_board "$BELA" "$VERSIONS" "$name" "$PROJECT" "$outcome" "$([ ! -t 2 ] || echo tell)" <<'END'
set -eu
bela=$1 versions=$2 name=$3 project=$4 outcome=$5 tell=$6
fresh=$versions/incoming.$name trial=$bela/projects/$project-trial old=$versions/current job= teller=
broke() {
  [ -z "$job$teller" ] || { kill $job $teller && wait $job; } 2>/dev/null || true
  rm -rf "$trial" "$fresh"
  echo "deploy: $1; $outcome" >&2
  exit 1
}
full() { broke "the board's disk is full or failing"; }
exec 9>"$versions/lock"
flock -w 60 9 || broke "another deploy is at work there"
echo $$ >"$versions/at-work" || full
trap 'broke "it was broken off"' HUP INT TERM
# In the background, so that a signal ends it at once.
at_once() {
  local result=0
  "$@" & job=$!
  wait "$job" || result=$?
  job=
  return "$result"
}

count() {
  exec 9>&-
  while sleep 1; do
    printf '\r%s of %s sources' "$(find "$trial/build" -name '*.o' | wc -l)" "$(find "$trial" -name '*.cpp' | wc -l)" >&2
  done
}

(cd "$fresh" && sha256sum --quiet --strict --check MANIFEST >/dev/null 2>&1) || broke "what arrived is not what was sent"
rm -rf "$trial"
mkdir -p "$bela/projects" && cp -a "$fresh" "$trial" || full

sources() { grep -E '  (render\.cpp|firmware/)' "$1/MANIFEST" || true; }
tools=$({ clang --version; gcc --version; cat "$bela/Makefile" "$bela/include/Bela.h"; } 2>/dev/null | sha256sum)
changed=everything
if [ "$(cat "$old/build/tools" 2>/dev/null)" = "$tools" ] && [ -f "$old/MANIFEST" ]; then
  changed=$({ sources "$old"; sources "$fresh"; } | sort | uniq -u | cut -c67- | sort -u)
  cp -a "$old/build" "$trial/" || full
  # Bela's make knows the headers of the topmost sources only: which objects are stale is for us to say.
  find "$trial/build" -name '*.o' | while read -r object; do
    [ -f "${object%.o}.d" ] && { [ -z "$changed" ] || ! grep -qF "$changed" "${object%.o}.d"; } || rm -f "$object"
  done
fi
if [ -z "$changed" ] && [ -x "$old/$project" ]; then
  cp -a "$old/$project" "$trial/" || full
else
  mkdir -p "$trial/build"
  find "$trial/build" -name '*.o' -exec touch {} +
  if [ -n "$tell" ]; then count & teller=$!; fi
  at_once make -C "$bela" PROJECT="$project-trial" CPPFLAGS=-std=c++14 >"$versions/build.log" 2>&1 9>&- ||
    broke "it does not compile there, see --logs"
  [ -z "$teller" ] || { kill "$teller" && echo >&2; } || true
  [ -x "$trial/$project-trial" ] || broke "make left no program, see --logs"
  mv "$trial/$project-trial" "$trial/$project" && echo "$tools" >"$trial/build/tools" || full
fi
arguments=$(cat "$trial/arguments" 2>/dev/null || true)
cd "$trial"
# shellcheck disable=SC2086 # they are words
at_once timeout 60 "./$project" --board Batch --codec-mode "i=700,s=1" $arguments >"$versions/test.log" 2>&1 9>&- ||
  broke "the self-test failed, see --logs"
cd "$versions"
sync
# Switching over writes little, but that little must be whole.
[ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -ge 1000 ] || full
rm -rf "ready.$name"
mv "$trial" "ready.$name" || full
rm -rf "$fresh"
END
}

# The only step that the player hears. `current` is a link, and replacing a link is one rename: done, or not done.
# A version that does not say that it plays is taken back.
switch_over() {
  outcome="what has begun there goes on without us: see --status"
  on_board "$BELA" "$VERSIONS" "$1" "$PROJECT" "$boot" "$STATUS" "$PATIENCE" "$STARTUP" <<'END'
set -eu
bela=$1 versions=$2 fresh=$3 project=$4 boot=$5 status=$6 patience=$7 startup=$8
# What is running goes on even when the cable is pulled here: the rest of this needs no connection.
trap '' HUP INT TERM PIPE
cd "$versions"
exec 9>lock
flock -w 60 9 || { echo "deploy: another one is at work on this board: try again when it is done" >&2; exit 1; }
echo $$ >at-work
before=$(readlink current 2>/dev/null || true)
booted=$(cat "$startup" 2>/dev/null || true)
place() { ln -sfn "$1" next && mv -T next current && sync; }
bela_make() { make -C "$bela" PROJECT="$project" CPPFLAGS=-std=c++14 "$@" >>"$status.log" 2>&1 9>&-; }
service() { systemctl "$@" bela_startup >>"$status.log" 2>&1 9>&-; }
start() {
  local arguments
  arguments=$(cat current/arguments 2>/dev/null || true)
  : >"$status.log"
  bela_make stop || true
  rm -f "$status"  # only now: the one that played may have written it once more
  service reset-failed || true
  if [ "$boot" = 1 ]; then
    bela_make startuploop CL="$arguments" && service restart
  else
    bela_make nostartup || true
    bela_make runscreen CL="$arguments"
  fi
}
plays() {
  local second
  for second in $(seq "$patience"); do [ -s "$status" ] && return 0; sleep 1; done
  return 1
}
# To the version before, or to whatever else the board played when it started.
go_back() {
  if [ -n "$before" ]; then
    [ "$before" = "$fresh" ] || place "$before"
    case $booted in *ACTIVE=1*"PROJECT=$project"*) boot=1 ;; *) boot=0 ;; esac
    start || true
  else
    bela_make stop || true
    bela_make nostartup || true
    rm -f current "$bela/projects/$project"
    [ ! -e "$bela/projects/$project-before-lodestone" ] || mv "$bela/projects/$project-before-lodestone" "$bela/projects/$project"
    case $booted in *ACTIVE=1*) printf '%s' "$booted" >"$startup"; service enable; service restart ;; esac || true
  fi
}

place "$fresh" || { echo "deploy: the board's disk is full or failing; the board plays what it played before" >&2; exit 1; }
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
go_back
echo "deploy: it started and did not play, see --logs; the board has gone back to what it played before" >&2
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

# In braces, so that all of this file is read before anything is done, whatever becomes of it meanwhile.
{
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
    on_board "$VERSIONS" "$STATUS" <<'END'
cd "$1" 2>/dev/null && tail -n 40 build.log test.log 2>/dev/null
cat log/board.log.1 log/board.log 2>/dev/null | tail -n 200
tail -n 20 "$2.log" 2>/dev/null
journalctl -n 60 --no-pager -u bela_startup 2>/dev/null
true
END
    ;;
  stop)
    find_board
    on_board "$BELA" "$PROJECT" <<<'systemctl stop bela_startup; make -C "$1" PROJECT="$2" stop >/dev/null 2>&1; true' ;;
esac
exit
}
