// SPDX-License-Identifier: Apache-2.0
//
// The lines of a cache's miss registers, as addresses.
module vm_probe_lines
  import vm_pkg::*;
#(
    parameter int unsigned Regs = 5,
    parameter int unsigned LineW = 28,
    parameter int unsigned OffBits = 6
) (
    input logic [LineW-1:0] line_i[Regs]
);
  logic [15:0][PaMax-1:0] line;
  logic unused;
  assign unused = ^line;
  always_comb begin
    line = '0;
    for (int unsigned m = 0; m < Regs; m++) line[m] = PaMax'(line_i[m]) << OffBits;
  end
endmodule
