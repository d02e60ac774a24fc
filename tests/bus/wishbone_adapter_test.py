# SPDX-License-Identifier: Apache-2.0
"""vm_wishbone alone (wishbone_bench.sv): random traffic against a slave that stalls, delays and fails."""
import itertools
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

import memory_port
from memory_port import BASE, Memory, MemoryPort
from wishbone_slave import Access, WishboneSlave

SEED = os.environ["VM_SEED"]


def idle(dut):
    for name in ("stall", "ack", "err", "dat_r"):
        getattr(dut, f"wb_{name}").value = 0


def unbroken(dut):
    assert int(dut.broken.value) == 0, f"broken rules (tb/vm_wishbone_rules.sv): {int(dut.broken.value):05b}"


async def random_run(dut, pace, busy, immediate, count):
    idle(dut)
    await memory_port.reset(dut, Clock(dut.clk, 10, "ns"))
    rng = random.Random(f"{SEED} {pace} {busy} {immediate} {len(dut.wb_sel)} {int(dut.pipelined.value)}")
    memory = Memory(rng, 300)
    there = Memory(rng)
    there.data[:] = memory.data
    there.bad = memory.bad
    slave = WishboneSlave(dut, rng, there, busy, immediate)
    cocotb.start_soon(slave.run())
    port = MemoryPort(dut, rng, memory, slave.bus_bytes, cuts=False, busy=(pace, pace, 1.0), has_ready=False,
                      wrap=bool(int(dut.wraps.value)))
    await port.run(count)
    await ClockCycles(dut.clk, 10)
    unbroken(dut)
    assert port.errors, "no access met a bus error"
    for i, (a, b) in enumerate(zip(memory.data, there.data)):
        assert a == b, f"at {BASE + i:#x} memory holds {b:#04x} in the end, expected {a:#04x}"
    asked = [Access(request.write, address, lanes_of(request, address, slave.bus_bytes))
             for request in port.requests for address, _ in port.transfers(request)]
    assert slave.log == asked, next(f"the slave saw {s}, asked was {a}"
                                    for s, a in itertools.zip_longest(slave.log, asked) if s != a)


def lanes_of(request, address, bus_bytes):
    return request.strb >> address % 8 & ((1 << bus_bytes) - 1)


@cocotb.test()
async def full_speed(dut):
    await random_run(dut, 1.0, 1.0, False, 200)


@cocotb.test()
async def back_pressure(dut):
    await random_run(dut, 0.6, 0.5, False, 200)


@cocotb.test()
async def immediate_answers(dut):
    await random_run(dut, 0.8, 0.8, True, 200)


@cocotb.test()
async def latency(dut):
    """What the header of rtl/vm_wishbone.sv says of added cycles."""
    idle(dut)
    await memory_port.reset(dut, Clock(dut.clk, 10, "ns"))
    for name, value in (("src", 1), ("write", 0), ("len", 0), ("strb", 0x0F), ("addr", BASE)):
        getattr(dut, f"req_{name}").value = value
    dut.req_valid.value = 1
    await ReadOnly()
    assert int(dut.req_ready.value) and not int(dut.wb_cyc.value)
    await RisingEdge(dut.clk)
    dut.req_valid.value, dut.wb_ack.value = 0, 1
    await ReadOnly()
    assert int(dut.wb_cyc.value) and int(dut.wb_stb.value), "a transfer goes out one cycle after it was accepted"
    assert int(dut.rsp_valid.value) and int(dut.rsp_last.value), "an answer comes in the cycle of the bus's"
    await RisingEdge(dut.clk)
    dut.wb_ack.value = 0
    await ReadOnly()
    assert not int(dut.wb_cyc.value) and int(dut.req_ready.value)
    await RisingEdge(dut.clk)
    unbroken(dut)
