# SPDX-License-Identifier: Apache-2.0
"""enum_tables.py DIRECTORY: write GTKWave translate files, one per enum of rtl/, so that waves show words.

DIRECTORY/<package or module>.<type>.txt holds "value name" lines. GTKWave knows the enums of an FST file itself only for
variables, not for members of structs.
"""
import pathlib
import re
import sys

ENUM = re.compile(r"typedef enum logic(?: \[(?P<msb>\d+):0\])? \{(?P<body>.*?)\} (?P<name>\w+);", re.DOTALL)


def tables(text):
    """(type name, [(value, constant name)]) of each enum in a source file."""
    for enum in ENUM.finditer(text):
        body = re.sub(r"//[^\n]*", "", enum["body"])
        value, rows = 0, []
        for item in filter(None, (part.strip() for part in body.split(","))):
            constant, _, given = (part.strip() for part in item.partition("="))
            if given:
                literal = re.fullmatch(r"(?:\d+'(?P<base>[bdh]))?(?P<digits>[0-9a-fA-F_]+)", given)
                value = int(literal["digits"], {"b": 2, "h": 16}.get(literal["base"], 10))
            rows.append((value, constant))
            value += 1
        yield enum["name"], rows


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for source in sorted(pathlib.Path(__file__).parent.parent.glob("rtl/*.sv")):
        for name, rows in tables(source.read_text(encoding="utf-8")):
            lines = [f"{value} {constant}\n" for value, constant in rows]
            (directory / f"{source.stem}.{name}.txt").write_text("".join(lines), encoding="utf-8")


main()
