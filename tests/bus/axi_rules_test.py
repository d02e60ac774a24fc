# SPDX-License-Identifier: Apache-2.0
"""Each rule of tb/vm_axi_rules.sv fails when it is broken, and only then."""
import re

import cocotb

from rules_play import broken_by

NAMES = [f"{c}{s}" for c, signals in {
    "aw": "valid ready id addr len size burst", "w": "valid ready data strb last", "b": "valid ready id resp",
    "ar": "valid ready id addr len size burst", "r": "valid ready id data resp last"}.items() for s in signals.split()]


def aw(addr=0x1000, length=0, size=3, ready=1, **other):
    return {"awvalid": 1, "awready": ready, "awaddr": addr, "awlen": length, "awsize": size, "awburst": 1,
            **{f"aw{k}": v for k, v in other.items()}}


def w(data=1, strb=0xFF, last=1, ready=1):
    return {"wvalid": 1, "wready": ready, "wdata": data, "wstrb": strb, "wlast": last}


def b(ident=0, ready=1, resp=0):
    return {"bvalid": 1, "bready": ready, "bid": ident, "bresp": resp}


def ar(addr=0x2000, length=0, size=3, ready=1, **other):
    return {re.sub("^aw", "ar", k): v for k, v in aw(addr, length, size, ready, **other).items()}


def r(ident=0, last=1, ready=1, data=5):
    return {"rvalid": 1, "rready": ready, "rid": ident, "rlast": last, "rdata": data}


GOOD = [
    [aw(), w(), b()],
    [aw() | w(), b()],
    [aw(ready=0) | w(), aw(), b()],                                   # data taken before the address
    [aw(ready=0), aw(), w(ready=0), w(), b(ready=0), b()],
    [aw(length=3), w(last=0), w(last=0), w(last=0), w(), b()],
    [aw(0x1000, id=1), aw(0x1008, id=2), w(), w(), b(2), b(1)],       # answers out of order
    [aw(0x1006, size=1) | w(strb=0xC0), b(resp=2)],
    [aw(0x1FF8, size=3) | w(), b()],
    [aw(0x1800, length=255) | w(last=0), *[w(last=0)] * 254, w(), b()],
    [ar(), r()],
    [ar(length=1, id=1), ar(id=2), r(1, last=0), r(2), r(1)],         # beats of two ids interleaved
    [ar(id=1), ar(id=1, length=1), r(1), r(1, last=0), r(1)],
]
BAD = {
    1: [[aw(ready=0), {}], [ar(ready=0), {}], [aw(ready=0) | w(ready=0), aw(ready=0), aw() | w(), b()],
        [aw() | w(), b(ready=0), {}, b()], [ar(), r(ready=0), {}, r()]],
    2: [[aw(ready=0), aw(0x1008), w(), b()], [aw(ready=0), aw(id=1), w()], [ar(ready=0), ar(0x2008), r()],
        [ar(ready=0), ar(id=1), r(1)], [aw(), w(ready=0), w(data=2), b()], [ar(), r(ready=0), r(data=6)],
        [aw() | w(), b(ready=0), b(resp=2)]],
    3: [[aw(burst=0), w(), b()], [ar(burst=2), r()], [ar(size=4), r()], [ar(0x2004), r()],
        [aw(0x1002, size=2) | w(strb=0x0F), b()], [ar(length=1, size=2), r(last=0), r()]],
    4: [[ar(0x2FF8, length=1), r(last=0), r()], [aw(0x1FF8, length=1), w(last=0), w(), b()]],
    5: [[aw(length=1), w(last=1), w(last=1), b()], [aw(), w(last=0), b()]],
    7: [[aw(size=0) | w(strb=0x02), b()], [aw(size=1) | w(strb=0x07), b()], [aw(size=1) | w(strb=0x01), b()],
        [aw(length=1), w(strb=0x7F, last=0), w(), b()]],
    8: [[b()], [aw(), b(), w()], [aw(ready=0) | w(), aw(ready=0) | b(), aw()], [aw() | w(), b(1)],
        [aw() | w(), b(), b()]],
    9: [[r()], [ar(), r(1)], [ar(length=1), r(last=1)], [ar(), r(), r()], [ar(length=1), r(last=0), r(last=0)]],
}


@cocotb.test()
async def legal_traffic_breaks_no_rule(dut):
    for script in GOOD:
        found = await broken_by(dut, NAMES, script)
        assert found == set(), f"rules {found} broken by {script}"


@cocotb.test()
async def each_breach_is_seen(dut):
    for rule, scripts in BAD.items():
        for script in scripts:
            found = await broken_by(dut, NAMES, script)
            assert rule in found, f"rule {rule} is not broken by {script}, but {found}"


@cocotb.test()
async def most_breaches_break_one_rule(dut):
    for rule in (2, 3, 4, 7):
        for script in BAD[rule]:
            found = await broken_by(dut, NAMES, script)
            assert found == {rule}, f"rules {found} broken by {script}, expected {rule} alone"


@cocotb.test()
async def valid_in_reset(dut):
    for name in ("awvalid", "wvalid", "bvalid", "arvalid", "rvalid"):
        assert 0 in await broken_by(dut, NAMES, [], held={name: 1}), name


@cocotb.test()
async def data_before_its_address(dut):
    assert await broken_by(dut, NAMES, [w(), aw()]) == {6}
    assert await broken_by(dut, NAMES, [aw() | w(), w()]) == {6}
