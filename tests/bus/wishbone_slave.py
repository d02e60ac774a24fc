# SPDX-License-Identifier: Apache-2.0
"""A Wishbone B4 slave, pipelined or classic, that writes down what it was asked.

It stalls and answers at random; lanes that were not asked for carry noise. An `immediate` one answers in the cycle of the
transfer, as combinational slaves do.
"""
import collections

from cocotb.triggers import RisingEdge, Timer

from ports import get

Access = collections.namedtuple("Access", "write addr sel")


class WishboneSlave:
    def __init__(self, dut, rng, memory, busy, immediate=False):
        """busy: probability, per cycle, of a transfer taken and of an answer."""
        self.dut, self.rng, self.memory, self.busy, self.immediate = dut, rng, memory, busy, immediate
        self.bus_bytes = len(dut.wb_sel)
        self.pipelined = bool(get(dut.pipelined))
        self.log = []

    def access(self):
        """Carry out the transfer on the bus: (data, error)."""
        dut = self.dut
        write, sel = get(dut.wb_we), get(dut.wb_sel)
        address = int(dut.wb_adr.value) * self.bus_bytes
        self.log.append(Access(bool(write), address, sel))
        lanes = [i for i in range(self.bus_bytes) if sel >> i & 1]
        data = bytearray(self.rng.randbytes(self.bus_bytes))
        bad = any(self.memory.fails(address + i, 1, bool(write)) for i in lanes)
        if not bad:
            value = int(dut.wb_dat_w.value)
            for i in lanes:
                if write:
                    self.memory.write(address + i, bytes([value >> 8 * i & 0xFF]))
                else:
                    data[i:i + 1] = self.memory.read(address + i, 1)
        return int.from_bytes(data, "little"), bad

    def answer(self, what):
        dut = self.dut
        dut.wb_ack.value = int(what is not None and not what[1])
        dut.wb_err.value = int(what is not None and what[1])
        if what is not None:
            dut.wb_dat_r.value = what[0]

    async def run(self):
        dut, rng = self.dut, self.rng
        due = collections.deque()
        answering = stall = False
        edge = RisingEdge(dut.clk)
        while True:
            await edge
            if self.immediate:
                stall = rng.random() >= self.busy
                dut.wb_stall.value = int(stall)
                self.answer(None)
                await Timer(2, "ns")
                if get(dut.wb_stb) and not stall:
                    self.answer(self.access())
                continue
            if get(dut.wb_stb) and (not stall if self.pipelined else not answering and not due):
                due.append(self.access())
            stall = rng.random() >= self.busy
            dut.wb_stall.value = int(stall)
            answering = bool(due) and rng.random() < self.busy
            self.answer(due.popleft() if answering else None)
