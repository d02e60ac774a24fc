#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gatesim_test.py: scripts/gatesim fails if a part of it has compared nothing or found something, and sums up each family.

Builds and runs nothing: cmake and pagewalk are stand-ins, the latter says what each case has it say.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGEWALK = """#!/usr/bin/env python3
import json, os, sys
target = sys.argv[sys.argv.index("--target") + 1]
said = {**json.loads(os.environ["SAID"])["usual"], **json.loads(os.environ["SAID"]).get(sys.argv[1] + " " + target, {})}
print(json.dumps({**said, "runs": [], "failures": []}))
"""
USUAL = {"accesses": 7, "translations": 9, "cycles": 100, "mismatches": 0}


def gatesim(folder, said):
    """Exit status and lines."""
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SAID": json.dumps({"usual": USUAL, **said})}
    done = subprocess.run([ROOT / "scripts/gatesim", "--machine", "csapp14", "--seed", "1", "--build", folder], check=False,
                          text=True, stdout=subprocess.PIPE, env=environment)
    return done.returncode, done.stdout.splitlines()


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("cmake", "#!/bin/sh\n"), ("pagewalk", PAGEWALK)):
            path = pathlib.Path(folder) / name
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)
        status, lines = gatesim(folder, {})
        wanted = [f"ok   {family:<6}      14 accesses      18 translations       200 cycles   0 mismatches"
                  for family in ("ecp5", "ice40")]
        if status != 0 or lines[-2:] != wanted:
            sys.exit(f"gatesim_test: found status {status} and {lines}, expected 0 and at the end {wanted}")
        for part in ("run gates:ecp5", "fuzz gates:ecp5", "run gates:ice40", "fuzz gates:ice40"):
            for bad in ({"accesses": 0}, {"translations": 0}, {"mismatches": 1}):
                status, lines = gatesim(folder, {part: bad})
                # The part, and its family at the end.
                if status != 1 or sum(line.startswith(f"FAIL {part.split(':')[1]}") for line in lines) != 2:
                    sys.exit(f"gatesim_test: {part} with {bad}: found status {status} and {lines}, expected 1 and FAIL of it")


main()
