# SPDX-License-Identifier: Apache-2.0
"""Each rule of tb/vm_wishbone_rules.sv fails when it is broken, and only then."""
import os

import cocotb

from rules_play import broken_by

NAMES = ("cyc", "stb", "we", "adr", "sel", "dat", "stall", "ack", "err")
PIPELINED = os.environ["BENCH_Pipelined"] == "1"
IDLE, WAIT, ACK, ERR = {}, {"cyc": 1}, {"cyc": 1, "ack": 1}, {"cyc": 1, "err": 1}


def t(adr=1, **other):
    return {"cyc": 1, "stb": 1, "adr": adr, "sel": 0xFF, **other}


PIPELINED_GOOD = [
    [t(), WAIT, ACK], [t(), ERR], [t(ack=1)], [t(stall=1), t(stall=1), t(), ACK],
    [t(1), t(2, ack=1), t(3, ack=1), ACK], [t(), t(), ACK, ACK], [t(we=1, dat=7, stall=1), t(we=1, dat=7), ACK],
]
PIPELINED_BAD = {
    1: [[{"stb": 1, "sel": 1}, ACK], [t(sel=0), ACK]],
    2: [[t(stall=1), t(2), ACK], [t(stall=1), WAIT], [t(stall=1, we=1), t(we=0), ACK], [t(stall=1), t(sel=3), ACK],
        [t(we=1, dat=7, stall=1), t(we=1, dat=8), ACK]],
    3: [[t(), IDLE, ACK], [t(), t(ack=1), IDLE, ACK]],
    4: [[ACK], [t(), ACK, ACK], [t(), ERR, ERR], [t(), {"cyc": 1, "ack": 1, "err": 1}], [t(stall=1, ack=1), t(), WAIT]],
}
CLASSIC_GOOD = [[t(), t(), t(ack=1)], [t(ack=1), t(2, err=1)], [t(ack=1), IDLE, t(), t(err=1)], [t(stall=1), t(ack=1)]]
CLASSIC_BAD = {
    1: [[{"stb": 1, "sel": 1, "ack": 1}], [t(sel=0, ack=1)]],
    2: [[t(), t(2, ack=1)], [t(), IDLE], [t(we=1, dat=7), t(we=1, dat=8, ack=1)]],
    4: [[ACK], [t(ack=1), ACK], [t(ack=1, err=1)]],
}


@cocotb.test()
async def legal_traffic_breaks_no_rule(dut):
    for script in PIPELINED_GOOD if PIPELINED else CLASSIC_GOOD:
        found = await broken_by(dut, NAMES, script)
        assert found == set(), f"rules {found} broken by {script}"


@cocotb.test()
async def each_breach_is_seen(dut):
    for rule, scripts in (PIPELINED_BAD if PIPELINED else CLASSIC_BAD).items():
        for script in scripts:
            found = await broken_by(dut, NAMES, script)
            assert rule in found, f"rule {rule} is not broken by {script}, but {found}"


@cocotb.test()
async def a_transfer_in_reset(dut):
    assert 0 in await broken_by(dut, NAMES, [], held={"cyc": 1})
    assert 0 in await broken_by(dut, NAMES, [], held={"stb": 1})
