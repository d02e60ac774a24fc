// SPDX-License-Identifier: Apache-2.0
//
// Reset of a board: while the PLL has no lock or a button is down, and some cycles longer. Both inputs are asynchronous.
module vm_board_reset (
    input  logic clk_i,
    input  logic locked_i,
    input  logic button_i,
    output logic rst_no
);

  // Configuration leaves them zero.
  logic [1:0] sync_q = '0;
  logic [3:0] count_q = '0;
  logic rst_n_q = 1'b0;

  always_ff @(posedge clk_i) begin
    sync_q <= {sync_q[0], locked_i && !button_i};
    if (!sync_q[1]) count_q <= '0;
    else if (count_q != '1) count_q <= count_q + 1'b1;
    rst_n_q <= count_q == '1;
  end

  assign rst_no = rst_n_q;

endmodule
