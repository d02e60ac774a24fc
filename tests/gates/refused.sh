#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# refused.sh PAGEWALK: a netlist that is not there ends with exit status 2 and one sentence.
set -u
pagewalk=$1
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

scenario=sim/scenarios/corei7-fork.pwt
refused "expected gates:ecp5 or gates:ice40" "$pagewalk" run $scenario --target gates:virtex
refused "found no netlist of corei7 for ice40" "$pagewalk" run $scenario --target gates:ice40
refused "found no netlist of corei7 for ice40" "$pagewalk" fuzz --machine corei7 --target gates:ice40
refused "expected a built-in one" "$pagewalk" fuzz --target gates:ecp5
refused "expected one of the three" "$pagewalk" fuzz --machine csapp14 --model --target gates:ecp5
refused "a board has no waves" "$pagewalk" replay $scenario --target serial:/dev/null
refused "found --waves with --target serial" "$pagewalk" run $scenario --target serial:/dev/null --waves x.fst
exit $failed
