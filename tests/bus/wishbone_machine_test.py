# SPDX-License-Identifier: Apache-2.0
"""A whole machine (wishbone_machine.sv) on a Wishbone slave that stalls, delays and fails."""
import os
import random

import cocotb
from cocotb.triggers import ClockCycles

import machine
from ports import get
from wishbone_slave import WishboneSlave


class Memory:
    """Bytes of the machine's memory and the addresses with bus errors."""

    def __init__(self, faults, world):
        self.faults = faults
        self.spans = [(base, bytearray(size)) for base, size in world.spans]

    def at(self, address):
        return next((data, address - base) for base, data in self.spans if base <= address < base + len(data))

    def read(self, address, size):
        data, i = self.at(address)
        return bytes(data[i:i + size])

    def write(self, address, new):
        data, i = self.at(address)
        data[i:i + len(new)] = new

    def fails(self, address, size, write):
        return self.faults.fails(address, size, write)


async def accesses(dut, busy, immediate, count):
    rng = random.Random(f"{os.environ['VM_SEED']} {busy} {immediate} {len(dut.wb_sel)}")
    world = (machine.Flat if os.environ["BENCH_Flat"] == "1" else machine.Sv39)(rng)
    faults = machine.Faults()
    for name in ("stall", "ack", "err", "dat_r"):
        getattr(dut, f"wb_{name}").value = 0
    memory = Memory(faults, world)
    slave = WishboneSlave(dut, rng, memory, busy, immediate)
    slave.pipelined = os.environ["BENCH_Pipelined"] == "1"
    cocotb.start_soon(slave.run())
    device = await machine.run(dut, rng, world, memory, faults, count)
    await ClockCycles(dut.clk, 5)
    seen = [(a.write, a.addr + i) for a in slave.log if a.addr >= 0x4000_0000 and a.addr < 0x8000_0000
            for i in range(slave.bus_bytes) if a.sel >> i & 1]
    asked = [(write, address + i) for write, address, size in device for i in range(size)]
    assert seen == asked, "the device saw other bytes than the core asked for"
    assert get(dut.broken) == 0, f"broken rules (tb/vm_wishbone_rules.sv): {get(dut.broken):05b}"


@cocotb.test()
async def immediate_answers(dut):
    await accesses(dut, 1.0, True, 300)


@cocotb.test()
async def back_pressure(dut):
    await accesses(dut, 0.5, False, 300)
