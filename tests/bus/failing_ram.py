# SPDX-License-Identifier: Apache-2.0
"""cocotbext-axi's AxiRam with addresses at which it answers SLVERR, and random back pressure."""
import itertools

from cocotbext.axi import AxiBus, AxiRam

from ports import Ports


class FailingRam(AxiRam):
    """Memory of `size` bytes from `base`; `memory.fails(address, bytes, write)` says where there is an error."""

    def __init__(self, dut, source, memory, base, size):
        self.memory, self.base = memory, base
        super().__init__(AxiBus.from_prefix(Ports(dut, source), "axi"), dut.clk, dut.rst_n, reset_active_level=False,
                         size=size)
        self.read_if._read = self.failing(self.read_if._read)
        self.write_if._write = self.failing(self.write_if._write)

    def failing(self, access):
        async def checked(address, what):
            write = not isinstance(what, int)
            if self.memory.fails(address, len(what) if write else what, write):
                raise ValueError("bus error")
            return await access(address - self.base, what)
        return checked

    def pause(self, rng, likely):
        """Hold up each of the five channels with this probability, per cycle."""
        for channel in (self.write_if.aw_channel, self.write_if.w_channel, self.write_if.b_channel,
                        self.read_if.ar_channel, self.read_if.r_channel):
            channel.set_pause_generator(rng.random() < likely for _ in itertools.count())
