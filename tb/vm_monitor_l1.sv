// SPDX-License-Identifier: Apache-2.0
//
// Events of one non-blocking cache: CacheLookup, CacheVictim, CacheFill, CacheDone, CacheMaint, CacheFree
// (docs/trace_interface.md). Tags are told as they were written, from a copy of the monitor's own.
module vm_monitor_l1
  import vm_pkg::*;
  import vm_l1_pkg::*;
  import vm_dpi_pkg::*;
#(
    parameter mem_src_e Src = MemData,
    parameter int unsigned Sets = 64,
    parameter int unsigned Ways = 4,
    parameter int unsigned LineBytes = 64,
    parameter int unsigned Regs = 5
) (
    input logic clk_i,
    input logic rst_ni,

    // S1
    input logic lookup_i,             // an access is decided for the first time
    input logic answer_i,             // one that was not answered then has its answer
    input l1_access_t access_i,
    input logic write_i,              // a store that goes to memory by itself is answered as none
    input logic [PaMax-1:0] pa_i,
    input logic uncached_i,
    input logic through_i,            // memory that is written through
    input logic answer_through_i,
    input logic answer_hit_i,         //   and the line is here
    input logic hit_i,
    input logic err_i,
    input logic [Ways-1:0] way_i,
    input logic [63:0] rdata_i,

    // A miss register has its victim, or the single access that of the line it hits; what is stored there
    input logic [Regs-1:0] victim_i,  // at most one
    input logic evict_i,              // or this
    input logic [15:0] victim_set_i,
    input logic [Ways-1:0] victim_way_i,
    input logic [Ways-1:0] victim_valid_i,
    input logic [Ways-1:0] victim_dirty_i,
    input logic [15:0][PaMax-1:0] line_i,  // of every register

    input logic fill_i,               // the last beat is in the RAM
    input logic [3:0] fill_id_i,
    input logic [15:0] fill_set_i,
    input logic [Ways-1:0] fill_way_i,
    input logic [15:0] fill_err_i,

    input logic [Regs-1:0] used_i,

    input logic maint_i,              // a line has been dealt with
    input logic maint_invalidate_i,
    input logic [15:0] maint_set_i,
    input logic [Ways-1:0] maint_way_i,
    input logic maint_look_i,         // the next line is looked at
    input logic copied_i,             // a line has gone into the victim buffer
    input logic invalidate_all_i,

    input logic [Ways-1:0] tag_way_i,
    input logic [15:0] tag_set_i,
    input logic [PaMax-1:0] tag_i     // above the bits of the set
);

  localparam logic Cache = Src != MemFetch;
  localparam int unsigned OffBits = $clog2(LineBytes);
  localparam int unsigned SetBits = $clog2(Sets);
  localparam int unsigned SetW = idx_bits(Sets);
  localparam int unsigned Single = Regs + 1;

  function automatic logic [7:0] index(logic [Ways-1:0] way);
    logic [7:0] n;
    n = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (way[w]) n |= 8'(w);
    end
    return n;
  endfunction
  function automatic logic [15:0] set_of(logic [PaMax-1:0] pa);
    return 16'(pa >> OffBits) & 16'(Sets - 1);
  endfunction

  logic [PaMax-1:0] tag_q[Sets][Ways];
  function automatic logic [63:0] stored_line(logic [15:0] set, logic [Ways-1:0] way);
    logic [63:0] tag;
    tag = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (way[w]) tag = 64'(tag_q[SetW'(set)][w]);
    end
    return ((tag << SetBits) | 64'(set)) << OffBits;
  endfunction
  always_ff @(posedge clk_i) begin
    for (int unsigned w = 0; w < Ways; w++) begin
      if (tag_way_i[w]) tag_q[SetW'(tag_set_i)][w] <= tag_i;
    end
  end

  logic copied_q;
  logic [Regs-1:0] used_q, freed;
  assign freed = used_q & ~used_i;
  logic [15:0] lookup_seq_q, victim_seq_q, fill_seq_q, done_seq_q, maint_seq_q;
  logic [11:0] free_seq_q;
  logic [3:0] victim;
  always_comb begin
    victim = '0;
    for (int unsigned m = 0; m < Regs; m++) begin
      if (victim_i[m]) victim |= 4'(m);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      copied_q <= 1'b0;
      used_q <= '0;
      lookup_seq_q <= '0;
      victim_seq_q <= '0;
      fill_seq_q <= '0;
      done_seq_q <= '0;
      maint_seq_q <= '0;
      free_seq_q <= '0;
    end else begin
      used_q <= used_i;
      if (lookup_i) begin
        lookup_seq_q <= lookup_seq_q + 1'b1;
        vm_event(32'd8,
                 {lookup_seq_q, 4'd0, access_i.id, access_i.strb, set_of(pa_i), hit_i ? index(way_i) : 8'd0, 1'b0,
                  hit_i, uncached_i, access_i.write, access_i.client, through_i, Cache},
                 64'(pa_i), access_i.write ? access_i.wdata : hit_i ? rdata_i : 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (answer_i) begin
        done_seq_q <= done_seq_q + 1'b1;
        vm_event(32'd11,
                 {done_seq_q, 4'd0, access_i.id, 8'd0, set_of(access_i.addr), index(way_i), answer_hit_i, err_i,
                  access_i.uncached, write_i, access_i.client, answer_through_i, Cache},
                 64'(access_i.addr), (write_i || err_i) ? 64'd0 : rdata_i, 64'd0, 64'd0, 64'd0);
      end
      if (victim_i != '0 || evict_i) begin
        victim_seq_q <= victim_seq_q + 1'b1;
        vm_event(32'd9,
                 {victim_seq_q, 4'd0, evict_i ? 4'(Single) : victim, 8'd0, victim_set_i, index(victim_way_i), 2'd0,
                  (victim_way_i & victim_valid_i & victim_dirty_i) != '0, (victim_way_i & victim_valid_i) != '0, 3'd0,
                  Cache},
                 ((victim_way_i & victim_valid_i) != '0) ? stored_line(victim_set_i, victim_way_i) : 64'd0,
                 evict_i ? 64'd0 : 64'(line_i[victim]), 64'd0, 64'd0, 64'd0);
      end
      for (int unsigned m = 0; m < Regs; m++) begin
        // Several in one cycle are told in the order of the registers.
        if (freed[m]) begin
          vm_event(32'd26, {free_seq_q, 4'(m), 4'd0, 4'(m), 8'd0, set_of(line_i[m]), 15'd0, Cache}, 64'(line_i[m]),
                   64'd0, 64'd0, 64'd0, 64'd0);
        end
      end
      if (freed != '0) free_seq_q <= free_seq_q + 1'b1;
      if (fill_i) begin
        fill_seq_q <= fill_seq_q + 1'b1;
        vm_event(32'd10,
                 {fill_seq_q, 4'd0, fill_id_i, 8'd0, fill_set_i, index(fill_way_i), 3'd0,
                  fill_err_i[fill_id_i], 3'd0, Cache},
                 64'(line_i[fill_id_i]), 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (maint_look_i) copied_q <= 1'b0;
      else if (copied_i) copied_q <= 1'b1;
      if (maint_i || invalidate_all_i) maint_seq_q <= maint_seq_q + 1'b1;
      if (maint_i) begin
        vm_event(32'd12,
                 {maint_seq_q, 16'd0, maint_set_i, index(maint_way_i), 2'd0, maint_invalidate_i, copied_q, 3'd0,
                  Cache}, stored_line(maint_set_i, maint_way_i), 64'd0, 64'd0, 64'd0, 64'd0);
      end else if (invalidate_all_i) begin
        vm_event(32'd12, {maint_seq_q, 41'd0, 1'b1, 1'b1, 4'd0, Cache}, 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
      end
    end
  end

endmodule
