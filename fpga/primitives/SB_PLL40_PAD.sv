// SPDX-License-Identifier: Apache-2.0
//
// Twin of the iCE40's PLL for simulation and lint: the clock passes through, so a cycle is a cycle, and the lock comes some
// cycles later. Only the ports and parameters that vm_pll_ice40 uses.
module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "SIMPLE",
    parameter PLLOUT_SELECT = "GENCLK",
    parameter logic [3:0] DIVR = '0,
    parameter logic [6:0] DIVF = '0,
    parameter logic [2:0] DIVQ = '0,
    parameter logic [2:0] FILTER_RANGE = '0
) (
    input  logic PACKAGEPIN,
    output logic PLLOUTGLOBAL,
    output logic LOCK,
    input  logic BYPASS,
    input  logic RESETB
);

  if (FEEDBACK_PATH != "SIMPLE" || PLLOUT_SELECT != "GENCLK" || DIVQ == '0 || DIVQ == '1 || FILTER_RANGE == '0)
  begin : gen_bad
    $error("SB_PLL40_PAD: a divisor is out of its range, or the feedback is not SIMPLE");
  end

  logic [3:0] lock_q = '0;
  always_ff @(posedge PACKAGEPIN) lock_q <= RESETB ? {lock_q[2:0], 1'b1} : '0;

  assign PLLOUTGLOBAL = PACKAGEPIN;
  assign LOCK = lock_q[3];

  logic unused;
  assign unused = ^{BYPASS, DIVR, DIVF};

endmodule
