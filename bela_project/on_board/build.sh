# Builds and tests a version beside the one that plays.
# shellcheck shell=bash disable=SC2154 # deploy.sh sends PROJECT BELA VERSIONS STATUS STARTUP NEED_KIB PATIENCE boot dry name outcome

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
