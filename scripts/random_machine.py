# SPDX-License-Identifier: Apache-2.0
"""random_machine.py SEED: print a machine of random legal parameters in the TOML of docs/machines.md."""
import random
import sys


def caches(rng, page_bits, smallest_line):
    made = {}
    for key in ("icache", "dcache"):
        line_bits = rng.randint(smallest_line, min(6, page_bits))
        made[key] = {"sets": 1 << rng.randint(0, min(6, page_bits - line_bits)), "ways": rng.choice([0, 1, 2, 4]),
                     "line_bytes": 1 << line_bits}
    return made


def lower_caches(rng, machine):
    """Small ones, or none: lines of one length all the way."""
    lines = {machine[key]["line_bytes"] for key in ("icache", "dcache") if machine[key]["ways"]}
    if len(lines) != 1 or min(lines) < 16 or rng.random() < 0.4:
        return {}
    line = lines.pop()
    reach = (1 << (machine["bus_bits"] - 1)) // line
    made = {"l2cache": {"sets": min(reach, 1 << rng.randint(0, 6)), "ways": rng.choice([1, 2, 4]), "line_bytes": line}}
    if rng.random() < 0.5:
        made["l3cache"] = {"sets": min(reach, 1 << rng.randint(0, 7)), "ways": rng.choice([1, 2, 4]), "line_bytes": line}
    return made


def tlb(rng, vpn_bits, ways):
    return {"sets": 1 << rng.randint(0, min(vpn_bits - 1, 5)), "ways": rng.choice(ways)}


def unit_bytes(machine):
    """The largest aligned piece that lies in one page, one line and one beat."""
    lines = [machine[key]["line_bytes"] for key in ("icache", "dcache") if machine[key]["ways"]]
    return min([8, 1 << machine["format"]["page_bits"]] + lines)


