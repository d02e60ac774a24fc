# SPDX-License-Identifier: Apache-2.0
"""vm_axi4 alone (axi_bench.sv): random traffic against cocotbext-axi's AxiRam and a slave that takes every liberty."""
import itertools
import logging
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

import axi_slave
import memory_port
from failing_ram import FailingRam
from memory_port import BASE, SOURCES, SPAN, Memory, MemoryPort

SEED = os.environ["VM_SEED"]
PACES = {"eager": (1.0, 1.0, 1.0), "mixed": (0.5, 0.7, 0.8), "lazy": (0.1, 0.3, 0.4)}


def ids(dut):
    """How many requests of a source are outstanding: with a wide AxID, as many as vm_l1 has."""
    return 1 if len(dut.axi_arid) == 2 else 7


def rng_for(*what):
    return random.Random(" ".join(map(str, (SEED, *what))))


def unbroken(dut):
    assert int(dut.broken.value) == 0, f"broken rules of AXI4 (tb/vm_axi_rules.sv): {int(dut.broken.value):010b}"


def compare_memory(expected, found):
    for i, (a, b) in enumerate(zip(expected, found)):
        assert a == b, f"at {BASE + i:#x} memory holds {b:#04x} in the end, expected {a:#04x}"


async def ram_run(dut, pace, pause, errors, count):
    logging.getLogger("cocotb.axi_bench").setLevel(logging.ERROR)
    rng = rng_for("ram", pace, pause, errors, len(dut.axi_wdata))
    bus_bytes = len(dut.axi_wstrb)
    memory = Memory(rng, errors, unit=16)
    axi_slave.idle(dut)
    ram = FailingRam(dut, "axi_bench.sv", memory, BASE, SOURCES * SPAN)
    ram.write(0, bytes(memory.data))
    await memory_port.reset(dut, Clock(dut.clk, 10, "ns"))
    if pause:
        ram.pause(rng_for("pause", pause), pause)
    port = MemoryPort(dut, rng, memory, bus_bytes, busy=PACES[pace], ids=ids(dut))
    await port.run(count)
    await ClockCycles(dut.clk, 10)
    unbroken(dut)
    assert not errors or port.errors, "no access met a bus error"
    compare_memory(memory.data, ram.read(0, SOURCES * SPAN))


@cocotb.test()
async def axi_ram_full_speed(dut):
    await ram_run(dut, "eager", 0, 0, 150)


@cocotb.test()
async def axi_ram_back_pressure(dut):
    await ram_run(dut, "mixed", 0.5, 0, 150)


@cocotb.test()
async def axi_ram_errors(dut):
    await ram_run(dut, "mixed", 0.2, 200, 150)


async def slave_run(dut, pace, likely, order, count):
    """Both sides random; what the slave saw is compared with what was asked for."""
    rng = rng_for("slave", pace, likely, order, len(dut.axi_wdata))
    memory = Memory(rng, 300)
    there = Memory(rng)
    there.data[:] = memory.data
    there.bad = memory.bad
    axi_slave.idle(dut)
    busy = {c: likely if likely else rng.choice((0.1, 0.5, 1.0)) for c in ("aw", "w", "b", "ar", "r")}
    slave = axi_slave.AxiSlave(dut, rng_for("liberties", pace, likely, order), there, busy, order)
    await memory_port.reset(dut, Clock(dut.clk, 10, "ns"))
    cocotb.start_soon(slave.run())
    port = MemoryPort(dut, rng, memory, slave.bus_bytes, busy=PACES[pace], ids=ids(dut))
    await port.run(count)
    await ClockCycles(dut.clk, 10)
    unbroken(dut)
    compare_memory(memory.data, there.data)
    assert port.errors, "no access met a bus error"
    compare_accesses(port, slave.log)


