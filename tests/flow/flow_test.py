# SPDX-License-Identifier: Apache-2.0
"""What the scripts of fpga/ decide, without the tools they run: divisors, pins, timing, what is made anew and what is left behind."""
import pathlib
import re
import shutil
import sys
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "fpga"))
# pylint: disable=wrong-import-position
import bitstream  # noqa: E402
import flow  # noqa: E402
import netlist  # noqa: E402
import pll  # noqa: E402
import report  # noqa: E402
import report_text  # noqa: E402
import synth  # noqa: E402


class Divisors(unittest.TestCase):
    def test_ecp5(self):
        for tenths in range(50, 4000, 97):
            parameters, clock = pll.ecp5(25, tenths / 10)
            divide, feedback, output = (parameters[f"{part}Divide"] for part in ("Input", "Feedback", "Output"))
            self.assertAlmostEqual(clock, 25 * feedback / divide)
            self.assertTrue(tenths / 10 - 5 <= clock <= tenths / 10)
            self.assertTrue(400 <= clock * output <= 800 and 25 / divide >= 3.125)

    def test_ice40(self):
        for tenths in range(162, 2700, 97):
            parameters, clock = pll.ice40(12, tenths / 10)
            vco = 12 / (parameters["DivR"] + 1) * (parameters["DivF"] + 1)
            self.assertAlmostEqual(clock, vco / 2 ** parameters["DivQ"])
            self.assertTrue(0.95 * tenths / 10 <= clock <= tenths / 10)
            self.assertTrue(533 <= vco <= 1066 and 12 / (parameters["DivR"] + 1) >= 10)

    def test_known_ones(self):
        # What the generators of the two families' open tools give, ecppll and icepll.
        self.assertEqual(pll.ecp5(25, 50)[0], {"InputDivide": 1, "FeedbackDivide": 2, "OutputDivide": 12})
        self.assertEqual(pll.ecp5(25, 30)[0], {"InputDivide": 5, "FeedbackDivide": 6, "OutputDivide": 20})
        self.assertEqual(pll.ice40(12, 18)[0], {"DivR": 0, "DivF": 47, "DivQ": 5, "FilterRange": 1})

    def test_out_of_range(self):
        for family, source, wanted in ((pll.ecp5, 25, 1), (pll.ecp5, 25, 401), (pll.ice40, 12, 12), (pll.ice40, 12, 300)):
            with self.assertRaisesRegex(flow.UserError, f"found a clock of {wanted} MHz, expected"):
                family(source, wanted)

    def test_baud(self):
        self.assertEqual(bitstream.line_clocks(50, 1_000_000), {"ClocksPerBit": 50})
        self.assertEqual(bitstream.line_clocks(50, 3_000_000), {"ClocksPerBit": 17})
        for baud in (40_000_000, 7_000_000):
            with self.assertRaisesRegex(flow.UserError, f"found {baud} baud, expected"):
                bitstream.line_clocks(50, baud)


class Pins(unittest.TestCase):
    def ports(self, top):
        """Bits of the top module's ports."""
        text = re.sub(r"//.*", "", (ROOT / f"fpga/{top}.sv").read_text(encoding="utf-8"))
        found = set()
        for high, low, name in re.findall(r"(?:input|output)\s+logic\s*(?:\[(\d+):(\d+)\])?\s*(\w+)", text):
            found |= {f"{name}[{i}]" for i in range(int(low), int(high) + 1)} if high else {name}
        return found

    def test_every_port_has_a_pin_of_its_own(self):
        for board, pattern in (("ulx3s", r'^LOCATE COMP "(\S+)" SITE "(\S+)"'), ("icebreaker", r"^set_io (\S+) (\S+)")):
            text = (ROOT / bitstream.constraints(board)).read_text(encoding="utf-8")
            pins = re.findall(pattern, text, re.MULTILINE)
            self.assertEqual({port for port, _ in pins}, self.ports("vm_" + board))
            self.assertEqual(len({pin for _, pin in pins}), len(pins))


