# SPDX-License-Identifier: Apache-2.0
"""run.py BUILD axi|wishbone [SIMULATION]...: verilate the benches of a bus and run their cocotb tests (or those named)."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

import cocotb.config
import find_libpython

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUS = ROOT / "tests/bus"
PORT = ["rtl/vm_pkg.sv"]
MACHINE = [*(line for line in (ROOT / "rtl/files.f").read_text(encoding="utf-8").split() if line.startswith("rtl/")),
           "tests/integrate/example_bus_pkg.sv", "tests/integrate/example_bus.sv"]
AXI = [*PORT, "rtl/vm_axi4.sv", "tb/vm_axi_rules.sv", "tests/bus/axi_bench.sv"]
AXI_MACHINE = [*MACHINE, "tb/vm_axi_rules.sv", "tests/bus/axi_machine.sv"]
WISHBONE = [*PORT, "rtl/vm_wishbone.sv", "tb/vm_wishbone_rules.sv", "tests/bus/wishbone_bench.sv"]
WISHBONE_MACHINE = [*MACHINE, "tb/vm_wishbone_rules.sv", "tests/bus/wishbone_machine.sv"]

AXI_RULES = ["tb/vm_axi_rules.sv", "tests/bus/axi_rules_bench.sv"]
WISHBONE_RULES = ["tb/vm_wishbone_rules.sv", "tests/bus/wishbone_rules_bench.sv"]

# Suite: simulation: (sources, the last of which is the top; parameters; test module)
SUITES = {
    "axi": {
        "axi-rules": (AXI_RULES, {"DataBits": 64}, "axi_rules_test"),
        "axi64": (AXI, {"DataBits": 64}, "axi_adapter_test"),
        "axi128": (AXI, {"DataBits": 128}, "axi_adapter_test"),
        "axi64-ids": (AXI, {"DataBits": 64, "AxiIdBits": 6}, "axi_adapter_test"),
        "axi-sv39": (AXI_MACHINE, {"Flat": 0, "DataBits": 128}, "axi_machine_test"),
        "axi-flat": (AXI_MACHINE, {"Flat": 1, "DataBits": 64}, "axi_machine_test"),
    },
    "wishbone": {
        "rules": (WISHBONE_RULES, {"Pipelined": 1}, "wishbone_rules_test"),
        "classic-rules": (WISHBONE_RULES, {"Pipelined": 0}, "wishbone_rules_test"),
        "pipelined64": (WISHBONE, {"Pipelined": 1, "DataBits": 64}, "wishbone_adapter_test"),
        "classic64": (WISHBONE, {"Pipelined": 0, "DataBits": 64}, "wishbone_adapter_test"),
        "pipelined32": (WISHBONE, {"Pipelined": 1, "DataBits": 32}, "wishbone_adapter_test"),
        "classic32": (WISHBONE, {"Pipelined": 0, "DataBits": 32}, "wishbone_adapter_test"),
        "pipelined32-wrap": (WISHBONE, {"Pipelined": 1, "DataBits": 32, "Wrap": 1}, "wishbone_adapter_test"),
        "wishbone-sv39": (WISHBONE_MACHINE, {"Flat": 0, "Pipelined": 1, "DataBits": 64}, "wishbone_machine_test"),
        "wishbone-flat": (WISHBONE_MACHINE, {"Flat": 1, "Pipelined": 0, "DataBits": 32}, "wishbone_machine_test"),
    },
}


class Failure(Exception):
    """A tool failed; its output is in the log."""


def tool(command, log, **options):
    with open(log, "a", encoding="utf-8") as out:
        if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False, **options).returncode != 0:
            raise Failure(f"{command[0]} failed")


def build(sources, parameters, root, work, log):
    """The simulator of a bench, the hardware taken from `root`. Only the ports of the top are made public: cocotb needs no
    more, and the rest is faster."""
    top = pathlib.Path(sources[-1]).stem
    libraries = cocotb.config.libs_dir
    public = work / "public.vlt"
    public.write_text(f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n', encoding="utf-8")
    tool(["verilator", "--cc", "--exe", "--vpi", "--assert", "--Mdir", str(work), "--top-module", top, "--prefix", "Vtop",
          "-o", top, "-O3", "--output-split", "0", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT",
          "--x-assign", "unique", "--x-initial", "unique", "--timescale", "1ns/1ps",
          "-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator", str(public),
          *(f"-G{name}={value}" for name, value in parameters.items()),
          str(pathlib.Path(cocotb.config.share_dir) / "lib/verilator/verilator.cpp"),
          *(str((ROOT if source.startswith("tests/") else root) / source) for source in sources)], log, cwd=ROOT)
    # Python is what takes time in these simulations.
    tool(["make", "-s", f"-j{os.cpu_count()}", "-C", str(work), "-f", "Vtop.mk", "OPT_FAST=-O0", "OPT_GLOBAL=-O0",
          f"OBJCACHE={'ccache' if shutil.which('ccache') else ''}"], log)
    return work / top


def simulate(program, parameters, module, seed, work, log, test=None):
    """(name, passed) of each test, or of one."""
    results = work / "results.xml"
    results.unlink(missing_ok=True)
    environment = {**os.environ, "MODULE": module, "TOPLEVEL": program.name, "TOPLEVEL_LANG": "verilog",
                   "LIBPYTHON_LOC": find_libpython.find_libpython(), "PYGPI_PYTHON_BIN": sys.executable,
                   "PYTHONPATH": os.pathsep.join([str(BUS), *sys.path]), "COCOTB_RESULTS_FILE": str(results),
                   "PYTHONDONTWRITEBYTECODE": "1", "VM_SEED": seed, "RANDOM_SEED": seed,
                   **{f"BENCH_{name}": str(value) for name, value in parameters.items()}}
    if test:
        environment["TESTCASE"] = test
    tool([str(program)], log, cwd=work, env=environment)
    if not results.exists():
        raise Failure(f"{program.name} left no results")
    cases = xml.etree.ElementTree.parse(results).iter("testcase")
    return [(case.get("name"), case.find("failure") is None and case.find("error") is None) for case in cases]


def run(simulation, work, seed, root=ROOT, test=None):
    """Build and run one simulation; its tests. The log is work/log.txt."""
    sources, parameters, module = simulation
    work.mkdir(parents=True, exist_ok=True)
    log = work / "log.txt"
    log.unlink(missing_ok=True)
    program = build(sources, parameters, root, work, log)
    return simulate(program, parameters, module, seed, work, log, test)


def chosen_seed(command):
    """VM_SEED or a fresh seed; printed with the command that repeats the run."""
    seed = os.environ.get("VM_SEED") or str(random.SystemRandom().randrange(1 << 30))
    print(f"seed {seed} (VM_SEED={seed} {command} {' '.join(sys.argv[1:])} repeats this run)", flush=True)
    return seed


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in SUITES or not set(sys.argv[3:]) <= set(SUITES[sys.argv[2]]):
        print(f"run.py: found {' '.join(sys.argv[1:])}, expected BUILD {'|'.join(SUITES)} [SIMULATION]...",
              file=sys.stderr)
        sys.exit(2)
    suite = sys.argv[2]
    where = pathlib.Path(sys.argv[1]).resolve() / "bus"
    seed = chosen_seed("scripts/bus-test")
    passed = failed = 0
    for name in sys.argv[3:] or SUITES[suite]:
        start = time.monotonic()
        try:
            tests, why = run(SUITES[suite][name], where / name, seed), ""
        except Failure as failure:
            tests, why = [], str(failure)
        good = sum(ok for _, ok in tests)
        print(f"{name:14} {good} of {len(tests)} tests passed  {time.monotonic() - start:5.1f} s  {why}", flush=True)
        if good < len(tests) or not tests:
            print("".join((where / name / "log.txt").read_text(encoding="utf-8", errors="replace")[-8000:]))
        passed += good
        failed += len(tests) - good + (not tests)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
