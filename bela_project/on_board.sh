# What deploy.sh runs on the board: it sends its settings and this file to bash there, and a call of one of these
# functions. Nothing but functions is here, so that nothing runs unless all of it has arrived.
# shellcheck shell=bash disable=SC2154 # PROJECT BELA VERSIONS STATUS STARTUP NEED_KIB PATIENCE boot dry name outcome

fail() { echo "deploy: $*" >&2; exit 1; }

# --- before anything is sent

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

# --- copying

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

# --- building and testing, beside the version that plays

# build TELL: compiled by Bela's own make under another project name, then proved by a program of its own. With TELL it
# says how far it is.
build() {
  set -eu
  fresh=$VERSIONS/incoming.$name trial=$BELA/projects/$PROJECT-trial old=$VERSIONS/current job= teller= tell=$1
  proof=$BELA/projects/$PROJECT-check
  exec 9>"$VERSIONS/lock"
  flock -w 60 9 || broke "another deploy is at work there"
  echo $$ >"$VERSIONS/at-work" || disk_is_full
  trap 'broke "it was broken off"' HUP INT TERM
  lay_out_trial
  reuse_objects
  if [ -z "$changed" ] && [ -x "$old/$PROJECT" ] && [ -x "$old/$PROJECT-check" ]; then
    cp -a "$old/$PROJECT" "$old/$PROJECT-check" "$trial/" || disk_is_full
  else
    compile
  fi
  self_test
  make_ready
}

broke() {
  [ -z "$job$teller" ] || { kill $job $teller && wait $job; } 2>/dev/null || true
  rm -rf "$trial" "$proof" "$fresh"
  fail "$1; $outcome"
}

disk_is_full() { broke "the board's disk is full or failing"; }

# In the background, so that a signal ends it at once.
at_once() {
  local result=0
  "$@" & job=$!
  wait "$job" || result=$?
  job=
  return "$result"
}

lay_out_trial() {
  (cd "$fresh" && sha256sum --quiet --strict --check MANIFEST >/dev/null 2>&1) ||
    broke "what arrived is not what was sent"
  rm -rf "$trial"
  mkdir -p "$BELA/projects" && cp -a "$fresh" "$trial" || disk_is_full
}

sources() { grep -E '  (render\.cpp|check\.cc|firmware/)' "$1/MANIFEST" || true; }

# What was compiled for the version before, of the same sources and with the same tools, is not compiled again.
# Leaves in `changed` the sources that differ, in `tools` what they are compiled with.
reuse_objects() {
  local object
  tools=$({ clang --version; gcc --version; cat "$BELA/Makefile" "$BELA/include/Bela.h"; } 2>/dev/null | sha256sum)
  changed=everything
  [ "$(cat "$old/build/tools" 2>/dev/null)" = "$tools" ] && [ -f "$old/MANIFEST" ] || return 0
  changed=$({ sources "$old"; sources "$fresh"; } | sort | uniq -u | cut -c67- | sort -u)
  cp -a "$old/build" "$trial/" || disk_is_full
  # Bela's make knows the headers of the topmost sources only: which objects are stale is for us to say.
  find "$trial/build" -name '*.o' | while read -r object; do
    [ -f "${object%.o}.d" ] && { [ -z "$changed" ] || ! grep -qF "$changed" "${object%.o}.d"; } || rm -f "$object"
  done
}

compile() {
  mkdir -p "$trial/build"
  find "$trial/build" -name '*.o' -exec touch {} +
  if [ -n "$tell" ]; then tell_progress & teller=$!; fi
  at_once make -C "$BELA" PROJECT="$PROJECT-trial" CPPFLAGS=-std=c++14 >"$VERSIONS/build.log" 2>&1 9>&- ||
    broke "it does not compile there, see --logs"
  [ -z "$teller" ] || { kill "$teller" && echo >&2; } || true
  [ -x "$trial/$PROJECT-trial" ] || broke "make left no program, see --logs"
  mv "$trial/$PROJECT-trial" "$trial/$PROJECT" || disk_is_full
  compile_check
  echo "$tools" >"$trial/build/tools" || disk_is_full
}

# The program that proves the image has a main of its own, which Bela's make takes instead of Bela's: it is a project of one
# source, linked with the objects of the other.
compile_check() {
  rm -rf "$proof"
  mkdir "$proof" && cp "$trial/check.cc" "$proof/check.cpp" || disk_is_full
  at_once make -C "$BELA" PROJECT="$PROJECT-check" CPPFLAGS="-std=c++14 -I$trial" \
    LDLIBS="$(find "$trial/build" -name '*.o' ! -path "$trial/build/render.o" | tr '\n' ' ')" >>"$VERSIONS/build.log" 2>&1 9>&- ||
    broke "its check does not compile there, see --logs"
  mv "$proof/$PROJECT-check" "$trial/" && rm -rf "$proof" || disk_is_full
}

tell_progress() {
  exec 9>&-
  while sleep 1; do
    printf '\r%s of %s sources' "$(find "$trial/build" -name '*.o' | wc -l)" "$(find "$trial" -name '*.cpp' | wc -l)" >&2
  done
}

# It never begins Bela's audio, which a second program is refused, and leaves the core to what plays.
self_test() {
  local arguments passed=0
  arguments=$(cat "$trial/arguments" 2>/dev/null || true)
  cd "$trial"
  # shellcheck disable=SC2086 # they are words
  at_once timeout 300 "./$PROJECT-check" $arguments >"$VERSIONS/test.log" 2>&1 9>&- || passed=$?
  sed -n 's/^note: /deploy: note: /p; s/^refused: /deploy: refused: /p' "$VERSIONS/test.log" >&2
  [ "$passed" = 0 ] || broke "the self-test failed, see --logs"
}

