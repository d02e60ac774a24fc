# SPDX-License-Identifier: Apache-2.0
"""What would fit on the iCEBreaker's UP5K: LUTs, flip-flops and block RAM of machines with and without the host link.

    python fpga/ice40_sizes.py [NAME]...

Synthesis only; with the Python of .venv. docs/board.md has the figures.
"""
import collections
import json
import sys

import flow
import netlist as nl

UP5K = {"LUT": 5280, "FF": 5280, "block RAM": 30}
# As small as Sv32 gets here: two base pages and one superpage per port, no caches, tables straight from memory, A and D kept by
# software, and no more of physical addresses than the UP5K has SPRAM.
SMALL_SV32 = """
  function automatic vm_pkg::machine_t small_sv32();
    vm_pkg::machine_t m;
    m = vm_machines_pkg::riscv_machine(vm_machines_pkg::riscv(8'd2, 8'd2, 8'd10, 8'd12, 8'd2, 8'd22, 1'b0), 8'd17, 8'd0);
    m.Format.HwAd = 1'b0;
    m.Itlb = '{Sets: 16'd1, Ways: 8'd2};
    m.Dtlb = '{Sets: 16'd1, Ways: 8'd2};
    m.SuperEntries = 8'd1;
    m.L2Tlb = vm_machines_pkg::NoTlb;
    m.WalkCacheSets = 16'd0;
    m.Icache = vm_machines_pkg::NoCache;
    m.Dcache = vm_machines_pkg::NoCache;
    m.WalkPort = vm_pkg::WalkMemory;
    m.Atomics = 1'b0;
    m.Regions = {vm_machines_pkg::NoRegion, vm_machines_pkg::NoRegion, vm_machines_pkg::NoRegion,
                 vm_machines_pkg::ram(57'h0, 57'h2_0000, 1'b0)};
    return m;
  endfunction
  localparam vm_pkg::machine_t Cfg = small_sv32();
"""
CSAPP14 = "  localparam vm_pkg::machine_t Cfg = vm_machines_pkg::Csapp14;\n"
LINK = """module vm_size_top (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic rx_i,
    output logic tx_o,
    output logic active_o,
    output logic refused_o
);
  vm_board #(
      .Cfg(vm_synth_machine_pkg::Cfg),
      .ClocksPerBit(16),
      .GapClocks(64000),
      .MemoryBytes(MEMORY)
  ) u_board (.*);
endmodule
"""
# In place of rtl/vm_counters.sv.
NO_COUNTERS = """module vm_counters #(
    parameter int unsigned Width = 64
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  vm_pkg::events_t events_i,
    input  logic [vm_pkg::idx_bits($bits(vm_pkg::events_t))-1:0] index_i,
    output logic [63:0] value_o
);
  assign value_o = '0;
endmodule
"""
# name: (machine, bytes of memory behind the link or 0 for no link, with its counters). Sv32's memory would be SPRAM, which costs no
# more logic than the kilobyte of block RAM that is counted here.
CASES = {"csapp14-link": (CSAPP14, 16384, True), "csapp14-link-without-counters": (CSAPP14, 16384, False),
         "sv32": (SMALL_SV32, 0, False), "sv32-link-without-counters": (SMALL_SV32, 1024, False)}


def size(name):
    """{"LUT", "FF", "block RAM"} of a case."""
    machine, memory, counters = CASES[name]
    work = flow.ROOT / "build/synth" / ("ice40-" + name)
    work.mkdir(parents=True, exist_ok=True)
    relative = work.relative_to(flow.ROOT)
    (work / "vm_synth_machine_pkg.sv").write_text(f"package vm_synth_machine_pkg;\n{machine}endpackage\n", encoding="utf-8")
    (work / "vm_counters.sv").write_text(NO_COUNTERS, encoding="utf-8")
    (work / "vm_size_top.sv").write_text(LINK.replace("MEMORY", str(memory)), encoding="utf-8")
    files = [f for f in flow.sources() if counters or not memory or f != "rtl/vm_counters.sv"]
    files.append(f"{relative}/vm_synth_machine_pkg.sv")
    if memory:
        top = "vm_size_top"
        parts = (flow.ROOT / "fpga/files.f").read_text(encoding="utf-8").split()
        files += [f for f in parts if "ulx3s" not in f and "pll" not in f]
        files += [f"{relative}/vm_size_top.sv"] + ([] if counters else [f"{relative}/vm_counters.sv"])
    else:
        top = "vm_synth_top"
        files.append("fpga/vm_synth_top.sv")
    flow.script(work / "synth.ys", [
        f"read_slang --threads 1 --ignore-assertions --top {top} {' '.join(files)}", f"hierarchy -check -top {top}",
        "setattr -unset ram_style m:*", f"synth_ice40 -device u -spram -top {top}", f"write_json {relative}/netlist.json"])
    flow.run([sys.executable, str(flow.ROOT / "fpga/run_yosys.py"), str(work / "synth.ys")], work / "synth.log",
             work / "netlist.json")
    cells = nl.top_module(json.loads((work / "netlist.json").read_text(encoding="utf-8")))["cells"].values()
    count = collections.Counter(cell["type"] for cell in cells)
    return {"LUT": count["SB_LUT4"], "FF": sum(n for kind, n in count.items() if kind.startswith("SB_DFF")),
            "block RAM": count["SB_RAM40_4K"]}


def main():
    names = sys.argv[1:] or list(CASES)
    for name in names:
        if name not in CASES:
            print(f"ice40_sizes: found {name}, expected some of {', '.join(CASES)}", file=sys.stderr)
            sys.exit(2)
    try:
        for name in names:
            found = size(name)
            print(f"{name:<32}" + "  ".join(f"{kind} {number} of {UP5K[kind]}" for kind, number in found.items()), flush=True)
    except flow.FlowError as error:
        sys.exit(f"ice40_sizes: {error}")


if __name__ == "__main__":
    main()
