# SPDX-License-Identifier: Apache-2.0
"""A whole machine on a bus: page tables in its memory, random accesses of its core, and what they must give.

`bus` is the memory behind the bus: read(address, bytes), write(address, data). Failing addresses are in a Faults.
"""
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

from ports import get

FAULT_NONE, FAULT_BUS = 0, 11
CTL_BASE, CTL_MODE, CTL_ROOT, CTL_ENV = 0, 3, 7, 8
CACHE_CLEAN = 1
PATIENCE = 4000


class Faults:
    """Addresses with bus errors: of every access, and of writes alone."""

    def __init__(self):
        self.bad, self.bad_write = set(), set()

    def fails(self, address, size, write):
        return any(a in self.bad or (write and a in self.bad_write) for a in range(address, address + size))


class Page:
    """kind: data, code (never written), device (uncached), dead (every access fails), unclean (writing it back fails)."""

    def __init__(self, va, pa, kind):
        self.va, self.pa, self.kind = va, pa, kind


class Core:
    """Fetch, data, control and fence port; each access is waited for."""

    def __init__(self, dut):
        self.dut = dut
        self.edge = RisingEdge(dut.clk)
        for name in ("fetch", "data", "ctl", "fence"):
            getattr(dut, f"{name}_valid").value = 0

    async def transfer(self, channel):
        dut = self.dut
        valid, ready, done = (getattr(dut, f"{channel}_{s}") for s in ("valid", "ready", "done"))
        valid.value = 1
        accepted = False
        for _ in range(PATIENCE):
            await self.edge
            if not accepted and get(ready):
                accepted = True
                valid.value = 0
            if accepted and get(done):
                return
        raise AssertionError(f"no answer on the {channel} channel for {PATIENCE} cycles")

    async def access(self, va, size, data=None):
        """A load, or a store of data: (bytes, cause)."""
        dut = self.dut
        dut.data_va.value = va
        dut.data_size.value = size.bit_length() - 1
        dut.data_write.value = int(data is not None)
        lanes = bytearray(8)
        for i, byte in enumerate(data or b""):
            lanes[(va + i) % 8] = byte
        dut.data_wdata.value = int.from_bytes(lanes, "little")
        await self.transfer("data")
        found = int(dut.data_rdata.value).to_bytes(8, "little")
        return bytes(found[(va + i) % 8] for i in range(size)), get(dut.data_cause)

    async def fetch(self, va):
        self.dut.fetch_va.value = va
        await self.transfer("fetch")
        found = int(self.dut.fetch_rdata.value).to_bytes(8, "little")
        return found[va % 8:va % 8 + 4], get(self.dut.fetch_cause)

    async def control(self, index, value):
        self.dut.ctl_index.value, self.dut.ctl_data.value = index, value
        await self.transfer("ctl")
        assert not get(self.dut.ctl_refused), f"register {index} refused {value:#x}"

    async def clean(self):
        self.dut.fence_op.value = CACHE_CLEAN
        await self.transfer("fence")


class Sv39:
    """The machine of docs/integrate.md, "On a bus": three-level tables, accessed and dirty bits set by hardware."""
    page_bytes = 4096
    spans = ((0x8000_0000, 0x12_0000), (0x4000_0000, 0x2000))
    tables = (0x8000_1000, 0x8000_2000, 0x8000_3000)

    def __init__(self, rng):
        frames = rng.sample(range(0x8010_0000, 0x8012_0000, 4096), 18)
        kinds = ["data"] * 10 + ["code"] * 6 + ["dead", "unclean"]
        self.pages = [Page(i << 12, pa, kind) for i, (pa, kind) in enumerate(zip(frames, kinds))]
        self.pages += [Page(0x40_000, 0x4000_0000, "device"), Page(0x41_000, 0x4000_1000, "device")]

    def build(self, bus):
        root, middle, leaves = self.tables
        for table in self.tables:
            bus.write(table, bytes(4096))
        bus.write(root, (middle >> 12 << 10 | 1).to_bytes(8, "little"))
        bus.write(middle, (leaves >> 12 << 10 | 1).to_bytes(8, "little"))
        for page in self.pages:
            bus.write(self.entry(page), (page.pa >> 12 << 10 | 0xF).to_bytes(8, "little"))

    def entry(self, page):
        return self.tables[2] + 8 * (page.va >> 12)

    async def start(self, core):
        await core.control(CTL_ENV, 1 << 8)  # ADUE
        await core.control(CTL_ROOT, 8 << 60 | self.tables[0] >> 12)

    def check_entries(self, bus, touched, written):
        for page in self.pages:
            entry = int.from_bytes(bus.read(self.entry(page), 8), "little")
            accessed, dirty = entry >> 6 & 1, entry >> 7 & 1
            assert (accessed, dirty) == (page in touched, page in written), \
                f"entry of {page.va:#x} is {entry:#x}, touched {page in touched}, written {page in written}"


