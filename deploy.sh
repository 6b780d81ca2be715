#!/usr/bin/env bash
# Puts an image on a Bela over ssh and rsync alone, and never leaves the board without a working version:
# the new one is built and tested beside the old one, and takes its place in one rename.
# `./deploy.sh --help` lists what it does; docs/board.md tells what lies where on the board.
# What happens on the board is in bela_project/on_board/: functions alone, so that nothing runs unless all has arrived.
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

image=out/image boot=1 dry=0 action=deploy host= name=
# What a connection that breaks off, or Ctrl-C, comes to.
outcome="the board plays what it played before"

usage() {
  cat <<'END'
./deploy.sh [options] [HOST]    puts out/image on the board and starts it
  --image FOLDER   another image (made by `lodestone build`)
  --no-boot        do not start it whenever the board starts
  --dry-run        say what would be done, change nothing
  --rollback       back to the version before
  --status         what is installed, and whether it runs
  --logs           what the board has said lately
  --report         what the board measures of itself, for `lodestone board report`
  --stop           stop playing
HOST is an address; without it the usual ones are tried: $BBB_ADDRESS, 192.168.6.2, bela.local, 192.168.7.2
END
}

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy: $*"; exit 1; }

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --image) [ $# -ge 2 ] || fail "--image wants a folder"; image=$2; shift ;;
      --no-boot) boot=0 ;;
      --dry-run) dry=1 ;;
      --rollback|--status|--logs|--report|--stop) action=${1#--} ;;
      --help|-h) usage; exit 0 ;;
      -*) fail "wanted an option that --help lists, got $1" ;;
      *) [ -z "$host" ] || fail "wanted one address, got $host and $1"; host=$1 ;;
    esac
    shift
  done
}

STEPS=$(cat "$(dirname "${BASH_SOURCE[0]}")"/bela_project/on_board/{check,build,switch,tell}.sh) ||
  fail "wanted bela_project/on_board beside this script, found none or not all: run it where it lies"

# Runs a step, or a program, on the board: `on_board STEP ARGUMENTS`. The board's words come through.
# The call comes last, so that none of it runs unless all of it has arrived.
on_board() {
  local result=0
  {
    declare -p PROJECT BELA VERSIONS STATUS STARTUP NEED_KIB PATIENCE boot dry name outcome
    printf '%s\n' "$STEPS" '"$@"; exit $?'
  } | $SSH "root@$host" "bash -s -- $(printf '%q ' "$@")" || result=$?
  [ "$result" -lt 128 ] || fail "the connection broke off; $outcome"
  return "$result"
}

# What this computer needs, before anything else is looked at. macOS has shasum instead of sha256sum.
check_tools() {
  local tool
  for tool in ssh rsync; do
    [ "$tool" = ssh ] && [ -n "${LODESTONE_SSH:-}" ] && continue
    command -v "$tool" >/dev/null || fail "wanted $tool on this computer, found none: install it"
  done
  if command -v sha256sum >/dev/null; then SHA256="sha256sum"
  elif command -v shasum >/dev/null; then SHA256="shasum -a 256"
  else fail "wanted sha256sum or shasum on this computer, found neither: install coreutils"
  fi
}

check_image() {
  [ -f "$image/MANIFEST" ] && [ -f "$image/board.conf" ] && [ -f "$image/render.cpp" ] ||
    fail "wanted an image folder, got $image: make one with \`lodestone build\`"
  (cd "$image" && $SHA256 -c MANIFEST >/dev/null 2>&1) ||
    fail "wanted an image as it was built, got a changed one in $image: build it again"
}

# The last words of ssh for each address, and what they come to. A board that answers and refuses is the board.
find_board() {
  local candidate words= said=
  for candidate in ${host:-$ADDRESSES}; do
    if words=$($SSH "root@$candidate" true </dev/null 2>&1); then host=$candidate; return; fi
    words=$(printf '%s\n' "$words" | tail -n 1)
    explain_refusal "$candidate" "$words"
    said="$said
  $candidate: ${words:-ssh said nothing}"
  done
  fail "wanted a board at ${host:-$ADDRESSES}, nobody answered ssh there: check the cable, or name its address. ssh said:$said"
}

# explain_refusal ADDRESS WORDS: ends where somebody is there and does not let us in.
explain_refusal() {
  case $2 in
    *"Permission denied"*|*"Too many authentication failures"*)
      fail "wanted to log in as root at $1, got: $2: set a key with \`ssh-copy-id root@$1\`, or take the password away as Bela's image has it" ;;
    *"Host key verification failed"*|*"REMOTE HOST IDENTIFICATION HAS CHANGED"*)
      fail "wanted a board whose key is known at $1, got: $2: forget the old one with \`ssh-keygen -R $1\`" ;;
    *"command not found"*|*"No such file or directory"*)
      fail "wanted ssh on this computer, got: $2: install it" ;;
  esac
}

# A folder of its own for each version; equal files are linked to the former one's, so that only changes travel.
upload() {
  local linked
  name=$(date -u +%Y%m%d-%H%M%S)-$($SHA256 "$image/MANIFEST" | cut -c1-8)
  linked=$(on_board make_room_for_a_version)
  # A changed file travels whole: patching it from the former one has failed between rsync 3.5 and the Gem's 3.2.7.
  # shellcheck disable=SC2086 # an option, or none
  send --recursive --checksum --whole-file --delete --compress $linked || {
    (on_board rm -rf "$VERSIONS/incoming.$name") 2>/dev/null || true
    fail "the copying broke off, rsync's own words are above; $outcome"
  }
}

# An rsync that does not know an option (macOS has openrsync) says so at once: the plainest copy of all is made then.
send() {
  local result=0
  rsync --rsh "$SSH" "$@" "$image/" "root@$host:$VERSIONS/incoming.$name/" || result=$?
  case $result in
    1|4) say "This rsync does not know all options: everything is copied"
       rsync -r -e "$SSH" "$image/" "root@$host:$VERSIONS/incoming.$name/" ;;
    *) return "$result" ;;
  esac
}

# switch_over VERSION
switch_over() {
  outcome="what has begun there goes on without us: see --status"
  on_board switch_over "$1"
}

deploy() {
  local board
  check_image
  find_board
  board=$(on_board check_board "$(cat "$image/arguments" 2>/dev/null)" "$(date -u +%s)")
  say "The board is at $host: $board"
  if [ "$dry" = 1 ]; then
    say "Would copy $(wc -l <"$image/MANIFEST") files of $image, build and test them beside what plays, and switch over."
    return
  fi
  say "Copying what has changed"
  upload
  say "Building and testing beside what plays (a new program takes minutes, new plans seconds)"
  on_board build "$([ ! -t 2 ] || echo tell)"
  say "Switching over"
  switch_over "ready.$name"
  on_board tell_status
}

rollback() {
  local target
  find_board
  target=$(on_board tell_previous)
  [ "$boot" = 0 ] || boot=$(on_board tell_boot)  # it was not to start with the board: it will not now
  if [ "$dry" = 1 ]; then say "Would go back to $target"; return; fi
  switch_over "$target"
  on_board tell_status
}

# In braces, so that all of this file is read before anything is done, whatever becomes of it meanwhile.
{
read_options "$@"
check_tools
trap 'say ""; fail "broken off; $outcome"' INT TERM
case $action in
  deploy) deploy ;;
  rollback) rollback ;;
  status) find_board; on_board tell_status ;;
  logs) find_board; on_board tell_logs ;;
  report) find_board; on_board tell_report ;;
  stop) find_board; on_board stop_playing ;;
esac
exit
}
