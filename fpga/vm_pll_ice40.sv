// SPDX-License-Identifier: Apache-2.0
//
// A clock of another frequency by the PLL of an iCE40 whose input is its own pin: pin_i * (DivF + 1) / ((DivR + 1) * 2**DivQ).
// fpga/pll.py knows the ranges and computes the divisors.
module vm_pll_ice40 #(
    parameter int unsigned DivR = 0,
    parameter int unsigned DivF = 63,
    parameter int unsigned DivQ = 5,
    parameter int unsigned FilterRange = 1
) (
    input  logic pin_i,
    output logic clk_o,
    output logic locked_o
);

  SB_PLL40_PAD #(
      .FEEDBACK_PATH("SIMPLE"),
      .PLLOUT_SELECT("GENCLK"),
      .DIVR         (4'(DivR)),
      .DIVF         (7'(DivF)),
      .DIVQ         (3'(DivQ)),
      .FILTER_RANGE (3'(FilterRange))
  ) u_pll (
      .PACKAGEPIN  (pin_i),
      .PLLOUTGLOBAL(clk_o),
      .LOCK        (locked_o),
      .BYPASS      (1'b0),
      .RESETB      (1'b1)
  );

endmodule
