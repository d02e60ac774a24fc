// SPDX-License-Identifier: Apache-2.0
//
// Twin of the ECP5's PLL for simulation and lint: the clock passes through, so a cycle is a cycle, and the lock comes some
// cycles later. Only the ports and parameters that vm_pll_ecp5 uses.
module EHXPLLL #(
    parameter int unsigned CLKI_DIV = 1,
    parameter int unsigned CLKFB_DIV = 1,
    parameter int unsigned CLKOP_DIV = 8,
    parameter int unsigned CLKOP_CPHASE = 0,
    parameter FEEDBK_PATH = "CLKOP"
) (
    input  logic CLKI,
    input  logic CLKFB,
    input  logic PHASESEL1,
    input  logic PHASESEL0,
    input  logic PHASEDIR,
    input  logic PHASESTEP,
    input  logic PHASELOADREG,
    input  logic STDBY,
    input  logic PLLWAKESYNC,
    input  logic RST,
    input  logic ENCLKOP,
    output logic CLKOP,
    output logic LOCK
);

  if (FEEDBK_PATH != "CLKOP" || CLKI_DIV < 1 || CLKI_DIV > 128 || CLKFB_DIV < 1 || CLKFB_DIV > 80 ||
      CLKOP_DIV < 1 || CLKOP_DIV > 128 || CLKOP_CPHASE >= CLKOP_DIV) begin : gen_bad
    $error("EHXPLLL: a divisor is out of its range, or the feedback is not CLKOP");
  end

  logic [3:0] lock_q = '0;
  always_ff @(posedge CLKI) lock_q <= RST ? '0 : {lock_q[2:0], 1'b1};

  assign CLKOP = CLKI;
  assign LOCK = lock_q[3];

  logic unused;
  assign unused = ^{CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, STDBY, PLLWAKESYNC, ENCLKOP};

endmodule
