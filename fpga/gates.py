# SPDX-License-Identifier: Apache-2.0
"""The netlist of a machine for gate-level simulation, and the cells it is made of (docs/verification.md, "Gate level").

    python fpga/gates.py --family ecp5 --machine csapp14 --out build/gen/gates-ecp5-csapp14
    python fpga/gates.py --family ecp5 --top gates_rams --out build/gen/gates-rams SOURCE.sv ...

Writes OUT/netlist.v (module vm_netlist, as Yosys made it of vm_top) and OUT/cells.v: the simulation models of those cells
that the netlist has, from the Yosys that made it. Block RAM of an ECP5 is a black box there; its model is
fpga/gatesim/dp16kd.v. The cells of the library start with the values that the FPGA is configured with. Those of a
machine start with random ones, so that nothing that reset does not do is taken for granted.
"""
import argparse
import pathlib
import re
import sys

import pyosys

from flow import ROOT, FlowError, UserError, machines, run, script

SHARE = pathlib.Path(pyosys.__file__).parent / "share"
OURS = {"ecp5": {"DP16KD": ROOT / "fpga/gatesim/dp16kd.v"}, "ice40": {}}
# An iCE40 has no LUT RAM: what asks for it gets what there is.
PREPARE = {"ecp5": [], "ice40": ["setattr -unset ram_style */* */m:*"]}
MODULE = re.compile(r"^module\s+(\w+).*?\bendmodule\b", re.MULTILINE | re.DOTALL)
TIMING = re.compile(r"\bspecify\b.*?\bendspecify\b", re.DOTALL)
START = re.compile(r"^\s*initial\s+(?:begin\b.*?^\tend$|[^;]*;)", re.MULTILINE | re.DOTALL)
INSTANCE = re.compile(r"^  (\w+) .*\($", re.MULTILINE)
CONTENTS = re.compile(r"\.(INIT(?:VAL)?_[0-9A-F]+|INITVAL)\(\d+'h([0-9a-fx]+)\)")


def synthesize(family, sources, top, out):
    """The text of the netlist of `top` of the sources (relative to the project), as a module vm_netlist."""
    relative = out.relative_to(ROOT)
    netlist = out / "netlist.v"
    script(out / "netlist.ys", [
        f"read_slang --threads 1 --ignore-assertions --top {top} {' '.join(sources)}",
        *PREPARE[family],
        f"hierarchy -check -top {top}",
        f"synth_{family} -top {top}",
        # A vector whose bits depend on each other looks like a loop to a simulator.
        "splitnets",
        "rename -top vm_netlist",
        f"write_verilog -noattr {relative}/netlist.v"])
    log = out / "netlist.log"
    run([sys.executable, str(ROOT / "fpga/run_yosys.py"), str(out / "netlist.ys")], log, netlist)
    if "found logic loop" in log.read_text(encoding="utf-8"):
        raise FlowError(f"Yosys found a combinational loop, see {log.relative_to(ROOT)}")
    return netlist.read_text(encoding="utf-8")


def library(family):
    """{module: text} of the simulation library, as it is, and the macros they use."""
    def expand(path):
        text = path.read_text(encoding="utf-8")
        return re.sub(r'^`include "(.*)"$', lambda match: expand(path.parent / match[1]), text, flags=re.MULTILINE)
    text = expand(SHARE / family / "cells_sim.v")
    modules = {match[1]: match[0] for match in MODULE.finditer(text)}
    # Verilator does not know default values of ports. Yosys connects all pins.
    macros = "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n" + text[:text.index("\nmodule ")] if family == "ice40" else ""
    return modules, re.sub(r"^`timescale.*\n", "", macros, flags=re.MULTILINE)


def cells(family, netlist, random_start):
    """The text of the models of all cells in the netlist."""
    modules, text = library(family)
    if random_start:
        text = text.replace("`define SB_DFF_INIT initial Q = 0;", "`define SB_DFF_INIT")
    wanted, done = sorted(set(INSTANCE.findall(netlist))), set()
    while wanted:
        name = wanted.pop(0)
        if name in done:
            continue
        done.add(name)
        if name in OURS[family]:
            continue
        if name not in modules:
            raise FlowError(f"the netlist has a cell {name}, which the simulation library of {family} has not")
        model = TIMING.sub("", modules[name])
        if random_start:
            model = START.sub("", model)
            if re.search(r"\binitial\b", model):
                raise FlowError(f"the model of {name} starts with values in a way that is not known here")
        wanted += [inner for inner in modules if re.search(rf"\b{inner}\b\s*(#\(|\w+\s*\()", model[len("module x"):])
                   and inner != name]
        text += model + "\n\n"
    return text


def check_contents(netlist):
    """Nothing relies on what a memory holds from the start: there it is random."""
    for name, value in CONTENTS.findall(netlist):
        if value.strip("0x"):
            raise FlowError(f"found a memory with contents from the start ({name} = {value}), expected that reset or "
                            "software writes what is needed")


def make(family, machine, out):
    table = machines()
    if machine not in table:
        raise UserError(f"found machine {machine}, expected one of {', '.join(table)}")
    package = out / "vm_synth_machine_pkg.sv"
    package.write_text("package vm_synth_machine_pkg;\n"
                       f"  localparam vm_pkg::machine_t Cfg = vm_machines_pkg::{table[machine]};\nendpackage\n",
                       encoding="utf-8")
    sources = [line for line in (ROOT / "rtl/files.f").read_text(encoding="utf-8").split("\n")
               if line and not line.startswith("//")]
    netlist = synthesize(family, [*sources, str(package.relative_to(ROOT)), "fpga/gatesim/vm_gate_top.sv"],
                         "vm_gate_top", out)
    check_contents(netlist)
    write(out, netlist, "`define VM_RANDOM_START\n" + cells(family, netlist, True))


def write(out, netlist, models):
    # Neither belongs in waves.
    for name, text in (("cells.v", models), ("netlist.v", netlist)):
        (out / name).write_text("/* verilator tracing_off */\n" + text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=sorted(OURS), required=True)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--machine")
    what.add_argument("--top", help="a module of the sources, which may rely on contents from the start")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("sources", nargs="*")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.machine:
            make(arguments.family, arguments.machine, out)
        else:
            netlist = synthesize(arguments.family, arguments.sources, arguments.top, out)
            write(out, netlist, cells(arguments.family, netlist, False))
    except UserError as error:
        print(f"gates: {error}", file=sys.stderr)
        sys.exit(2)
    except FlowError as error:
        sys.exit(f"gates: {error}")


if __name__ == "__main__":
    main()
