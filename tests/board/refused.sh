#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# refused.sh BOARD_SIM PAGEWALK: what cannot be run on a board ends with exit status 2 and one sentence.
set -u
sim=$1
pagewalk=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

refused() {  # SENTENCE COMMAND...
  sentence=$1
  shift
  "$@" >"$log" 2>&1
  status=$?
  if [ $status -ne 2 ] || ! grep -qF "$sentence" "$log"; then
    echo "expected exit status 2 and '$sentence' from: $*"
    echo "found exit status $status and:"
    cat "$log"
    failed=1
  fi
}

fork=sim/scenarios/sv39-ulx3s-fork.pwt
on_sim() { sentence=$1; shift; refused "$sentence" "$sim" -- "$pagewalk" "$@" --target 'serial:{}'; }

refused "found no board at '/dev/no-such-board'" "$pagewalk" run $fork --target serial:/dev/no-such-board
refused "expected a serial device" "$pagewalk" run $fork --target serial:/dev/null
refused "expected serial:PATH or serial:PATH@BAUD" "$pagewalk" run $fork --target ttyUSB0
refused "found a speed of 9600 baud" "$pagewalk" run $fork --target serial:/dev/null@9600
refused "on which nobody answers" "$sim" --drop 1 -- "$pagewalk" run $fork --target 'serial:{}'
on_sim "found a board with another machine than sv39" run sim/scenarios/sv39-fork.pwt
on_sim "expected the one on the board" fuzz --machine all
on_sim "expected traffic for an operating system" fuzz --machine sv39-ulx3s --kind ports
on_sim 'found `ports`' run tests/board/ports.pwt
on_sim 'found `latency`' run tests/board/latency.pwt
on_sim "expected them in the board's memory" run tests/board/beyond.pwt
exit $failed
