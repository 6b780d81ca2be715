# Switches over to a version, and back where that does not play.
# shellcheck shell=bash disable=SC2154 # deploy.sh sends PROJECT BELA VERSIONS STATUS STARTUP NEED_KIB PATIENCE boot dry name outcome

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
    own_the_ide
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

# A board whose settings tool starts the IDE's last project at power-on, over whatever the service plays, shall start ours; what
# it was is kept, for `--no-boot` and for a first version that does not play.
own_the_ide() {
  [ -f "$BELA/IDE/settings.json" ] || return 0
  [ "$boot" = 1 ] || { give_back_the_ide; return 0; }
  [ "$(last_in_ide)" != "$PROJECT" ] || return 0
  last_in_ide >"$VERSIONS/ide-project"
  set_last_in_ide "$PROJECT"
}

give_back_the_ide() {
  [ -s "$VERSIONS/ide-project" ] && [ -f "$BELA/IDE/settings.json" ] || return 0
  [ "$(last_in_ide)" != "$PROJECT" ] || set_last_in_ide "$(cat "$VERSIONS/ide-project")"
  rm -f "$VERSIONS/ide-project"
}

last_in_ide() { sed -n 's/.*"project": *"\([^"]*\)".*/\1/p' "$BELA/IDE/settings.json" | head -n 1; }
set_last_in_ide() {
  local settings=$BELA/IDE/settings.json
  sed 's/\("project": *"\)[^"]*/\1'"$1"'/' "$settings" >"$settings.new" && mv "$settings.new" "$settings" || true
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
  give_back_the_ide
  rm -f current "$link"
  [ ! -e "$link-before-lodestone" ] || mv "$link-before-lodestone" "$link"
  case $booted in
    *ACTIVE=1*) printf '%s' "$booted" >"$STARTUP"; service enable; service restart ;;
  esac || true
}
