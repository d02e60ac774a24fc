#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bad_line.sh BOARD_SIM PAGEWALK: a scenario and a campaign over a line that spoils, loses and repeats bytes end with the
# right answers, and bytes were spoiled, lost and repeated indeed.
set -eu
sim=$1
pagewalk=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

on_bad_line() {
  "$sim" --seed 3 --spoil 3000 --drop 3000 --repeat 3000 -- "$pagewalk" "$@" --target 'serial:{}' >"$log" 2>&1 ||
    { cat "$log"; exit 1; }
  cat "$log"
  grep -Eq 'bytes spoiled [1-9][0-9]*, lost [1-9][0-9]*, repeated [1-9]' "$log"
}

on_bad_line run sim/scenarios/sv39-ulx3s-fork.pwt
on_bad_line fuzz --machine sv39-ulx3s --seed 3 --accesses 500
