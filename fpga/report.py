# SPDX-License-Identifier: Apache-2.0
"""Area and speed of all machines on an ECP5-85, beside what the flow can do at best: build/synth/report.md, report.html and
utilisation.svg.

    python fpga/report.py [--machines toy5,csapp14] [--seeds 1,2,3] [--no-new]

Run it with the Python of .venv (`make report` does). A machine whose result is there already for the same sources and tools
(build/synth/MACHINE/result.json) is not measured again; what could not be measured is named in the report, and the exit status is 1.
"""
import argparse
import collections
import json
import pathlib
import re
import sys

import flow
import synth
from report_text import html_page, markdown_page, utilisation_svg

ROOT = flow.ROOT
OUT = ROOT / "build/synth"
# Clocks of fpga/bounds/vm_bounds.sv.
BOUNDS = ("flip-flop, one LUT, flip-flop", "comparison of 20 bits, flip-flop", "LUT RAM of 16 words, flip-flop",
          "block RAM, flip-flop", "TLB of 4 ways × 16 sets in LUT RAM: compare and choose",
          "VIPT hit, 4 ways, answer after 1 cycle", "VIPT hit, 4 ways, answer after 2 cycles")
HIT_BOUND = {1: 5, 2: 6}  # by HitLatency


def kept(path, inputs, seeds):
    """What was measured before, if it still holds."""
    if not path.exists():
        return None
    result = json.loads(path.read_text(encoding="utf-8"))
    return result if result["inputs"] == inputs and result["seeds"] == seeds else None


def bounds(seeds):
    """[Fmax in MHz for each seed] of each bound."""
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "fpga/bounds").glob("*.sv"))
    work = OUT / "bounds"
    inputs = flow.digest(files)
    result = kept(work / "result.json", inputs, seeds)
    if result is None:
        work.mkdir(parents=True, exist_ok=True)
        print("bounds of the flow", flush=True)
        flow.script(work / "synth.ys", [
            f"read_slang --threads 1 --top vm_bounds {' '.join(files)}", "synth_ecp5 -top vm_bounds",
            f"write_json {work.relative_to(ROOT)}/placed.json"])
        flow.run([sys.executable, str(ROOT / "fpga/run_yosys.py"), str(work / "synth.ys")], work / "synth.log",
                 work / "placed.json")
        fmax = [bounds_of(synth.place_and_route(work, seed)) for seed in seeds]
        result = {"inputs": inputs, "seeds": seeds, "fmax_mhz": [list(values) for values in zip(*fmax)]}
        (work / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result["fmax_mhz"]


def bounds_of(report):
    """Fmax of each clock of vm_bounds, in order."""
    found = {int(re.search(r"clk_i\[(\d+)\]", clock)[1]): value["achieved"] for clock, value in report["fmax"].items()}
    if sorted(found) != list(range(len(BOUNDS))):
        raise flow.FlowError(f"nextpnr reported the clocks {sorted(report['fmax'])} for vm_bounds, expected {len(BOUNDS)} of them")
    return [round(found[index], 1) for index in range(len(BOUNDS))]


def hit_latency(constant):
    """Of a machine: 2 where the machine table gives it, through riscv_machine's last argument or by name."""
    text = (ROOT / "rtl/vm_machines_pkg.sv").read_text(encoding="utf-8")
    definition = re.search(rf"localparam machine_t {constant} =(.*?);\n", text, re.DOTALL)[1]
    named = re.search(r"HitLatency: 8'd(\d)", definition)
    called = re.search(r"^ *riscv_machine\(riscv\(.*?\), 8'd\d+, 8'd\d+, 8'd(\d)\)$", definition, re.MULTILINE)
    return int((named or called)[1]) if named or called else 1


def modules_by_instance():
    """{name of an instance: its module}, from the RTL's text."""
    found = {}
    for path in [*(ROOT / "rtl").glob("*.sv"), ROOT / "fpga/vm_synth_top.sv"]:
        text = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        for module, name in re.findall(r"\b(vm_\w+)\s*(?:#\s*\([^;]*?\)\s*)?\b(u_\w+)\s*\(", text):
            found[name] = module
    return found


def by_module(instances):
    """{module: [instances, area]}, what is in no instance under the top's name."""
    names = modules_by_instance()
    found = collections.defaultdict(lambda: [0, collections.Counter()])
    for path, area in instances.items():
        module = names.get(path.split(".")[-1], path.split(".")[-1]) if path else "vm_synth_top"
        found[module][0] += 1
        found[module][1].update(area)
    return found


def measured(machine, constant, seeds, new):
    """The machine's result, kept or new; None if there is none."""
    result = kept(OUT / machine / "result.json", synth.inputs_digest(), seeds)
    if result is None and new:
        print(f"{machine}: synthesis, place and route with seeds {', '.join(map(str, seeds))}", flush=True)
        result = synth.measure(machine, None, {}, seeds)
    if result is not None:
        result["modules"] = by_module(result["instances"])
        result["hit_latency"] = hit_latency(constant)
    return result


def write(results, missing, bound_table):
    """The report's files."""
    svg = utilisation_svg(results)
    (OUT / "utilisation.svg").write_text(svg, encoding="utf-8")
    texts = (results, missing, list(zip(BOUNDS, bound_table)), HIT_BOUND)
    (OUT / "report.md").write_text(markdown_page(*texts), encoding="utf-8")
    (OUT / "report.html").write_text(html_page(svg, *texts), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machines", default="", help="these instead of all, comma-separated")
    parser.add_argument("--seeds", default="1,2,3", help="of place and route")
    parser.add_argument("--no-new", action="store_true", help="only what has been measured already")
    arguments = parser.parse_args()
    table = flow.machines()
    wanted = arguments.machines.replace(",", " ").split() or list(table)
    failed = []
    try:
        seeds = synth.parse_seeds(arguments.seeds)
        if not seeds:
            raise flow.UserError("found no seed, expected whole numbers like 1,2,3: a report has clocks")
        for machine in wanted:
            if machine not in table:
                raise flow.UserError(f"found machine {machine}, expected some of {', '.join(table)}")
        bound_table = bounds(seeds)
        results = []
        for machine in wanted:
            try:
                result = measured(machine, table[machine], seeds, not arguments.no_new)
            except flow.FlowError as error:
                print(f"report: {machine}: {error}", file=sys.stderr)
                result = None
                failed.append(machine)
            if result is not None:
                results.append(result)
            # After each machine, so that what there is can be read.
            write(results, [m for m in wanted if m not in [r["machine"] for r in results]], bound_table)
    except flow.UserError as error:
        print(f"report: {error}", file=sys.stderr)
        sys.exit(2)
    except flow.FlowError as error:
        sys.exit(f"report: {error}")
    print(f"{(OUT / 'report.md').relative_to(ROOT)}, report.html: {len(results)} machines")
    if failed:
        sys.exit(f"report: not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