def compare_accesses(port, log):
    """The transfers of each source and id, in its order, with exact size and strobes: nothing more, nothing less."""
    for src, ident, write in itertools.product(range(SOURCES), range(port.ids), (False, True)):
        tag = ident << 2 | src
        seen = [a for a in log if a.id == tag and a.write == write]
        asked = []
        for request in port.requests:
            if request.src != src or request.ident != ident or request.write != write:
                continue
            prot = (4 if src == 0 else 0) | 1
            if request.beats > 1:
                strb = (1 << port.bus_bytes) - 1 if write else None
                asked.append(axi_slave.Access(tag, write, request.addr, port.bus_bytes, strb,
                                              8 * request.beats // port.bus_bytes, 0b0010, prot))
            else:
                for address, size in port.transfers(request):
                    strb = ((1 << size) - 1) << address % port.bus_bytes if write else None
                    asked.append(axi_slave.Access(tag, write, address, size, strb, 1, 0, prot))
        assert seen == asked, next(f"the slave saw {s}, asked was {a}"
                                   for s, a in itertools.zip_longest(seen, asked) if s != a)


@cocotb.test()
async def slave_full_speed(dut):
    await slave_run(dut, "eager", 1.0, "free", 200)


@cocotb.test()
async def slave_mixed(dut):
    await slave_run(dut, "mixed", None, "free", 200)


@cocotb.test()
async def slave_slow_answers_taken_slowly(dut):
    await slave_run(dut, "lazy", 0.6, "free", 150)


@cocotb.test()
async def slave_wants_data_first(dut):
    await slave_run(dut, "mixed", 0.5, "data first", 150)


@cocotb.test()
async def slave_wants_address_first(dut):
    await slave_run(dut, "mixed", 0.5, "address first", 150)



class OneWordAtATime(MemoryPort):
    """Single beats only: each word of the first KiB, so that with one bad byte in each every transfer of a cut access
    is once the one that fails."""

    def choose(self, src, ident=0):
        turn = len(self.requests) // 2 % 128
        strb = self.rng.choice((0b0101_0111, 0b0111_1110, 0b1111_1110, 0b1010_1010, 0b0111_0111, 0b1001_0000))
        address = BASE + src * SPAN + 8 * turn + (strb & -strb).bit_length() - 1
        write = bool(len(self.requests) % 2)
        return memory_port.Request(src, write, 1, strb, address, [self.rng.getrandbits(64)] if write else [])


@cocotb.test()
async def one_bad_byte_in_each_word(dut):
    rng = rng_for("bad byte")
    memory = Memory(rng)
    memory.bad.update(BASE + s * SPAN + 8 * i + i % 8 for s in range(SOURCES) for i in range(128))
    there = Memory(rng)
    there.data[:], there.bad = memory.data, memory.bad
    axi_slave.idle(dut)
    slave = axi_slave.AxiSlave(dut, rng_for("liberties"), there, dict.fromkeys(("aw", "w", "b", "ar", "r"), 1.0))
    await memory_port.reset(dut, Clock(dut.clk, 10, "ns"))
    cocotb.start_soon(slave.run())
    port = OneWordAtATime(dut, rng, memory, slave.bus_bytes, busy=PACES["eager"])
    await port.run(256)
    unbroken(dut)
    compare_memory(memory.data, there.data)


@cocotb.test()
async def latency(dut):
    """What the header of rtl/vm_axi4.sv says of added cycles."""
    axi_slave.idle(dut)
    await memory_port.reset(dut, Clock(dut.clk, 10, "ns"))
    dut.axi_arready.value = dut.axi_awready.value = dut.axi_wready.value = 1
    for name, value in (("src", 1), ("write", 0), ("len", 7), ("strb", 0xFF), ("addr", BASE)):
        getattr(dut, f"req_{name}").value = value
    dut.req_valid.value = 1
    await ReadOnly()
    assert int(dut.req_ready.value) and not int(dut.axi_arvalid.value)
    await RisingEdge(dut.clk)
    dut.req_valid.value = 0
    await ReadOnly()
    assert int(dut.axi_arvalid.value), "a read goes out one cycle after it was accepted"
    await RisingEdge(dut.clk)
    bus_beats = 64 // len(dut.axi_wstrb)
    dut.axi_rvalid.value, dut.axi_rid.value = 1, 1
    beats = taken = 0
    for _ in range(8):
        dut.axi_rlast.value = int(taken == bus_beats - 1)
        await ReadOnly()
        beats += int(dut.rsp_valid.value)
        ready = int(dut.axi_rready.value)
        last = int(dut.rsp_last.value)
        await RisingEdge(dut.clk)
        taken += ready
        dut.axi_rvalid.value = int(taken < bus_beats)
    assert beats == 8 and last, "a beat each cycle, the first in the cycle in which the bus gives it"
    dut.axi_rvalid.value = 0
    await RisingEdge(dut.clk)

    dut.req_write.value, dut.req_len.value, dut.req_valid.value = 1, 0, 1
    dut.w_valid.value, dut.w_last.value = 1, 1
    await RisingEdge(dut.clk)
    dut.req_valid.value = 0
    await ReadOnly()
    assert int(dut.axi_awvalid.value) and not int(dut.axi_wvalid.value) and int(dut.w_ready.value)
    await RisingEdge(dut.clk)
    dut.w_valid.value = 0
    await ReadOnly()
    assert int(dut.axi_wvalid.value), "data goes out one cycle after it was given"
    await RisingEdge(dut.clk)
    dut.axi_bvalid.value, dut.axi_bid.value = 1, 1
    await ReadOnly()
    assert not int(dut.rsp_valid.value)
    await RisingEdge(dut.clk)
    dut.axi_bvalid.value = 0
    await ReadOnly()
    assert int(dut.rsp_valid.value), "the answer of a write comes one cycle after the bus's"
    await RisingEdge(dut.clk)
    unbroken(dut)
