// SPDX-License-Identifier: Apache-2.0
//
// A clock of another frequency by a PLL of the ECP5: clk_i * FeedbackDivide / InputDivide. The oscillator runs at
// OutputDivide times that. fpga/pll.py knows the ranges and computes the divisors.
module vm_pll_ecp5 #(
    parameter int unsigned InputDivide = 1,
    parameter int unsigned FeedbackDivide = 1,
    parameter int unsigned OutputDivide = 24
) (
    input  logic clk_i,
    output logic clk_o,
    output logic locked_o
);

  // What the vendor's generator sets for the loop filter, as attributes of the instance.
  (* ICP_CURRENT = "12", LPF_RESISTOR = "8", MFG_ENABLE_FILTEROPAMP = "1", MFG_GMCREF_SEL = "2" *)
  EHXPLLL #(
      .CLKI_DIV    (InputDivide),
      .CLKFB_DIV   (FeedbackDivide),
      .CLKOP_DIV   (OutputDivide),
      .CLKOP_CPHASE(OutputDivide / 2 - 1),
      .FEEDBK_PATH ("CLKOP")
  ) u_pll (
      .CLKI        (clk_i),
      .CLKFB       (clk_o),
      .PHASESEL1   (1'b0),
      .PHASESEL0   (1'b0),
      .PHASEDIR    (1'b1),
      .PHASESTEP   (1'b1),
      .PHASELOADREG(1'b1),
      .STDBY       (1'b0),
      .PLLWAKESYNC (1'b0),
      .RST         (1'b0),
      .ENCLKOP     (1'b0),
      .CLKOP       (clk_o),
      .LOCK        (locked_o)
  );

endmodule
