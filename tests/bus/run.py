# SPDX-License-Identifier: Apache-2.0
"""run.py BUILD axi|wishbone [SIMULATION]...: verilate the benches of a bus and run their cocotb tests (or those named)."""
import contextlib
import os
import pathlib
import random
import shutil
import sys
import time

from cocotb.runner import get_results, get_runner

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUS = ROOT / "tests/bus"
PORT = ["rtl/vm_pkg.sv"]
AXI = [*PORT, "rtl/vm_axi4.sv", "tb/vm_axi_rules.sv", "tests/bus/axi_bench.sv"]
WISHBONE = [*PORT, "rtl/vm_wishbone.sv", "tb/vm_wishbone_rules.sv", "tests/bus/wishbone_bench.sv"]
RULES = ["tb/vm_axi_rules.sv", "tests/bus/axi_rules_bench.sv"]

# Suite: simulation: (sources, top, parameters, test module)
SUITES = {
    "axi": {
        "axi64": (AXI, "axi_bench", {"DataBits": 64}, "axi_adapter_test"),
        "axi128": (AXI, "axi_bench", {"DataBits": 128}, "axi_adapter_test"),
    },
    "wishbone": {
        "pipelined64": (WISHBONE, "wishbone_bench", {"Pipelined": 1, "DataBits": 64}, "wishbone_adapter_test"),
        "classic64": (WISHBONE, "wishbone_bench", {"Pipelined": 0, "DataBits": 64}, "wishbone_adapter_test"),
        "pipelined32": (WISHBONE, "wishbone_bench", {"Pipelined": 1, "DataBits": 32}, "wishbone_adapter_test"),
        "classic32": (WISHBONE, "wishbone_bench", {"Pipelined": 0, "DataBits": 32}, "wishbone_adapter_test"),
    },
}


def simulate(name, sources, top, parameters, module, work, seed):
    """Build and run one bench; (tests, failures) and where the output is."""
    log = work / "log.txt"
    runner = get_runner("verilator")
    work.mkdir(parents=True, exist_ok=True)
    arguments = ["--assert", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "--x-assign", "unique",
                 "--x-initial", "unique", "--timescale", "1ns/1ps"]
    with open(log, "w", encoding="utf-8") as out, redirected(out):
        runner.build(sources=[ROOT / s for s in sources], hdl_toplevel=top, parameters=parameters, build_dir=work,
                     build_args=arguments, always=True)
        results = runner.test(test_module=module, hdl_toplevel=top, build_dir=work, test_dir=work,
                              extra_env={"VM_SEED": str(seed), "PYTHONPATH": str(BUS), "RANDOM_SEED": str(seed)},
                              results_xml="results.xml")
    return get_results(results), log


@contextlib.contextmanager
def redirected(out):
    """What the tools write goes to a file, from their processes too."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    os.dup2(out.fileno(), 1)
    os.dup2(out.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in SUITES:
        sys.exit(f"usage: run.py BUILD {'|'.join(SUITES)} [SIMULATION]...")
    build, suite = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    chosen = sys.argv[3:] or list(SUITES[suite])
    seed = os.environ.get("VM_SEED") or str(random.SystemRandom().randrange(1 << 30))
    print(f"seed {seed} (VM_SEED={seed} scripts/bus-test {sys.argv[1]} {' '.join(sys.argv[2:])} repeats this run)",
          flush=True)
    if shutil.which("ccache"):
        os.environ.setdefault("OBJCACHE", "ccache")
    os.environ.setdefault("MAKEFLAGS", f"-j{os.cpu_count()}")
    passed = failed = 0
    for name in chosen:
        start = time.monotonic()
        (tests, failures), log = simulate(name, *SUITES[suite][name], build / "bus" / name, seed)
        print(f"{name:10} {tests - failures} of {tests} tests passed  {time.monotonic() - start:5.1f} s", flush=True)
        if failures or not tests:
            print(log.read_text(encoding="utf-8", errors="replace")[-6000:])
        passed += tests - failures
        failed += failures + (not tests)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