class Flat:
    """The simple memory system: a flat table in uncached memory, which the walker reads by itself; fetches uncached."""
    page_bytes = 64
    spans = ((0, 0x2000),)
    table = 0x1000

    def __init__(self, rng):
        self.pages = []
        for vpn in rng.sample(range(256), 120):
            ppn = rng.randrange(64)
            self.pages.append(Page(vpn << 6, ppn << 6, {0: "dead", 1: "unclean"}.get(ppn, "code" if ppn < 24 else "data")))

    def build(self, bus):
        bus.write(self.table, bytes(256))
        for page in self.pages:
            bus.write(self.table + (page.va >> 6), bytes([0x80 | page.pa >> 6]))

    async def start(self, core):
        await core.control(CTL_BASE, self.table)
        await core.control(CTL_MODE, 1)

    def check_entries(self, bus, touched, written):
        """Its entries have no such bits."""


class Image:
    """Physical memory as the core has to see it."""

    def __init__(self, rng, world, bus):
        self.spans = {base: bytearray(rng.randbytes(size)) for base, size in world.spans}
        for base, data in self.spans.items():
            bus.write(base, bytes(data))

    def at(self, address):
        base = next(b for b, data in self.spans.items() if b <= address < b + len(data))
        return self.spans[base], address - base

    def read(self, address, size):
        data, i = self.at(address)
        return bytes(data[i:i + size])

    def write(self, address, new):
        data, i = self.at(address)
        data[i:i + len(new)] = new


async def fetches(core, rng, world, image, counts):
    pages = [p for p in world.pages if p.kind == "code"]
    while True:
        page = rng.choice(pages)
        offset = rng.randrange(0, world.page_bytes, 4)
        found, cause = await core.fetch(page.va + offset)
        expected = image.read(page.pa + offset, 4)
        assert cause == FAULT_NONE and found == expected, \
            f"fetched {found.hex()} from {page.pa + offset:#x}, cause {cause}, expected {expected.hex()}"
        counts["fetches"] += 1
        counts["touched"].add(page)


async def watch_errors(dut, reported):
    """Addresses of lines that could not be written back."""
    while True:
        await RisingEdge(dut.clk)
        if get(dut.wb_error_valid):
            reported.append(int(dut.wb_error_addr.value))


async def run(dut, rng, world, bus, faults, count):
    """`count` random accesses; what the bus then holds. Returns the device accesses as (write, address, bytes)."""
    for page in world.pages:
        lines = range(page.pa, page.pa + world.page_bytes)
        (faults.bad if page.kind == "dead" else faults.bad_write if page.kind == "unclean" else set()).update(lines)
    image = Image(rng, world, bus)
    world.build(bus)
    core = Core(dut)
    dut.rst_n.value = 0
    await Timer(1, "ns")
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    for _ in range(4):
        await core.edge
    dut.rst_n.value = 1
    reported, device = [], []
    cocotb.start_soon(watch_errors(dut, reported))
    await world.start(core)
    counts = {"fetches": 0, "touched": set()}
    written = set()
    fetching = cocotb.start_soon(fetches(core, rng, world, image, counts))
    usable = [p for p in world.pages if p.kind != "code"]
    for _ in range(count):
        page = rng.choice(usable)
        size = rng.choice((1, 2, 4, 8))
        offset = rng.randrange(world.page_bytes)
        offset -= offset % (size if rng.random() < 0.7 else 1)
        offset = min(offset, world.page_bytes - size)
        pa = page.pa + offset
        data = rng.randbytes(size) if page.kind != "unclean" and rng.random() < 0.5 else None
        found, cause = await core.access(page.va + offset, size, data)
        counts["touched"].add(page)
        if data:
            written.add(page)
        expected = FAULT_BUS if page.kind == "dead" else FAULT_NONE
        assert cause == expected, f"cause {cause} at {pa:#x} ({page.kind}), expected {expected}"
        if page.kind == "dead":
            continue
        if data:
            image.write(pa, data)
        else:
            assert found == image.read(pa, size), f"loaded {found.hex()} from {pa:#x}, expected {image.read(pa, size).hex()}"
        if page.kind == "device":
            device.append((data is not None, pa, size))
    while counts["fetches"] < 20:
        await core.edge
    fetching.kill()
    await core.clean()
    assert not reported, f"write-back errors at {[hex(a) for a in reported]}, expected none"
    for page in world.pages:
        if page.kind in ("data", "device"):
            found = bytes(bus.read(page.pa, world.page_bytes))
            assert found == image.read(page.pa, world.page_bytes), f"after cleaning, the page at {page.pa:#x} is not right"

    for page in [p for p in world.pages if p.kind == "unclean"][:1]:
        _, cause = await core.access(page.va, 4, b"lost")
        assert cause == FAULT_NONE
        written.add(page)
        counts["touched"].add(page)
        await core.clean()
        assert reported == [page.pa], f"write-back errors at {[hex(a) for a in reported]}, expected {page.pa:#x}"
    await core.clean()
    world.check_entries(bus, counts["touched"], written)
    return device
