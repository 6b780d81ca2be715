# What a board tells of itself; stopping it.
# shellcheck shell=bash disable=SC2154 # deploy.sh sends PROJECT BELA VERSIONS STATUS STARTUP NEED_KIB PATIENCE boot dry name outcome

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

# What the version that plays measures here, beside it: `key = value` lines. The status comes twice: before the core
# has the check to bear, and when it has had it.
tell_report() {
  local arguments
  cd "$VERSIONS/current" 2>/dev/null || fail "wanted a version on the board, found none: flash one first"
  arguments=$(cat arguments 2>/dev/null || true)
  echo "machine = $(uname -m) $(uname -r)"
  grep -E '^(underruns|mode) = ' "$STATUS" 2>/dev/null || true
  # shellcheck disable=SC2086 # they are words
  timeout 300 "./$PROJECT-check" --layers $arguments || true
  sleep 2  # the status is written once a second
  cat "$STATUS" 2>/dev/null || true
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