def timing(constraint, achieved):
    return {"fmax": {"clk": {"constraint": constraint, "achieved": achieved}}, "utilization": {"LUT": {"used": 1, "available": 2}},
            "critical_paths": [{"from": "posedge clk", "to": "posedge clk",
                                "path": [{"delay": 3.0, "type": "logic", "to": {"cell": "u_a.b_q", "port": "D"}}]}]}


class Bitstream(unittest.TestCase):
    """With tools that leave what a test says."""

    def setUp(self):
        self.build = ROOT / "build/flow_test"
        shutil.rmtree(self.build, ignore_errors=True)
        self.addCleanup(shutil.rmtree, self.build, ignore_errors=True)
        self.seeds = []
        self.inputs = "first"
        self.reports = {1: timing(50, 60)}
        for name, double in (("BUILD", self.build), ("synthesize", lambda *_: None), ("place", self.place), ("run", self.pack),
                             ("digest", lambda _: self.inputs)):
            patch = mock.patch.object(bitstream, name, double)
            patch.start()
            self.addCleanup(patch.stop)
        version = mock.patch("importlib.metadata.version", lambda _: "1")
        version.start()
        self.addCleanup(version.stop)
        self.enterContext(mock.patch("sys.stdout"))

    def place(self, _name, _clock, seed, _work):
        self.seeds.append(seed)
        return self.reports[seed]

    def pack(self, _command, _log, result):
        result.write_text("bits", encoding="utf-8")

    def make(self, seeds=(1,), clock=50):
        return bitstream.build("ulx3s", clock, 1_000_000, list(seeds))

    def test_timing_report_has_the_slack(self):
        image = self.make()
        text = (image.parent / "timing.txt").read_text(encoding="utf-8")
        self.assertRegex(text, r"clk +50.00 MHz +60.00 MHz +3.33 ns")
        self.assertRegex(text, r"3.00 +logic +u_a.b_q.D")

    def test_next_seed_when_timing_does_not_close(self):
        self.reports = {4: timing(50, 49.9), 5: timing(50, 50)}
        self.assertTrue(self.make([4, 5, 6]).exists())
        self.assertEqual(self.seeds, [4, 5])

    def test_no_bitstream_when_timing_does_not_close(self):
        image = self.make()
        self.inputs, self.reports = "second", {1: timing(50, 49.9), 2: timing(50, 40)}
        with self.assertRaisesRegex(flow.FlowError, "timing does not close at 50 MHz with any of the seeds 1, 2"):
            self.make([1, 2])
        self.assertFalse(image.exists())
        self.assertTrue((image.parent / "timing.txt").exists())

    def test_every_clock_counts(self):
        self.reports[1]["fmax"]["other"] = {"constraint": 25, "achieved": 24}
        with self.assertRaises(flow.FlowError):
            self.make()

    def test_a_clock_that_nobody_asked_for(self):
        self.reports = {1: timing(12, 60)}
        with self.assertRaisesRegex(flow.FlowError, "nextpnr has not worked for 50 MHz: clk for 12.00 MHz"):
            self.make()

    def test_made_once_for_the_same_inputs(self):
        self.make()
        self.make()
        self.assertEqual(self.seeds, [1])
        self.inputs = "second"
        self.make()
        self.assertEqual(self.seeds, [1, 1])
        self.reports[1] = timing(40, 60)
        self.make(clock=40)
        self.assertEqual(self.seeds, [1, 1, 1])

    def test_loader_without_a_board(self):
        image = self.make()
        loader = self.build / "openFPGALoader"
        loader.write_text("#!/bin/sh\necho unable to open ftdi device >&2\nexit 1\n", encoding="utf-8")
        loader.chmod(0o755)
        with mock.patch("shutil.which", lambda _: str(loader)), self.assertRaisesRegex(flow.FlowError, "exit status 1"):
            bitstream.load("ulx3s", image)
        with mock.patch("shutil.which", lambda _: None), self.assertRaisesRegex(flow.FlowError, "found no openFPGALoader"):
            bitstream.load("ulx3s", image)


