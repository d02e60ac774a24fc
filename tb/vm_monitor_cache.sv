// SPDX-License-Identifier: Apache-2.0
//
// Events of one cache: CacheLookup, CacheVictim, CacheFill, CacheDone, CacheMaint, CacheLost (docs/trace_interface.md).
module vm_monitor_cache
  import vm_pkg::*;
  import vm_dpi_pkg::*;
#(
    parameter mem_src_e Src = MemData
) (
    input logic clk_i,
    input logic rst_ni,

    input logic lookup_i,             // an access is decided in S1
    input client_e lookup_client_i,
    input cache_req_t lookup_req_i,
    input logic [PaMax-1:0] lookup_pa_i,
    input logic lookup_uncached_i,
    input logic lookup_through_i,     // memory that is written through
    input logic lookup_hit_i,
    input logic lookup_lost_i,        // a miss or uncached access, and a dirty line of the set has a wrong tag word
    input logic [7:0] lookup_way_i,
    input logic [15:0] lookup_set_i,
    input logic [63:0] rdata_i,

    input logic victim_i,
    input logic [7:0] victim_way_i,
    input logic victim_valid_i,
    input logic victim_dirty_i,
    input logic victim_refetch_i,     // it is fetched again
    input logic [PaMax-1:0] victim_line_i,

    input logic [15:0] set_i,         // of the line the state machine works on
    input logic [7:0] way_i,
    input logic fill_i,
    input logic fill_err_i,
    input logic [PaMax-1:0] fill_line_i,

    input logic done_i,
    input client_e done_client_i,
    input cache_req_t done_req_i,     // addr: the physical address
    input logic done_err_i,

    input logic maint_i,              // one line was dealt with
    input logic maint_invalidate_i,
    input logic maint_start_i,        // the next line is looked at
    input logic written_back_i,       // memory has answered a write-back
    input logic [PaMax-1:0] maint_line_i,
    input logic invalidate_all_i,

    input logic lost_i,               // something stored is lost
    input logic lost_tag_i,           // with the line, which is dropped
    input logic lost_written_i,       // a word that has just been written back
    input logic lost_maint_i,         // maintenance has come upon it, no access
    input logic [7:0] lost_way_i,
    input logic [PaMax-1:0] lost_line_i
);

  localparam logic Cache = Src != MemFetch;

  logic uncached_q, through_q, wrote_back_q;
  logic [15:0] lookup_seq_q, victim_seq_q, fill_seq_q, done_seq_q, maint_seq_q, lost_seq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      uncached_q <= 1'b0;
      through_q <= 1'b0;
      wrote_back_q <= 1'b0;
      lookup_seq_q <= '0;
      victim_seq_q <= '0;
      fill_seq_q <= '0;
      done_seq_q <= '0;
      maint_seq_q <= '0;
      lost_seq_q <= '0;
    end else begin
      if (lookup_i) begin
        uncached_q <= lookup_uncached_i;
        through_q <= lookup_through_i;
        lookup_seq_q <= lookup_seq_q + 1'b1;
        vm_event(32'd8,
                 {lookup_seq_q, 8'd0, lookup_req_i.strb, lookup_set_i, lookup_hit_i ? lookup_way_i : 8'd0,
                  lookup_lost_i,
                  lookup_hit_i, lookup_uncached_i, lookup_req_i.write, lookup_client_i, lookup_through_i, Cache},
                 64'(lookup_pa_i), lookup_req_i.write ? lookup_req_i.wdata : lookup_hit_i ? rdata_i : 64'd0, 64'd0,
                 64'd0, 64'd0);
      end
      if (victim_i) begin
        victim_seq_q <= victim_seq_q + 1'b1;
        vm_event(32'd9,
                 {victim_seq_q, 16'd0, set_i, victim_way_i, 1'b0, victim_refetch_i, victim_valid_i && victim_dirty_i,
                  victim_valid_i, 3'd0, Cache},
                 victim_valid_i ? 64'(victim_line_i) : 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (fill_i) begin
        fill_seq_q <= fill_seq_q + 1'b1;
        vm_event(32'd10, {fill_seq_q, 16'd0, set_i, way_i, 3'd0, fill_err_i, 3'd0, Cache}, 64'(fill_line_i), 64'd0,
                 64'd0, 64'd0, 64'd0);
      end
      if (done_i) begin
        done_seq_q <= done_seq_q + 1'b1;
        vm_event(32'd11,
                 {done_seq_q, 41'd0, done_err_i, uncached_q, done_req_i.write, done_client_i, through_q, Cache},
                 64'(done_req_i.addr), (done_req_i.write || done_err_i) ? 64'd0 : rdata_i, 64'd0, 64'd0, 64'd0);
      end
      if (lost_i) begin
        lost_seq_q <= lost_seq_q + 1'b1;
        vm_event(32'd24,
                 {lost_seq_q, 16'd0, set_i, lost_way_i, 1'b0, lost_maint_i, lost_written_i, lost_tag_i, 3'd0, Cache},
                 64'(lost_line_i), 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (maint_start_i) wrote_back_q <= 1'b0;
      else if (written_back_i) wrote_back_q <= 1'b1;
      if (maint_i || invalidate_all_i) maint_seq_q <= maint_seq_q + 1'b1;
      if (maint_i) begin
        vm_event(32'd12,
                 {maint_seq_q, 16'd0, set_i, way_i, 2'd0, maint_invalidate_i, wrote_back_q, 3'd0, Cache},
                 64'(maint_line_i), 64'd0, 64'd0, 64'd0, 64'd0);
      end else if (invalidate_all_i) begin
        vm_event(32'd12, {maint_seq_q, 41'd0, 1'b1, 1'b1, 4'd0, Cache}, 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
      end
    end
  end

endmodule
