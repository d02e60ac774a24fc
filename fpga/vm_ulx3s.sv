// SPDX-License-Identifier: Apache-2.0
//
// The ULX3S (ECP5-85): sv39-ulx3s at the 25 MHz of the board's oscillator, 1 Mbaud on the FTDI's serial line. Reset is
// the button FIRE 1 or power up.
module vm_ulx3s
  import vm_pkg::*;
#(
    parameter int unsigned ClocksPerBit = 25
) (
    input  logic       clk_25mhz,
    input  logic       ftdi_txd,  // from the host
    output logic       ftdi_rxd,  // to the host
    input  logic [6:0] btn,
    output logic [7:0] led
);

  logic [3:0] reset_q = '0;  // the value after configuration
  always_ff @(posedge clk_25mhz) reset_q <= btn[1] ? '0 : {reset_q[2:0], 1'b1};

  logic active, refused;
  vm_board #(
      .Cfg         (vm_machines_pkg::Sv39Ulx3s),
      .ClocksPerBit(ClocksPerBit),
      .GapClocks   (4000 * ClocksPerBit),
      .MemoryBase  (56'h8000_0000)
  ) u_board (
      .clk_i    (clk_25mhz),
      .rst_ni   (reset_q[3]),
      .rx_i     (ftdi_txd),
      .tx_o     (ftdi_rxd),
      .active_o (active),
      .refused_o(refused)
  );

  assign led = {reset_q[3], 5'b0, refused, active};

  logic unused;
  assign unused = ^{btn[6:2], btn[0]};

endmodule