class Report(unittest.TestCase):
    NAMES = {"u_top.u_dcache.s1_tag_q_TRELLIS_FF_Q_81": ("u_top.u_dcache", "u_top.u_dcache.s1_tag_q"),
             "u_top.gen_port[0].u_split.a_q_TRELLIS_FF_Q_2_DI_LUT4_Z": ("u_top.gen_port[0].u_split",
                                                                        "u_top.gen_port[0].u_split.a_q"),
             "u_top.u_dcache.gen_array.u_array.gen_way[1].tag_mem.0.6": ("u_top.u_dcache.gen_array.u_array",
                                                                         "u_top.u_dcache.gen_array.u_array.gen_way[1].tag_mem"),
             "chain_in_7": ("", "chain_in_7")}

    def test_names(self):
        for cell, (instance, net) in self.NAMES.items():
            self.assertEqual((netlist.instance(cell), synth.net_name(cell)), (instance, net))

    def test_settings(self):
        settings = synth.parse_settings(["HitLatency=1", "Dcache.Ways=8"])
        self.assertEqual(set(settings) - set(flow.machine_fields()), set())
        package = flow.machine_package("Sv39", settings)
        self.assertIn("    m.HitLatency = 1;\n    m.Dcache.Ways = 8;\n", package)
        for wrong in ("HitLatency", "HitLatency=two", "Dcache.=8", "A.B.C=1"):
            with self.assertRaisesRegex(flow.UserError, "expected NAME=NUMBER"):
                synth.parse_settings([wrong])

    def test_modules_add_up(self):
        module = {"cells": {name: {"type": kind} for name, kind in zip(self.NAMES, ("TRELLIS_FF", "LUT4", "TRELLIS_DPR16X4", "LUT4"))}}
        modules = report.by_module(netlist.area_by_instance(module))
        self.assertEqual(set(modules), {"vm_first_level", "vm_split", "vm_cache_array", "vm_synth_top"})
        self.assertEqual(sum(area["LUTeq"] for _, area in modules.values()), netlist.area(module)["LUTeq"])

    def test_hit_latency(self):
        found = {machine: report.hit_latency(constant) for machine, constant in flow.machines().items()}
        self.assertEqual([machine for machine, latency in found.items() if latency == 2], ["sv39-ulx3s"])

    def test_pages(self):
        result = {"machine": "toy5", "seeds": [1, 2], "LUTeq": 10, "FF": 5, "DPR16X4": 0, "DP16KD": 1, "fmax_mhz": [80.0, 90.0],
                  "critical_path": {"from": "u_top.a_q", "to": "u_top.b_q", "ns": 12.5, "routing_ns": 5.0}, "hit_latency": 1,
                  "too_large": {}, "modules": {"vm_top": [1, {"LUTeq": 10, "FF": 5, "DPR16X4": 0, "DP16KD": 1}]}}
        bounds = [(name, [100.0, 100.0]) for name in report.BOUNDS]
        small = {**result, "machine": "small", "DP16KD": 0}
        large = {**result, "machine": "large", "DP16KD": 4096, "fmax_mhz": [], "critical_path": None, "too_large": {"DP16KD": 4096}}
        svg = report_text.utilisation_svg([result, large])
        self.assertIn("100 %", svg)
        with mock.patch("importlib.metadata.version", lambda _: "1"):
            text = report_text.markdown_page([result, small, large], ["toy10"], bounds, report.HIT_BOUND)
            page = report_text.html_page(svg, [result, small, large], ["toy10"], bounds, report.HIT_BOUND)
        self.assertIn("| toy5 | 10 | 5 | 0 | 1 | 80.0 / 85.0 / 90.0 | 85% | u_top.a_q → u_top.b_q, 12.5 ns, 40% of it wires |", text)
        self.assertIn("| small | 10 | 5 | 0 | 0 | 80.0 / 85.0 / 90.0 |  | u_top", text)
        self.assertIn("| large | 10 | 5 | 0 | 4096 |  |  | too large: 4096 DP16KD of 208 |", text)
        self.assertIn("Not measured: toy10.", text)
        for part in ("<td>80.0 / 85.0 / 90.0</td>", "<svg", "<td>vm_top</td>"):
            self.assertIn(part, page)


if __name__ == "__main__":
    unittest.main()
