# What is asked of a board before anything is sent, and where what is sent goes.
# shellcheck shell=bash disable=SC2154 # deploy.sh sends PROJECT BELA VERSIONS STATUS STARTUP NEED_KIB PATIENCE boot dry name outcome

fail() { echo "deploy: $*" >&2; exit 1; }

# check_board ARGUMENTS SECONDS: prints the generation; refuses a board on which the image cannot work.
check_board() {
  set -eu
  [ -f "$BELA/Makefile" ] || fail "wanted a Bela in $BELA, found none: is this the right address?"
  [ ! -f "$BELA/include/Bela.h" ] || grep -q Bela_stopRequested "$BELA/include/Bela.h" ||
    fail "wanted a Bela core of May 2020 or later, found an older one in $BELA: update it as learn.bela.io tells"
  command -v rsync >/dev/null || fail "wanted rsync on the board, found none: install it there"
  command -v sha256sum >/dev/null || fail "wanted sha256sum on the board, found none: install coreutils there"
  case $(uname -m) in
    aarch64) echo "Bela Gem" ;;
    armv7l) echo "Bela" ;;
    *) echo "a $(uname -m)" ;;
  esac
  case "$(uname -m) $1" in
    armv7l*-r*) fail "wanted an image for a Bela, got one for a Gem: set \`board\` in instrument.toml, and build it again" ;;
  esac
  check_room
  set_clock "$2"
}

check_room() {
  local near=$VERSIONS free
  while [ ! -d "$near" ]; do near=$(dirname "$near"); done
  free=$(df -Pk "$near" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$NEED_KIB" ] ||
    fail "wanted $((NEED_KIB / 1024)) MB free on the board, found $((free / 1024)): remove old projects"
}

# The board has no clock of its own; make compares times.
set_clock() {
  local now=$1 ours
  ours=$(date -u +%s)
  if [ "$dry" = 0 ] && [ $((ours > now ? ours - now : now - ours)) -gt 60 ]; then
    date -u -s "@$now" >/dev/null 2>&1 ||
      fail "wanted the board's clock at $(date -u -d "@$now" '+%Y-%m-%d %H:%M'), found $(date -u '+%Y-%m-%d %H:%M') and may not set it: make compares times; set it there"
  fi
}

# An earlier deploy that lost its connection may still be at work there: it makes way, unless it is switching over.
# Prints how rsync finds what is there already.
make_room_for_a_version() {
  set -eu
  cd "$(mkdir -p "$VERSIONS" && cd "$VERSIONS" && pwd)"
  exec 9>lock
  if ! flock -n 9; then
    kill "$(cat at-work)" 2>/dev/null || true
    flock -w $((2 * PATIENCE + 30)) 9 || fail "another one is at work on this board: try again when it is done"
  fi
  rm -rf incoming.*
  mkdir "incoming.$name"
  [ ! -d current ] || echo --link-dest=../current
}
