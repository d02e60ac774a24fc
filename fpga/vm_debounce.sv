// SPDX-License-Identifier: Apache-2.0
//
// Buttons without their bouncing: looked at once in SampleClocks cycles, longer than a contact bounces. press_o is high for one
// cycle when a button has gone down; a press shorter than that may go unseen. The buttons are asynchronous, high when down.
module vm_debounce #(
    parameter int unsigned Buttons = 1,
    parameter int unsigned SampleClocks = 180_000  // 2 or more
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic [Buttons-1:0] buttons_i,
    output logic [Buttons-1:0] press_o
);

  localparam int unsigned Width = $clog2(SampleClocks);

  logic [1:0][Buttons-1:0] sync_q;
  logic [Buttons-1:0] down_q, press_q;
  logic [Width-1:0] count_q;
  logic sample;

  assign sample = count_q == Width'(SampleClocks - 1);
  assign press_o = press_q;

  always_ff @(posedge clk_i) begin
    sync_q <= {sync_q[0], buttons_i};
    if (!rst_ni) begin
      count_q <= '0;
      down_q <= '1;  // a button that is down at reset has not been pressed
      press_q <= '0;
    end else begin
      count_q <= sample ? '0 : count_q + 1'b1;
      press_q <= '0;
      if (sample) begin
        down_q <= sync_q[1];
        press_q <= sync_q[1] & ~down_q;
      end
    end
  end

endmodule
