// SPDX-License-Identifier: Apache-2.0
//
// The rules of a valid/ready channel (docs/trace_interface.md, "Handshake rules").
module vm_handshake
  import vm_dpi_pkg::*;
#(
    parameter string Name = "",
    parameter int unsigned Width = 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic valid_i,
    input logic ready_i,
    input logic [Width-1:0] payload_i
);

  assert property (@(posedge clk_i) disable iff (!rst_ni) valid_i && !ready_i |=> valid_i)
  else vm_assert_failed({"H1 ", Name, ": valid holds until the transfer"});

  assert property (@(posedge clk_i) disable iff (!rst_ni) valid_i && !ready_i |=> $stable(payload_i))
  else vm_assert_failed({"H2 ", Name, ": the payload holds until the transfer"});

  // Before the first clock edge nothing has a value yet.
  logic clocked_q = 1'b0;
  always_ff @(posedge clk_i) clocked_q <= 1'b1;
  assert property (@(posedge clk_i) !rst_ni && clocked_q |-> !valid_i)
  else vm_assert_failed({"H3 ", Name, ": valid is low in reset"});

endmodule
