# SPDX-License-Identifier: Apache-2.0
"""Plays a script of signal values, cycle by cycle, to a bench of bus rules and says which rules it broke."""
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer


async def broken_by(dut, names, script, held=None):
    """script: a dict of the signals that are not 0, for each cycle after reset; `held`: those during reset."""
    def drive(values):
        for name in names:
            getattr(dut, name).value = values.get(name, 0)

    dut.rst_n.value = 0
    drive(held or {})
    await Timer(1, "ns")
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst_n.value = 1
    for values in script:
        drive(values)
        await RisingEdge(dut.clk)
    drive({})
    for _ in range(3):
        await RisingEdge(dut.clk)
    return {rule for rule in range(len(dut.broken)) if int(dut.broken.value) >> rule & 1}
