# SPDX-License-Identifier: Apache-2.0
"""run_yosys.py SCRIPT LOG: run the Yosys commands of SCRIPT, one a line, with all output in LOG.

A process of its own, because Yosys ends the process on an error and writes to the C-level standard output.
"""
import os
import sys

from pyosys import libyosys


def main() -> None:
    script, log = sys.argv[1:]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    with open(script, encoding="utf-8") as commands:
        design = libyosys.Design()
        for command in commands.read().splitlines():
            if command.strip():
                libyosys.run_pass(command, design)


main()
