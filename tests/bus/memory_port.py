# SPDX-License-Identifier: Apache-2.0
"""Random traffic on a memory port (rtl/vm_pkg.sv, mem_req_t), and the judge of its answers.

Each source has memory of its own, and each of its ids a part of that, so whatever order a bus chooses, every read has one
right answer.
"""
import cocotb
from cocotb.triggers import RisingEdge, Timer

from ports import get

SOURCES = 3  # fetch, data, walk
SPAN = 0x4000
BASE = 0x8000_0000
PATIENCE = 4000  # cycles without an answer


def runs(strb):
    """The lanes of strb as naturally aligned runs (first lane, bytes), lowest first, each as long as it can be."""
    cut, lane = [], 0
    while lane < 8:
        if not strb >> lane & 1:
            lane += 1
            continue
        size = max(s for s in (1, 2, 4, 8) if lane % s == 0 and all(strb >> (lane + i) & 1 for i in range(s)))
        cut.append((lane, size))
        lane += size
    return cut


class Memory:
    """Bytes, and addresses at which an access gets a bus error. `unit` bytes fail together."""

    def __init__(self, rng, errors=0, unit=1):
        self.data = bytearray(rng.randbytes(SOURCES * SPAN))
        self.bad = set()
        for _ in range(errors):
            first = BASE + rng.randrange(len(self.data)) // unit * unit
            self.bad.update(range(first, first + unit))

    def fails(self, address, size, write):  # both ways alike
        return any(address + i in self.bad for i in range(size))

    def read(self, address, size):
        return bytes(self.data[address - BASE:address - BASE + size])

    def write(self, address, data):
        self.data[address - BASE:address - BASE + len(data)] = data


class Request:
    def __init__(self, src, write, beats, strb, addr, data, ident=0):
        self.src, self.write, self.beats, self.strb, self.addr, self.data = src, write, beats, strb, addr, data
        self.ident = ident
        self.answered = 0
        self.sent = 0

    def __repr__(self):
        kind = "write" if self.write else "read"
        return f"{kind} of source {self.src} at {self.addr:#x}, {self.beats} beats, lanes {self.strb:08b}"

    def word(self, beat):
        """Address of a beat: a read of a line may begin anywhere in it, and wraps."""
        line = self.addr & ~(8 * self.beats - 1)
        return line + ((self.addr & ~7) - line + 8 * beat) % (8 * self.beats)

    def lanes(self, beat):
        """Addresses of the bytes of one beat."""
        word = self.word(beat)
        return [word + i for i in range(8) if self.strb >> i & 1]


