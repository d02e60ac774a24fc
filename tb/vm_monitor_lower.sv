// SPDX-License-Identifier: Apache-2.0
//
// What the L2 and L3 caches tell of upsets, and flips in their arrays: LowerUpset (docs/trace_interface.md).
module vm_monitor_lower
  import vm_pkg::*;
  import vm_dpi_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input lower_events_t [1:0] events_i,            // [0] L2, [1] L3
    input logic [1:0] wb_error_valid_i,
    input logic [1:0][PaMax-1:0] wb_error_addr_i,
    input logic [1:0] flipped_i
);

  for (genvar c = 0; c < 2; c++) begin : gen_cache
    logic [15:0] seq_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        seq_q <= '0;
      end else if (events_i[c].lost || events_i[c].refetch || flipped_i[c]) begin
        seq_q <= seq_q + 1'b1;
        vm_event(32'd25,
                 {seq_q, 40'd0, wb_error_valid_i[c], flipped_i[c], events_i[c].refetch, events_i[c].lost, 3'd0, 1'(c)},
                 events_i[c].lost ? 64'(wb_error_addr_i[c]) : 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
      end
    end
  end

endmodule