make_ready() {
  cd "$VERSIONS"
  sync
  # Switching over writes little, but that little must be whole.
  [ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -ge 1000 ] || disk_is_full
  rm -rf "ready.$name"
  mv "$trial" "ready.$name" || disk_is_full
  rm -rf "$fresh"
}

# --- switching over

# switch_over VERSION. `current` is a link, and replacing a link is one rename: done, or not done.
# A version that does not say that it plays is taken back.
switch_over() {
  set -eu
  fresh=$1
  # What is running goes on even when the cable is pulled here: the rest of this needs no connection.
  trap '' HUP INT TERM PIPE
  cd "$VERSIONS"
  exec 9>lock
  flock -w 60 9 || fail "another one is at work on this board: try again when it is done"
  echo $$ >at-work
  before=$(readlink current 2>/dev/null || true)
  booted=$(cat "$STARTUP" 2>/dev/null || true)
  place "$fresh" || fail "the board's disk is full or failing; the board plays what it played before"
  link_project
  if start_project && plays; then
    keep_two
    return 0
  fi
  go_back
  fail "it started and did not play, see --logs; the board has gone back to what it played before"
}

place() { ln -sfn "$1" next && mv -T next current && sync; }
bela_make() { make -C "$BELA" PROJECT="$PROJECT" CPPFLAGS=-std=c++14 "$@" >>"$STATUS.log" 2>&1 9>&-; }
service() { systemctl "$@" bela_startup >>"$STATUS.log" 2>&1 9>&-; }

# Bela starts projects: its project of our name is a link to the current version. Another one of that name steps aside.
link_project() {
  local link=$BELA/projects/$PROJECT
  [ ! -L "$link" ] || return 0
  [ ! -e "$link" ] || mv "$link" "$link-before-lodestone"
  ln -s "$VERSIONS/current" "$link"
}

start_project() {
  local arguments
  arguments=$(cat current/arguments 2>/dev/null || true)
  : >"$STATUS.log"
  bela_make stop || true
  rm -f "$STATUS"  # only now: the one that played may have written it once more
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
  for second in $(seq "$PATIENCE"); do [ -s "$STATUS" ] && return 0; sleep 1; done
  return 1
}

keep_two() {
  local one
  if [ -n "$before" ] && [ "$before" != "$fresh" ]; then ln -sfn "$before" previous; fi
  for one in ready.*; do
    [ "$one" = "$fresh" ] || [ "$one" = "$(readlink previous 2>/dev/null || true)" ] || rm -rf "$one"
  done
}

# To the version before, or to whatever else the board played when it started.
go_back() {
  [ -n "$before" ] || { give_back; return; }
  [ "$before" = "$fresh" ] || place "$before"
  case $booted in *ACTIVE=1*"PROJECT=$PROJECT"*) boot=1 ;; *) boot=0 ;; esac
  start_project || true
}

give_back() {
  local link=$BELA/projects/$PROJECT
  bela_make stop || true
  bela_make nostartup || true
  rm -f current "$link"
  [ ! -e "$link-before-lodestone" ] || mv "$link-before-lodestone" "$link"
  case $booted in
    *ACTIVE=1*) printf '%s' "$booted" >"$STARTUP"; service enable; service restart ;;
  esac || true
}

# --- asking

tell_status() {
  echo "installed  $(readlink "$VERSIONS/current" 2>/dev/null || echo nothing)"
  echo "before     $(readlink "$VERSIONS/previous" 2>/dev/null || echo nothing)"
  if [ -s "$STATUS" ]; then cat "$STATUS"; else echo "it does not play"; fi
}

tell_logs() {
  cd "$VERSIONS" 2>/dev/null && tail -n 40 build.log test.log 2>/dev/null
  cat log/board.log.1 log/board.log 2>/dev/null | tail -n 200
  tail -n 20 "$STATUS.log" 2>/dev/null
  journalctl -n 60 --no-pager -u bela_startup 2>/dev/null
  true
}

# What the version that plays measures here, beside it: `key = value` lines.
tell_report() {
  local arguments pid
  cd "$VERSIONS/current" 2>/dev/null || fail "wanted a version on the board, found none: flash one first"
  arguments=$(cat arguments 2>/dev/null || true)
  echo "machine = $(uname -m) $(uname -r)"
  grep -E '^(underruns|mode) = ' "$STATUS" 2>/dev/null || true
  # shellcheck disable=SC2086 # they are words
  timeout 300 "./$PROJECT-check" $arguments || true
  sleep 2  # the status is written once a second
  cat "$STATUS" 2>/dev/null || true
  echo "board_uptime_s = $(cut -d ' ' -f 1 /proc/uptime)"
  pid=$(pidof "$PROJECT" 2>/dev/null | cut -d ' ' -f 1)
  [ -z "$pid" ] || awk '/^VmRSS:/ { print "memory_kib = " $2 }' "/proc/$pid/status"
  awk '/bela-audio/ { print "audio_mode_switches = " $4 }' /proc/xenomai/sched/stat 2>/dev/null || true
}

stop_playing() {
  systemctl stop bela_startup
  make -C "$BELA" PROJECT="$PROJECT" stop >/dev/null 2>&1
  true
}

# 1 unless Bela has been told to start nothing, or something else.
tell_boot() {
  case $(cat "$STARTUP" 2>/dev/null) in *ACTIVE=1*"PROJECT=$PROJECT"*|"") echo 1 ;; *) echo 0 ;; esac
}

tell_previous() {
  readlink "$VERSIONS/previous" || fail "wanted a version before this one, found none"
}
