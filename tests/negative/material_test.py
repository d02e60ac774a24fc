#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/material finds what can be wrong with docs/seeds.md."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/seeds.md").read_text()


def row(line):
    return re.search(rf"^\| {re.escape(line)} \|.*$", TEXT, re.MULTILINE)[0]


def with_row(line, change):
    return TEXT.replace(row(line), change(row(line)))


# What is done to the document, and what must be said of it.
CASES = {
    "a line without a scenario": (with_row("003.1", lambda r: re.sub(r"`[^`]*`", "", r)), "003.1: no scenario on corei7"),
    "no RISC-V machine": (with_row("002.8", lambda r: r.replace("`sv39-bad-entries`", "")),
                          "002.8: no scenario on a RISC-V machine"),
    "a scenario that is gone": (with_row("002.8", lambda r: r.replace("corei7-rights", "corei7-wrongs")),
                                "002.8: there is no scenario corei7-wrongs"),
    "a scenario of another machine": (with_row("002.8", lambda r: r.replace("corei7-rights", "sv39-fork")),
                                      "002.8: sv39-fork runs on sv39, not on corei7"),
    "another machine than the only one": (with_row("004.7", lambda r: r.replace("`csapp14-tlb-write`", "`toy5`")),
                                          "004.7: toy5 runs on toy5, not on csapp14"),
    "a line that is missing": (TEXT.replace(row("004.3") + "\n", ""), "expected 001.1"),
    "a scenario of what is not built": (with_row("002.14", lambda r: r.replace("| | |", "| `corei7-fork` | |")),
                                        "002.14: has a scenario"),
}


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        document = pathlib.Path(directory) / "seeds.md"
        for name, (text, wanted) in CASES.items():
            document.write_text(text)
            run = subprocess.run([ROOT / "scripts/material", document], capture_output=True, text=True, check=False)
            if text == TEXT or run.returncode != 1 or wanted not in run.stderr:
                print(f"{name}: exit status {run.returncode}, expected 1 and '{wanted}': {run.stderr}", file=sys.stderr)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
