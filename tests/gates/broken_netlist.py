#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""broken_netlist.py NETLIST OUT COUNT: a netlist of an ECP5 with COUNT defects, one of which is chosen when it runs.

Defect k inverts the output of one LUT4, spread evenly over the netlist; the environment variable VM_NETLIST_DEFECT says
which (1 to COUNT; 0 or nothing: none; defect.cpp). One build, many defects.
"""
import pathlib
import re
import sys

LUT = re.compile(r"^  LUT4 #\(\n[^;]*?\n  \) (\S+) +\(\n[^;]*?\n  \);\n", re.MULTILINE)
OUTPUT = re.compile(r"\.Z\((.*)\)$", re.MULTILINE)
CHOICE = """
module vm_defect_choice(output integer which);
  import "DPI-C" function int vm_netlist_defect();
  initial which = vm_netlist_defect();
endmodule
"""


def main():
    netlist = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    count = int(sys.argv[3])
    luts = list(LUT.finditer(netlist))
    if len(luts) < count:
        sys.exit(f"broken_netlist: found {len(luts)} LUTs in {sys.argv[1]}, expected {count} at least")
    chosen = [luts[(2 * k + 1) * len(luts) // (2 * count)] for k in range(count)]
    text, end, inverted = "", 0, ""
    for k, lut in enumerate(chosen):
        output = OUTPUT.search(lut[0])
        text += netlist[end:lut.start()] + lut[0].replace(output[0], f".Z(vm_defect_z[{k}])")
        inverted += f"  assign {output[1]} = vm_defect_z[{k}] ^ (vm_defect_which == {k + 1});\n"
        end = lut.end()
    text += netlist[end:]
    header = text.index(");\n") + len(");\n")
    text = (text[:header] + f"  wire [{count - 1}:0] vm_defect_z;\n  integer vm_defect_which;\n"
            "  vm_defect_choice u_defect(.which(vm_defect_which));\n" + text[header:])
    module_end = text.rindex("endmodule")
    pathlib.Path(sys.argv[2]).write_text(text[:module_end] + inverted + "endmodule\n" + CHOICE, encoding="utf-8")


main()
