# SPDX-License-Identifier: Apache-2.0
"""A Yosys JSON netlist of ECP5 cells: what it costs, where its arrays went, and how to place it alone."""
import collections
import re

# An array in the RTL is an unpacked array whose name ends in "mem" (rtl/vm_tlb.sv, rtl/vm_cache_array.sv). As a
# register, "mem[3]" is a word of it.
ARRAY_NAME = re.compile(r"(.*(?:^|[._])\w*mem)(?:\[\d+\])*$")

# Below this an array may well be flip-flops: a TLB with a single set has no address to give to a memory.
SMALL_ARRAY_BITS = 64

RAM_BITS = {"TRELLIS_DPR16X4": 64, "DP16KD": 18432}


def top_module(netlist):
    """The module with the attribute `top`."""
    for module in netlist["modules"].values():
        if int(module["attributes"].get("top", "0"), 2):
            return module
    raise ValueError("the netlist has no top module")


def area(module):
    """Cells of the block. LUTeq counts a carry cell as two LUTs and a LUT RAM cell as six."""
    count = collections.Counter(cell["type"] for cell in module["cells"].values())
    result = {name: count[key] for name, key in
              (("LUT4", "LUT4"), ("CCU2C", "CCU2C"), ("DPR16X4", "TRELLIS_DPR16X4"), ("FF", "TRELLIS_FF"),
               ("DP16KD", "DP16KD"), ("MULT18X18D", "MULT18X18D"))}
    result["LUTeq"] = result["LUT4"] + 2 * result["CCU2C"] + 6 * result["DPR16X4"]
    return result


def flip_flop_arrays(module):
    """Arrays of the RTL that became flip-flops: {name: bits}, small ones left out."""
    register_bits = {bit for cell in module["cells"].values() if cell["type"] == "TRELLIS_FF"
                     for bit in cell["connections"]["Q"]}
    found = collections.defaultdict(set)
    for name, net in module["netnames"].items():
        match = ARRAY_NAME.match(name)
        if match:
            found[match[1]].update(bit for bit in net["bits"] if bit in register_bits)
    return {name: len(bits) for name, bits in sorted(found.items()) if len(bits) > SMALL_ARRAY_BITS}


def ram_arrays(module):
    """Arrays of the RTL that became memories: {name: {cell type: count}}."""
    found = collections.defaultdict(collections.Counter)
    for name, cell in module["cells"].items():
        if cell["type"] in RAM_BITS:
            # Memory mapping names the cells ARRAY.<row>.<column>.
            found[re.sub(r"(\.\d+)+$", "", name)][cell["type"]] += 1
    return {name: dict(cells) for name, cells in sorted(found.items())}


def instance(name):
    """The instance that a cell belongs to: Yosys names cells after the nearest named net, `u_top.u_split.state_q_LUT4_Z`."""
    parts = name.split(".")[:-1]
    while parts and not parts[-1].startswith("u_"):
        parts.pop()
    return ".".join(parts)


def area_by_instance(module):
    """{instance path: area()}, without what is in instances below. A LUT between two instances counts for the one whose net
    it is named after; the sum is exact."""
    cells = collections.defaultdict(dict)
    for name, cell in module["cells"].items():
        cells[instance(name)][name] = cell
    return {path: area({"cells": group}) for path, group in sorted(cells.items())}


def add_shift_chain(module, clock, reset):
    """Put every port bit behind a flip-flop, so that any block fits any package and Fmax is its own.

    Inputs come from a serial shift chain. Each output goes straight into a flip-flop; those are folded by XOR into a
    second chain, so that none is unused. Clock and reset keep their pins.
    """
    last = max(bit for net in _bit_lists(module) for bit in net if isinstance(bit, int))

    def new_bit():
        nonlocal last
        last += 1
        return last

    def bits_of(direction):
        bits = (bit for name, port in module["ports"].items()
                if port["direction"] == direction and name not in (clock, reset) for bit in port["bits"])
        return list(dict.fromkeys(bit for bit in bits if isinstance(bit, int)))

    def flip_flop(name, data, output):
        module["cells"][name] = {
            "hide_name": 0, "type": "TRELLIS_FF", "attributes": {},
            "parameters": {"CEMUX": "1 ", "CLKMUX": "CLK", "GSR": "AUTO", "LSRMUX": "LSR", "REGSET": "RESET"},
            "port_directions": {"CLK": "input", "DI": "input", "LSR": "input", "CE": "input", "Q": "output"},
            "connections": {"CLK": [clock_bit], "DI": [data], "LSR": ["0"], "CE": ["1"], "Q": [output]}}

    def xor(name, a, b, output):
        module["cells"][name] = {
            "hide_name": 0, "type": "LUT4", "attributes": {}, "parameters": {"INIT": "0110" * 4},
            "port_directions": {"A": "input", "B": "input", "C": "input", "D": "input", "Z": "output"},
            "connections": {"A": [a], "B": [b], "C": ["0"], "D": ["0"], "Z": [output]}}

    clock_bit = module["ports"][clock]["bits"][0]
    inputs, outputs = bits_of("input"), bits_of("output")
    serial_in, serial_out = new_bit(), new_bit()
    previous = serial_in
    for index, bit in enumerate(inputs):
        flip_flop(f"chain_in_{index}", previous, bit)
        previous = bit
    folded = "0"
    for index, bit in enumerate(outputs):
        sampled, mixed, stage = new_bit(), new_bit(), new_bit()
        flip_flop(f"chain_out_{index}", bit, sampled)
        xor(f"chain_xor_{index}", folded, sampled, mixed)
        flip_flop(f"chain_fold_{index}", mixed, stage)
        folded = stage
    flip_flop("chain_end", folded, serial_out)

    pins = {name: module["ports"][name]["bits"] for name in (clock, reset)}
    module["ports"] = {name: {"direction": "input", "bits": bits} for name, bits in pins.items()}
    module["ports"]["chain_i"] = {"direction": "input", "bits": [serial_in]}
    module["ports"]["chain_o"] = {"direction": "output", "bits": [serial_out]}
    for name in ("chain_i", "chain_o"):
        module["netnames"][name] = {"hide_name": 0, "bits": module["ports"][name]["bits"], "attributes": {}}


def _bit_lists(module):
    for group in (module["ports"], module["netnames"]):
        yield from (item["bits"] for item in group.values())
    for cell in module["cells"].values():
        yield from cell["connections"].values()
