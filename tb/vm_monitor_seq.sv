// SPDX-License-Identifier: Apache-2.0
//
// Event Drained of the sequencer (docs/trace_interface.md), and the rule it lives by.
module vm_monitor_seq
  import vm_dpi_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic drained_i,       // about to act
    input logic acting_i,
    input logic idle_i,          // nothing in flight
    input logic [1:0] kind_i
);

  logic [15:0] seq_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      seq_q <= '0;
    end else if (drained_i) begin
      seq_q <= seq_q + 1'b1;
      vm_event(32'd13, {seq_q, 46'd0, kind_i}, 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
    end
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni) acting_i |-> idle_i)
  else vm_assert_failed("H9 sequencer: control, fences and array accesses act only while no access is in flight");

endmodule
