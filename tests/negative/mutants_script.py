#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/mutants fails where it has to: nothing is built or simulated here, `pagewalk fuzz` and the build are stand-ins."""

import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
loader = importlib.machinery.SourceFileLoader("mutants", str(ROOT / "scripts/mutants"))
mutants = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
loader.exec_module(mutants)
NAME = "t1_bubble_after_hit"  # check: time


def answer(*checks):
    failures = [{"checks": list(checks), "shrunk": "small.pwt", "shrunk_lines": 9}] if checks else []
    return {"failures": failures, "accesses": 100, "cycles": 3000, "seconds": 0.5}


def run(found, unbuilt=()):
    """Exit status and summary of a run in which the fuzzer found this."""
    result = mock.Mock(returncode=1 if found["failures"] else 0, stdout=json.dumps(found), stderr="")
    out = io.StringIO()
    with mock.patch.object(sys, "argv", ["mutants", "--json", "--only", NAME]), \
         mock.patch.object(mutants, "check_patches", return_value={}), \
         mock.patch.object(mutants, "build", return_value=list(unbuilt)), \
         mock.patch.object(mutants.subprocess, "run", return_value=result), \
         redirect_stdout(out), redirect_stderr(io.StringIO()):
        status = mutants.main()
    return status, json.loads(out.getvalue())


class MutantsTest(unittest.TestCase):
    def test_found_by_its_check_among_others(self):
        status, summary = run(answer("translation.walk", "time"))
        self.assertEqual((status, summary["listed"], summary["caught"]), (0, 1, 1))
        self.assertEqual(summary["mutants"][0]["found_by"], ["time", "translation"])

    def test_found_by_another_check_only(self):
        self.assertEqual(run(answer("translation.walk"))[0], 1)

    def test_not_found(self):
        self.assertEqual(run(answer())[0], 1)

    def test_not_built(self):
        self.assertEqual(run(answer("time"), [NAME])[0], 1)

    def test_header_without_a_check(self):
        patch = mock.Mock(stem="x")
        patch.read_text.return_value = "machine: toy5\nwhat: nothing\n\n--- a/rtl/x.sv\n"
        with self.assertRaises(mutants.BadPatch):
            mutants.Mutant(patch)

    def test_patch_that_does_not_apply(self):
        mutant = mock.Mock(patch=ROOT / "Makefile")
        mutant.name = "x"
        self.assertEqual(list(mutants.check_patches([mutant])), ["x"])


if __name__ == "__main__":
    unittest.main()
