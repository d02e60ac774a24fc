// SPDX-License-Identifier: Apache-2.0
//
// Events of the core's atomics: AtomicStart, AtomicEnd (docs/trace_interface.md).
module vm_monitor_atomic
  import vm_pkg::*;
  import vm_dpi_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic start_i,
    input logic end_i,
    input atomic_req_t req_i,
    input atomic_rsp_t rsp_i
);

  logic [15:0] start_seq_q, end_seq_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      start_seq_q <= '0;
      end_seq_q <= '0;
    end else begin
      if (start_i) begin
        start_seq_q <= start_seq_q + 1'b1;
        vm_event(32'd21, {start_seq_q, 8'd0, req_i.strb, 24'd0, req_i.op, 3'd0, 1'b1}, 64'(req_i.addr), req_i.wdata,
                 64'd0, 64'd0, 64'd0);
      end
      if (end_i) begin
        end_seq_q <= end_seq_q + 1'b1;
        vm_event(32'd22, {end_seq_q, 8'd0, req_i.strb, 23'd0, rsp_i.err, req_i.op, 3'd0, 1'b1}, 64'(req_i.addr),
                 rsp_i.err ? 64'd0 : rsp_i.data, 64'd0, 64'd0, 64'd0);
      end
    end
  end

  logic unused;
  assign unused = req_i.cacheable;

endmodule
