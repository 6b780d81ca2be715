#!/bin/bash
# What Bela's service runs, with startup_env in its environment.
if [ "$ACTIVE" -eq 0 ]; then
  echo "No Bela project set to run on boot" >&2
  make -C /root/Bela stopstartup
  exit 1
fi
/usr/bin/make -C /root/Bela PROJECT="$PROJECT" runonly CL="$ARGS"
