# SPDX-License-Identifier: Apache-2.0
"""An AXI4 slave that uses every liberty the standard gives it, and writes down what it was asked.

Answers of different ids come in any order, the beats of reads interleaved; reads look at memory at any moment before
their answer, writes change it at any moment between their last data and their answer; lanes that were not asked for carry
noise; addresses may wait for data and data for addresses.
"""
import collections

from cocotb.triggers import RisingEdge

from ports import get

OKAY, SLVERR, DECERR = 0, 2, 3
WRAP = 2
Access = collections.namedtuple("Access", "id write addr bytes strb beats cache prot")
CHANNELS = {"aw": ("id", "addr", "len", "size", "cache", "prot"), "w": ("data", "strb", "last"),
            "ar": ("id", "addr", "len", "size", "burst", "cache", "prot")}


class AxiSlave:
    def __init__(self, dut, rng, memory, busy, order="free"):
        """busy: probability of ready and valid, by channel. order: free, data first, address first."""
        self.dut, self.rng, self.memory, self.busy, self.order = dut, rng, memory, busy, order
        self.bus_bytes = len(dut.axi_wstrb)
        self.log = []

    def payload(self, channel):
        return {name: int(getattr(self.dut, f"axi_{channel}{name}").value) for name in CHANNELS[channel]}

    def note(self, a, write, strb):
        self.log.append(Access(a["id"], write, a["addr"], 1 << a["size"], strb, a["len"] + 1, a["cache"], a["prot"]))

    def response(self, bad):
        """SLVERR or DECERR, by the address, so that both are met."""
        return OKAY if not bad else (SLVERR if self.rng.random() < 0.5 else DECERR)

    def store(self, a, beats):
        """Carry out a write; whether any transfer of it failed."""
        failed = False
        for n, (data, strb) in enumerate(beats):
            word = (a["addr"] & ~(self.bus_bytes - 1)) + self.bus_bytes * n
            lanes = [i for i in range(self.bus_bytes) if strb >> i & 1]
            if any(self.memory.fails(word + i, 1, True) for i in lanes):
                failed = True
                continue
            for i in lanes:
                self.memory.write(word + i, bytes([data >> 8 * i & 0xFF]))
        return failed

    def load(self, a):
        """[data, response] of each beat."""
        answers = []
        for n in range(a["len"] + 1):
            size = 1 << a["size"]
            start = a["addr"] + size * n
            if a["burst"] == WRAP:
                total = size * (a["len"] + 1)
                start = a["addr"] // total * total + start % total
            word = start & ~(self.bus_bytes - 1)
            data = bytearray(self.rng.randbytes(self.bus_bytes))
            bad = self.memory.fails(start, size, False)
            if not bad:
                data[start - word:start - word + size] = self.memory.read(start, size)
            answers.append((int.from_bytes(data, "little"), self.response(bad)))
        return answers

    async def run(self):
        dut, rng, busy = self.dut, self.rng, self.busy
        addresses, data, current = collections.deque(), collections.deque(), []
        writes = {}  # by id, complete, not answered: [address, beats, failed or None]
        reads = {}   # by id, not answered: deque of [address, answers or None, beats done]
        ready = dict.fromkeys(("aw", "w", "ar"), 0)
        b_valid = r_valid = False
        b_id = r_id = None
        edge = RisingEdge(dut.clk)
        while True:
            await edge
            valid = {c: get(getattr(dut, f"axi_{c}valid")) for c in ready}
            fire = {c: valid[c] and ready[c] for c in ready}
            if fire["aw"]:
                addresses.append(self.payload("aw"))
            if fire["w"]:
                beat = self.payload("w")
                current.append((beat["data"], beat["strb"]))
                if beat["last"]:
                    data.append(current)
                    current = []
            if fire["ar"]:
                a = self.payload("ar")
                self.note(a, False, None)
                reads.setdefault(a["id"], collections.deque()).append([a, None, 0])
            if addresses and data:
                a, beats = addresses.popleft(), data.popleft()
                assert len(beats) == a["len"] + 1, f"{len(beats)} beats of data, AWLEN {a['len']}"
                self.note(a, True, beats[0][1])
                writes.setdefault(a["id"], collections.deque()).append([a, beats, None])
            if b_valid and get(dut.axi_bready):
                writes[b_id].popleft()
                b_valid = False
            if r_valid and get(dut.axi_rready):
                entry = reads[r_id][0]
                entry[2] += 1
                if entry[2] == len(entry[1]):
                    reads[r_id].popleft()
                r_valid = False

            for queue in writes.values():
                if queue and queue[0][2] is None and rng.random() < 0.3:
                    queue[0][2] = self.store(queue[0][0], queue[0][1])
            for queue in reads.values():
                if queue and queue[0][1] is None and rng.random() < 0.3:
                    queue[0][1] = self.load(queue[0][0])

            if not b_valid:
                choice = [i for i, queue in writes.items() if queue]
                b_valid = bool(choice) and rng.random() < busy["b"]
                if b_valid:
                    b_id = rng.choice(choice)
                    entry = writes[b_id][0]
                    if entry[2] is None:
                        entry[2] = self.store(entry[0], entry[1])
                    dut.axi_bid.value = b_id
                    dut.axi_bresp.value = self.response(entry[2])
                dut.axi_bvalid.value = int(b_valid)
            if not r_valid:
                choice = [i for i, queue in reads.items() if queue]
                r_valid = bool(choice) and rng.random() < busy["r"]
                if r_valid:
                    r_id = rng.choice(choice)
                    entry = reads[r_id][0]
                    if entry[1] is None:
                        entry[1] = self.load(entry[0])
                    value, response = entry[1][entry[2]]
                    dut.axi_rid.value = r_id
                    dut.axi_rdata.value = value
                    dut.axi_rresp.value = response
                    dut.axi_rlast.value = int(entry[2] == len(entry[1]) - 1)
                dut.axi_rvalid.value = int(r_valid)
            for channel in ready:
                ready[channel] = int(rng.random() < busy[channel])
            # An address that waits for its data to be offered, and the other way round.
            if self.order == "data first":
                ready["aw"] &= int(len(data) > len(addresses) or (valid["w"] and not fire["w"]))
            elif self.order == "address first":
                ready["w"] &= int(len(addresses) > len(data))
            for channel, value in ready.items():
                getattr(dut, f"axi_{channel}ready").value = value


def idle(dut):
    """The slave's side before there is one."""
    for name in ("awready", "wready", "arready", "bvalid", "rvalid", "bid", "bresp", "rid", "rdata", "rresp", "rlast"):
        getattr(dut, f"axi_{name}").value = 0
