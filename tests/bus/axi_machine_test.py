# SPDX-License-Identifier: Apache-2.0
"""A whole machine (axi_machine.sv) on cocotbext-axi's AxiRam, with back pressure and bus errors."""
import logging
import os
import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

import axi_slave
import machine
from failing_ram import FailingRam
from memory_port import runs
from ports import get


async def device_transfers(dut, seen):
    """(write, address, bytes) of single beats outside cacheable memory."""
    while True:
        await RisingEdge(dut.clk)
        for channel, write in (("ar", False), ("aw", True)):
            if get(getattr(dut, f"axi_{channel}valid")) and get(getattr(dut, f"axi_{channel}ready")):
                address = get(getattr(dut, f"axi_{channel}addr"))
                if 0x4000_0000 <= address < 0x8000_0000:
                    assert get(getattr(dut, f"axi_{channel}len")) == 0 and get(getattr(dut, f"axi_{channel}cache")) == 0
                    seen.append((write, address, 1 << get(getattr(dut, f"axi_{channel}size"))))


async def accesses(dut, pause, count):
    logging.getLogger("cocotb.axi_machine").setLevel(logging.ERROR)
    rng = random.Random(f"{os.environ['VM_SEED']} {pause} {len(dut.axi_wdata)}")
    world = (machine.Flat if os.environ["BENCH_Flat"] == "1" else machine.Sv39)(rng)
    faults = machine.Faults()
    axi_slave.idle(dut)
    ram = FailingRam(dut, "axi_machine.sv", faults, 0, 1 << 32)
    if pause:
        ram.pause(rng, pause)
    seen = []
    cocotb.start_soon(device_transfers(dut, seen))
    device = await machine.run(dut, rng, world, ram, faults, count)
    await ClockCycles(dut.clk, 5)
    asked = []
    for write, address, size in device:
        for word in range(address & ~7, address + size, 8):  # an access may lie in two words
            strb = sum(1 << i for i in range(8) if address <= word + i < address + size)
            asked += [(write, word + lane, piece) for lane, piece in runs(strb)]
    assert seen == asked, "the device saw other transfers than the core asked for"
    assert get(dut.broken) == 0, f"broken rules of AXI4 (tb/vm_axi_rules.sv): {get(dut.broken):010b}"


@cocotb.test()
async def full_speed(dut):
    await accesses(dut, 0, 300)


@cocotb.test()
async def back_pressure(dut):
    await accesses(dut, 0.5, 300)
