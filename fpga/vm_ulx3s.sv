// SPDX-License-Identifier: Apache-2.0
//
// The ULX3S (ECP5-85): sv39-ulx3s, and the host link on the FTDI's serial line. The clock is the 25 MHz of the board's oscillator
// times FeedbackDivide / InputDivide; `make bitstream` gives the divisors, and the clocks of a bit with them. Reset is the button
// FIRE 1 or power up.
module vm_ulx3s
  import vm_pkg::*;
#(
    parameter int unsigned InputDivide = 1,
    parameter int unsigned FeedbackDivide = 1,
    parameter int unsigned OutputDivide = 24,
    parameter int unsigned ClocksPerBit = 25
) (
    input  logic       clk_25mhz,
    input  logic       ftdi_txd,  // from the host
    output logic       ftdi_rxd,  // to the host
    input  logic [6:0] btn,
    output logic [7:0] led
);

  logic clk, locked, rst_n;
  vm_pll_ecp5 #(
      .InputDivide   (InputDivide),
      .FeedbackDivide(FeedbackDivide),
      .OutputDivide  (OutputDivide)
  ) u_pll (
      .clk_i   (clk_25mhz),
      .clk_o   (clk),
      .locked_o(locked)
  );

  vm_board_reset u_reset (
      .clk_i   (clk),
      .locked_i(locked),
      .button_i(btn[1]),
      .rst_no  (rst_n)
  );

  logic active, refused;
  vm_board #(
      .Cfg         (vm_machines_pkg::Sv39Ulx3s),
      .ClocksPerBit(ClocksPerBit),
      .GapClocks   (4000 * ClocksPerBit),
      .MemoryBase  (56'h8000_0000)
  ) u_board (
      .clk_i    (clk),
      .rst_ni   (rst_n),
      .rx_i     (ftdi_txd),
      .tx_o     (ftdi_rxd),
      .active_o (active),
      .refused_o(refused)
  );

  assign led = {rst_n, 5'b0, refused, active};

  logic unused;
  assign unused = ^{btn[6:2], btn[0]};

endmodule
