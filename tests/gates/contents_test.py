# SPDX-License-Identifier: Apache-2.0
"""contents_test.py NETLIST: a netlist with a memory that has contents from the start is refused for machines."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "fpga"))
import gates  # noqa: E402
from flow import FlowError  # noqa: E402

netlist = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
try:
    gates.check_contents(netlist)
except FlowError as error:
    print(error)
else:
    sys.exit("contents_test: the netlist of gates_rams was not refused")
gates.check_contents(gates.CONTENTS.sub(".INITVAL(64'hx0)", netlist))
