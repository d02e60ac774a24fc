# SPDX-License-Identifier: Apache-2.0
"""How the report of fpga/report.py looks: tables as Markdown or HTML, and the picture of what of the FPGA each machine takes."""
import html
import importlib.metadata
import statistics

from flow import TOOLS
from synth import DEVICE_CELLS

COLUMNS = (("LUT", "LUTeq"), ("FF", "FF"), ("LUT RAM", "DPR16X4"), ("block RAM", "DP16KD"))
COLOURS = ("#3b5b92", "#7f9bc8", "#c58b2b", "#2e8b3d")


class Markdown:
    """A page of headings, paragraphs and tables."""

    def __init__(self):
        self.parts = []

    def heading(self, text, level=2):
        self.parts.append(f"{'#' * level} {text}\n")

    def paragraph(self, text):
        self.parts.append(text + "\n")

    def picture(self, _svg):
        self.parts.append("![What of an ECP5-85 each machine takes](utilisation.svg)\n")

    def table(self, head, rows):
        lines = [head, ["---"] * len(head), *rows]
        self.parts.append("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n")

    def text(self):
        return "\n".join(self.parts)


class Html(Markdown):
    """The same in HTML."""

    def heading(self, text, level=2):
        self.parts.append(f"<h{level}>{html.escape(text)}</h{level}>")

    def paragraph(self, text):
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def picture(self, svg):
        self.parts.append(svg)

    def table(self, head, rows):
        def line(tag, cells):
            return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

        self.parts.append("<table>" + line("th", head) + "".join(line("td", row) for row in rows) + "</table>")

    def text(self):
        style = ("body{font:15px/1.45 'DejaVu Sans',Arial,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}"
                 "table{border-collapse:collapse;margin:1em 0}td,th{padding:3px 10px;border-bottom:1px solid #d5d9e0;"
                 "text-align:right;white-space:nowrap}td:first-child,th:first-child{text-align:left}"
                 "td:last-child,th:last-child{text-align:left;white-space:normal}th{background:#f3f5f8}h2{margin-top:2em}")
        return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Pagewalk: synthesis</title>"
                f"<style>{style}</style></head><body>\n" + "\n".join(self.parts) + "\n</body></html>\n")


def markdown_page(results, missing, bounds, hit_bound):
    return _fill(Markdown(), None, results, missing, bounds, hit_bound)


def html_page(svg, results, missing, bounds, hit_bound):
    return _fill(Html(), svg, results, missing, bounds, hit_bound)


def _median(values):
    return statistics.median(values)


def _range(values):
    return f"{min(values):.1f} / {_median(values):.1f} / {max(values):.1f}"


def _path(result):
    path = result.get("critical_path")
    if not path:
        return ""
    return f"{path['from']} → {path['to']}, {path['ns']:.1f} ns, {path['routing_ns'] / path['ns']:.0%} of it wires"


def _fill(page, svg, results, missing, bounds, hit_bound):
    page.heading("Synthesis", 1)
    seeds = ", ".join(map(str, results[0]["seeds"])) if results else ""
    page.paragraph("ECP5-85, speed grade 6; " + ", ".join(f"{tool} {importlib.metadata.version(tool)}" for tool in TOOLS[:2])
                   + f"; place-and-route seeds {seeds}. LUT is LUT4 + 2 for each carry cell + 6 for each LUT RAM cell of 16 × 4 bits; block "
                   "RAM in cells of 18 Kbit. Fmax is that of the slowest path between two flip-flops, least, median and greatest "
                   "of the seeds; the critical path is that of the slowest seed.")
    page.heading("Machines")
    rows = []
    for r in results:
        bound = _median(bounds[hit_bound[r["hit_latency"]]][1])
        comparable = r["fmax_mhz"] and r["DP16KD"] != 0
        clocks = r["fmax_mhz"]
        too_large = ", ".join(f"{number} {cell} of {DEVICE_CELLS[cell]}" for cell, number in r["too_large"].items())
        rows.append([r["machine"], *(r[key] for _, key in COLUMNS), _range(clocks) if clocks else "",
                     f"{_median(clocks) / bound:.0%}" if comparable else "", _path(r) or f"too large: {too_large}"])
    page.table(["machine", *(name for name, _ in COLUMNS), "Fmax MHz", "of the hit's bound", "critical path"], rows)
    if missing:
        page.paragraph("Not measured: " + ", ".join(missing) + ".")
    page.picture(svg)
    page.heading("What the flow can do at best")
    page.paragraph("Small circuits of fpga/bounds/, same tools, same options, same seeds. A hit's bound is a cache hit with its look "
                   "into the TLB and nothing around it; machines with a hit latency of 2 stand beside the second one, those whose cache is too "
                   "small for block RAM beside none.")
    page.table(["path", "Fmax MHz"], [[name, _range(values)] for name, values in bounds])
    page.heading("Modules")
    page.paragraph("Each without the modules inside it. After flattening, logic between two modules counts for the one whose signal it is named "
                   "after, and for vm_synth_top if that is a port; the sums are those of the table above.")
    for r in results:
        page.heading(r["machine"], 3)
        page.table(["module", "instances", *(name for name, _ in COLUMNS)],
                   [[module, count, *(area[key] for _, key in COLUMNS)]
                    for module, (count, area) in sorted(r["modules"].items(), key=lambda item: -item[1][1]["LUTeq"])])
    return page.text()


def utilisation_svg(results):
    """A group of bars for each machine: the part of the FPGA that it takes, in per cent; what is too large fills it."""
    left, width, bar, gap, top = 120, 700, 9, 12, 34
    group = bar * len(COLUMNS) + gap
    height = top + group * len(results) + 30
    available = {**DEVICE_CELLS, "LUTeq": DEVICE_CELLS["LUT4"]}
    shares = [[min(100 * r[key] / available[key], 100) for _, key in COLUMNS] for r in results]
    most = max([10, *(share for group_shares in shares for share in group_shares)])
    scale = width / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" width="{left + width + 70}" '
           f'height="{height}" font-family="DejaVu Sans, Arial, sans-serif" font-size="12">',
           f'<rect width="{left + width + 70}" height="{height}" fill="#ffffff"/>']
    for index, (name, _) in enumerate(COLUMNS):
        at = left + 110 * index
        out.append(f'<rect x="{at}" y="8" width="12" height="12" fill="{COLOURS[index]}"/><text x="{at + 17}" y="18">{name}</text>')
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500) if most / s <= 10)
    for per_cent in range(0, int(most) + 1, step):
        at = left + per_cent * scale
        out.append(f'<line x1="{at:.1f}" y1="{top - 6}" x2="{at:.1f}" y2="{height - 24}" stroke="#d5d9e0"/>'
                   f'<text x="{at:.1f}" y="{height - 10}" text-anchor="middle" font-size="10" fill="#666">{per_cent} %</text>')
    for row, (r, group_shares) in enumerate(zip(results, shares)):
        base = top + group * row
        out.append(f'<text x="{left - 8}" y="{base + group / 2:.0f}" text-anchor="end">{r["machine"]}</text>')
        for index, share in enumerate(group_shares):
            y = base + bar * index
            out.append(f'<rect x="{left}" y="{y}" width="{share * scale:.1f}" height="{bar - 1}" fill="{COLOURS[index]}"/>'
                       f'<text x="{left + share * scale + 4:.1f}" y="{y + bar - 1}" font-size="9" fill="#444">'
                       f'{r[COLUMNS[index][1]]}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