class MemoryPort:
    """Drives `count` requests and compares every answer with `memory`, which the writes change.

    bus_bytes: what a bus moves at once, and so what is written or not when there is an error. cuts: single beats go out
    in naturally aligned runs. busy: how likely a free source asks, data is given, an answer is taken, per cycle. ids: how
    many requests a source may have outstanding. wrap (or more than one id): lines are of at most 16 beats, and a read may
    begin anywhere in its line.
    """

    def __init__(self, dut, rng, memory, bus_bytes=8, cuts=True, busy=(0.5, 0.7, 0.8), has_ready=True, ids=1,
                 wrap=False):
        self.ids, self.wrap = ids, wrap or ids > 1
        self.dut, self.rng, self.memory = dut, rng, memory
        self.bus_bytes, self.cuts, self.busy, self.has_ready = bus_bytes, cuts, busy, has_ready
        self.requests = []  # all, in order of acceptance
        self.errors = 0
        self.cycle = 0

    def choose(self, src, ident=0):
        rng, words = self.rng, SPAN // 8 // self.ids & ~15  # of this id
        write = rng.random() < 0.5
        if rng.random() < 0.5:
            beats = rng.choices((2, 4, 8, 16, 32, 256), (20, 20, 40, 10, 9, 1))[0]
            if self.wrap:
                beats = 2 ** rng.randint(1, 4)
            strb, offset = 0xFF, 0
            word = rng.randrange(words // beats) * beats
            if self.wrap and not write:
                word += rng.randrange(beats)
        else:
            beats, word = 1, rng.randrange(words)
            if rng.random() < 0.7:
                first = rng.randrange(8)
                strb = sum(1 << i for i in range(first, first + rng.randint(1, 8 - first)))
            else:
                strb = rng.randrange(1, 256)
            offset = (strb & -strb).bit_length() - 1
        data = [rng.getrandbits(64) for _ in range(beats)] if write else []
        return Request(src, write, beats, strb, BASE + src * SPAN + 8 * (ident * words + word) + offset, data, ident)

    def transfers(self, request):
        """(address, bytes) of what the bus moves at once."""
        if request.beats == 1 and self.cuts:
            return [((request.addr & ~7) + first, size) for first, size in runs(request.strb)]
        step = self.bus_bytes
        if request.beats == 1:
            return [((request.addr & ~7) + i, step) for i in range(0, 8, step)
                    if request.strb >> i & ((1 << step) - 1)]
        if step > 8:
            return [(request.addr + i, step) for i in range(0, 8 * request.beats, step)]
        return [(request.word(beat) + i, step) for beat in range(request.beats) for i in range(0, 8, step)]

    def take_effect(self, request):
        """The write in our memory; whether it gets an error."""
        failed = False
        for address, size in self.transfers(request):
            asked = [a for a in range(address, address + size) if request.beats > 1 or request.strb >> (a % 8) & 1]
            if any(self.memory.fails(a, 1, True) for a in asked):
                failed = True
                continue
            for a in asked:
                word = (a - (request.addr & ~7)) // 8
                self.memory.write(a, bytes([request.data[word] >> 8 * (a % 8) & 0xFF]))
        return failed

    def judge(self, request, rdata, err, last):
        if request.write:
            assert request.sent == request.beats, f"answered before its data was given: {request}"
            assert last, f"the answer of a write is not the last one: {request}"
            failed = self.take_effect(request)
            self.errors += failed
            assert err == failed, f"error {err}, expected {failed}: {request}"
            return
        assert last == (request.answered == request.beats - 1), f"`last` at beat {request.answered}: {request}"
        lanes = request.lanes(request.answered)
        if request.beats > 1:  # an error is that of the bus's beat
            size = max(self.bus_bytes, 8)
            failed = self.memory.fails(lanes[0] // size * size, size, False)
        else:
            failed = any(self.memory.fails(a, 1, False) for a in lanes)
        self.errors += failed
        assert err == failed, f"error {err}, expected {failed}, beat {request.answered}: {request}"
        if not err:
            found = bytes(rdata >> 8 * (a % 8) & 0xFF for a in lanes)
            expected = b"".join(self.memory.read(a, 1) for a in lanes)
            assert found == expected, (f"read {found.hex()}, expected {expected.hex()}, beat {request.answered}: "
                                       f"{request}")

    def offer(self, request):
        dut = self.dut
        dut.req_valid.value = 1
        dut.req_src.value = request.src
        if hasattr(dut, "req_id"):
            dut.req_id.value = request.ident
        dut.req_write.value = int(request.write)
        dut.req_len.value = request.beats - 1
        dut.req_strb.value = request.strb
        dut.req_addr.value = request.addr

    async def run(self, count):
        dut, rng = self.dut, self.rng
        outstanding = {(s, i): None for s in range(SOURCES) for i in range(self.ids)}
        offered = writing = held = None
        w_valid = rsp_ready = False
        idle = done = accepted = 0
        edge = RisingEdge(dut.clk)
        while done < count:
            await edge
            self.cycle += 1
            idle += 1
            assert idle < PATIENCE, f"no answer for {PATIENCE} cycles to {[r for r in outstanding.values() if r]}"
            if offered and get(dut.req_ready):
                outstanding[offered.src, offered.ident] = offered
                self.requests.append(offered)
                if offered.write:
                    writing = offered
                offered = None
            if w_valid and get(dut.w_ready):
                w_valid = False
                writing.sent += 1
                if writing.sent == writing.beats:
                    writing = None
            if get(dut.rsp_valid):
                answer = tuple(int(s.value) for s in (dut.rsp_src, dut.rsp_rdata, dut.rsp_err, dut.rsp_last))
                ident = int(dut.rsp_id.value) if hasattr(dut, "rsp_id") else 0
                assert held is None or held == answer, f"an answer changed before it was taken: {held}, {answer}"
                held = answer
                if rsp_ready:
                    held, idle = None, 0
                    src, rdata, err, last = answer
                    request = outstanding.get((src, ident))
                    assert request is not None, f"source {src}, id {ident} was answered and had asked for nothing"
                    self.judge(request, rdata, bool(err), bool(last))
                    request.answered += 1
                    if last:
                        outstanding[src, ident] = None
                        done += 1
            else:
                assert held is None, "an answer was withdrawn"

            free = [tag for tag, request in outstanding.items() if request is None]
            if not offered and not writing and free and accepted < count and rng.random() < self.busy[0]:
                offered = self.choose(*rng.choice(free))
                accepted += 1
                self.offer(offered)
            elif not offered:
                dut.req_valid.value = 0
            if writing and not w_valid and rng.random() < self.busy[1]:
                w_valid = True
                dut.w_data.value = writing.data[writing.sent]
                dut.w_last.value = int(writing.sent == writing.beats - 1)
            dut.w_valid.value = int(w_valid)
            rsp_ready = not self.has_ready or rng.random() < self.busy[2]
            if self.has_ready:
                dut.rsp_ready.value = int(rsp_ready)
        dut.req_valid.value = 0
        dut.w_valid.value = 0


async def reset(dut, clock):
    """Start the clock and hold reset for a few cycles."""
    for name in ("req_valid", "w_valid", "req_id"):
        if hasattr(dut, name):
            getattr(dut, name).value = 0
    if hasattr(dut, "rsp_ready"):
        dut.rsp_ready.value = 1
    dut.rst_n.value = 0
    await Timer(1, "ns")
    cocotb.start_soon(clock.start())
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst_n.value = 1
    await RisingEdge(dut.clk)
