#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""defects.py PAGEWALK HARDWARE COUNT: each defect of a netlist (broken_netlist.py) is found by a short campaign.

Without a defect nothing is found. Prints which checks found each. A LUT may be in logic that a short campaign does not
reach, so a few may stay; and what the checks find must not be the comparison with the RTL alone.
"""
import json
import os
import subprocess
import sys

ACCESSES, MACHINE = 600, "csapp14"
FOUND_AT_LEAST = 0.8


def campaign(program, hardware, defect):
    """The checks that found something."""
    command = [program, "fuzz", "--machine", MACHINE, "--hardware", hardware, "--kind", "ports", "--accesses", str(ACCESSES),
               "--seed", os.environ.get("VM_SEED", "1"), "--jobs", "1", "--shrink-seconds", "0", "--json"]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**os.environ, "VM_NETLIST_DEFECT": str(defect)})
    if done.returncode not in (0, 1):
        sys.exit(f"defects: status {done.returncode}: {' '.join(command)}")
    return {check for failure in json.loads(done.stdout)["failures"] for check in failure["checks"]}


def main():
    program, hardware, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if clean := campaign(program, hardware, 0):
        sys.exit(f"defects: without a defect {', '.join(sorted(clean))} found something")
    found = []
    for defect in range(1, count + 1):
        checks = campaign(program, hardware, defect)
        print(f"{'found' if checks else 'NOT FOUND'} {defect:>3}  {' '.join(sorted(checks))}", flush=True)
        if checks:
            found.append({check.split(".")[0] for check in checks})
    print(f"{len(found)} of {count} found")
    if len(found) < FOUND_AT_LEAST * count:
        sys.exit(f"defects: expected {FOUND_AT_LEAST:.0%} at least")
    others = set().union(*found) - {"netlist", "protocol", "crash"}
    if not others & {"data", "translation", "traffic", "counters"}:
        sys.exit("defects: only the comparison with the RTL found any: the checks do not see the netlist")


main()
