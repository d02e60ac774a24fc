// SPDX-License-Identifier: Apache-2.0
//
// Events of the walker: WalkStart, WalkRead, WalkData, WalkEnd (docs/trace_interface.md).
module vm_monitor_walk
  import vm_pkg::*;
  import vm_dpi_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic [1:0] accept_i,            // a port's request is accepted: its TLB is looked up
    input logic [1:0] take_i,              // a port's answer is taken
    input logic [1:0] start_i,             // a port's miss is accepted by the walker
    input logic [1:0][VaMax-1:0] va_i,
    input logic [1:0] tlb_hit_i,           // the TLB had the page, but not the right
    input logic read_i,                    // the walk port accepts the read of the entry
    input logic [PaMax-1:0] addr_i,
    input logic data_i,                    // the entry arrives
    input logic err_i,
    input logic [63:0] entry_i,
    input logic [1:0] done_i,
    input fault_e cause_i,
    input logic [63:0] pte_i
);

  logic asked_q;  // an entry is awaited
  // The lookup was in the cycle in which the answer before it was taken.
  logic [1:0] overlapped_q;
  logic [15:0] start_seq_q, read_seq_q, data_seq_q, end_seq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      asked_q <= 1'b0;
      overlapped_q <= '0;
      start_seq_q <= '0;
      read_seq_q <= '0;
      data_seq_q <= '0;
      end_seq_q <= '0;
    end else begin
      for (int unsigned p = 0; p < 2; p++) begin
        if (accept_i[p]) overlapped_q[p] <= take_i[p];
        if (start_i[p]) begin
          start_seq_q <= start_seq_q + 1'b1;
          vm_event(32'd2, {start_seq_q, 45'd0, overlapped_q[p], tlb_hit_i[p], p[0]}, va_i[p], 64'd0, 64'd0,
                   64'd0, 64'd0);
        end
        if (done_i[p]) begin
          end_seq_q <= end_seq_q + 1'b1;
          vm_event(32'd5, {end_seq_q, 40'd0, cause_i, 3'd0, p[0]}, 64'(addr_i), pte_i, 64'd0, 64'd0, 64'd0);
        end
      end
      if (read_i) begin
        asked_q <= 1'b1;
        read_seq_q <= read_seq_q + 1'b1;
        vm_event(32'd3, {read_seq_q, 48'd0}, 64'(addr_i), 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (data_i && asked_q) begin
        asked_q <= 1'b0;
        data_seq_q <= data_seq_q + 1'b1;
        vm_event(32'd4, {data_seq_q, 44'd0, err_i, 3'd0}, entry_i, 64'd0, 64'd0, 64'd0, 64'd0);
      end
    end
  end

endmodule
