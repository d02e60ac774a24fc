# SPDX-License-Identifier: Apache-2.0
"""run_yosys.py SCRIPT: run the Yosys commands of SCRIPT, one a line.

A process of its own, because Yosys ends the process on an error and writes to the C-level standard output.
"""
import sys

from pyosys import libyosys


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as commands:
        design = libyosys.Design()
        for command in commands.read().splitlines():
            if command.strip():
                libyosys.run_pass(command, design)


main()