def make_tree(rng, kind):
    """A machine with tables of several levels: a cacheable half of memory, a quarter that is not, a hole."""
    x86 = kind == "x86"
    levels = rng.choice([4, 5]) if x86 else rng.randint(2, 5)
    pte_log2 = 2 if levels == 2 else 3
    page_bits = 12 if x86 else rng.randint(12, 13)  # satp has no room for longer page numbers
    index_bits = [9] * levels if x86 else [rng.randint(4, page_bits - pte_log2) for _ in range(levels)]
    pa_bits = page_bits + rng.randint(16, 20)
    machine = {"va_bits": page_bits + sum(index_bits), "pa_bits": pa_bits, "bus_bits": pa_bits,
               "asid_bits": 12 if x86 else rng.choice([0, 1, 9]), **caches(rng, page_bits, 3)}
    if x86:
        machine["dcache"]["ways"] = max(1, machine["dcache"]["ways"])
    through_cache = machine["dcache"]["ways"] > 0
    for key in ("itlb", "dtlb"):
        machine[key] = tlb(rng, index_bits[0], [0, 1, 2, 4])
    machine["l2tlb"] = tlb(rng, index_bits[0] + 1, [0, 1, 2, 4])
    machine["super_entries"] = rng.choice([0, 1, 2, 4])
    machine["walk_cache_sets"] = rng.choice([0, 1, 2, 4])
    machine["l2_prefetch"] = machine["l2tlb"]["ways"] > 0 and rng.random() < 0.5
    machine.update(lower_caches(rng, machine))
    machine["walk_port"] = "cache" if through_cache else "memory"
    extensions = levels > 2 and not x86
    machine["format"] = {
        "kind": kind, "index_bits": index_bits, "page_bits": page_bits, "pte_bytes_log2": pte_log2,
        "min_levels": 4 if x86 else min(levels, rng.choice([3, levels])),
        "max_leaf_level": rng.choice([1, 2]) if x86 else levels - 1, "ppn_lsb": 12 if x86 else 10,
        "ppn_bits": pa_bits - 12 if x86 else (34 if levels == 2 else 56) - page_bits,
        "upper_va": "zero" if levels == 2 else "sign", "napot": extensions and page_bits == 12 and rng.random() < 0.7,
        "pbmt": extensions and rng.random() < 0.7, "hw_ad": x86 or (through_cache and rng.random() < 0.7)}
    half = 1 << (pa_bits - 1)
    # A walk straight to memory would not see what the data cache holds.
    machine["region"] = [{"base": 0, "size": half, "cacheable": through_cache},
                         {"base": half, "size": half // 2, "cacheable": False}]
    return machine


def make_flat(rng):
    """Physical memory: 2**pa_bits that pages can lie in, and above it room for tables."""
    page_bits = rng.randint(2, 12)
    vpn_bits = rng.randint(2, 12)
    pa_bits = page_bits + rng.randint(3, 10)
    flags = ["valid"] + [flag for flag in ("kernel", "read", "write", "exec") if rng.random() < 0.6]
    ppn_bits = pa_bits - page_bits + rng.randint(0, 2)  # a PPN may name more than there is
    pte_log2 = next(log2 for log2 in range(4) if len(flags) + ppn_bits <= 8 << log2)
    pte_log2 = rng.randint(pte_log2, 3)
    width = 8 << pte_log2
    ppn_lsb = rng.randint(0, width - ppn_bits)
    free = [bit for bit in range(width) if not ppn_lsb <= bit < ppn_lsb + ppn_bits]
    layout = {"index_bits": [vpn_bits], "page_bits": page_bits, "pte_bytes_log2": pte_log2,
              "pte_big_endian": rng.random() < 0.5, "ppn_lsb": ppn_lsb, "ppn_bits": ppn_bits,
              "upper_va": rng.choice(["zero", "sign"])}
    layout.update({f"{flag}_bit": bit for flag, bit in zip(flags, rng.sample(free, len(flags)))})

    table_bits = vpn_bits + pte_log2
    bus_bits = max(pa_bits, table_bits + 3) + 1  # room for eight tables above the pages
    machine = {"va_bits": page_bits + vpn_bits, "pa_bits": pa_bits, "bus_bits": bus_bits, "asid_bits": rng.choice([0, 0, 1, 4, 9, 16]),
               "walk_port": "memory", "trap_swap": rng.random() < 0.3, "array_port": rng.random() < 0.3,
               "format": layout}
    for key in ("itlb", "dtlb"):
        machine[key] = tlb(rng, vpn_bits, [0, 1, 2, 4, 8])
    machine.update(caches(rng, page_bits, 2))
    unit = unit_bytes({**machine, "format": layout})
    machine.update(lower_caches(rng, machine))
    through_cache = machine["dcache"]["ways"] > 0 and 1 << pte_log2 <= unit and rng.random() < 0.7
    machine["walk_port"] = "cache" if through_cache else "memory"

    hole = 1 << (pa_bits - 2) if rng.random() < 0.5 else 0  # at the top of what pages can lie in
    machine["region"] = [
        {"base": 0, "size": (1 << pa_bits) - hole, "cacheable": rng.random() < 0.8},
        # A walk straight to memory would not see what the data cache holds.
        {"base": 1 << pa_bits, "size": (1 << bus_bits) - (1 << pa_bits), "cacheable": through_cache}]
    return machine


def make(seed):
    """All keys of one machine."""
    rng = random.Random(seed)
    kind = rng.choice(["flat", "riscv", "riscv", "x86"])
    machine = make_flat(rng) if kind == "flat" else make_tree(rng, kind)
    machine["hit_latency"] = rng.choice([1, 2])
    machine["atomics"] = unit_bytes(machine) == 8 and rng.random() < 0.7
    for region in machine["region"]:
        region["atomic"] = rng.random() < 0.7
    machine["parity"] = rng.random() < 0.5
    if machine["parity"]:
        machine["array_port"] = rng.random() < 0.9  # the way in for flips
    if kind != "flat" and machine["walk_port"] == "cache" and rng.random() < 0.3:
        make_nonblocking(rng, machine)
    return {"name": "random", "summary": f"random machine of seed {seed}", **machine}


def make_nonblocking(rng, machine):
    """Misses outstanding in both caches, and nothing that those cannot have or the time check does not know."""
    machine.update({"misses": rng.randint(1, 6), "waiters": rng.choice([1, 2, 4, 8]), "critical_first": rng.random() < 0.7,
                    "hit_latency": 1, "parity": False, "array_port": False})
    for key in ("icache", "dcache"):
        machine[key]["ways"] = max(1, machine[key]["ways"])
        machine[key]["line_bytes"] = max(16, machine[key]["line_bytes"])
    for key in ("l2cache", "l3cache"):
        machine.pop(key, None)


def literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def toml(machine):
    simple = [f"{key} = {literal(value)}" for key, value in machine.items() if not isinstance(value, (dict, list))]
    for key, value in machine.items():
        parts = [(f"[{key}]", value)] if isinstance(value, dict) else \
            [(f"[[{key}]]", part) for part in value] if isinstance(value, list) else []
        for title, part in parts:
            simple += ["", title] + [f"{k} = {literal(v)}" for k, v in part.items()]
    return "\n".join(simple)


print(toml(make(int(sys.argv[1]))))
