// SPDX-License-Identifier: Apache-2.0
//
// Events of the walker, the L2 TLB and the walk caches (docs/trace_interface.md): WalkStart, WalkRead, WalkData, WalkEnd,
// WalkLook, WalkUpdate, WalkCacheFill, WalkRestart, L2Fill, WalkUpdateStart, and TlbInvalidate and Upset of the shared units.
module vm_monitor_walk
  import vm_pkg::*;
  import vm_dpi_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,
    input logic [1:0] start_i,             // a port's miss is accepted by the walker
    input xlat_req_t [1:0] req_i,
    input logic [1:0] tlb_hit_i,           // the TLB had the page, but not the right
    input logic [1:0] skip_l2_i,
    input context_t context_i,
    input logic port_i,                    // whose walk it is
    input logic look_i,                    // L2 and walk caches are looked up
    input logic prefetch_i,                // for the page after the one walked
    input logic [7:0] l2_match_i,          // ways of the L2 that match; the lowest hits
    input logic l2_off_i,
    input logic [15:0] l2_set_i,           // of the VPN being walked
    input logic [2:0] known_level_i,       // walk cache hit
    input logic ask_i,                     // the walk port accepts a request
    input logic cas_i,                     // and it is a compare-and-set
    input logic [PaMax-1:0] ask_addr_i,
    input logic [2:0] ask_level_i,
    input logic answer_i,                  // the walk port answers
    input logic err_i,
    input logic success_i,
    input logic updating_i,                // a compare-and-set
    input logic [63:0] found_i,            // the entry as it is in memory
    input logic [63:0] wanted_i,
    input logic [2:0] level_i,             // of the entry that was asked for, or judged
    input logic [PaMax-1:0] addr_i,
    input logic [1:0] done_i,
    input logic from_l2_i,
    input fault_e cause_i,
    input logic [63:0] pte_i,
    input logic restart_i,
    input logic pointer_fill_i,            // a pointer goes into the walk cache, of the level above ask_level_i
    input logic [63:0] vpn_i,
    input logic [43:0] pointer_ppn_i,
    input attr_t pointer_attr_i,
    input logic l2_fill_i,
    input logic [7:0] l2_fill_way_i,
    input logic [43:0] l2_fill_ppn_i,
    input attr_t l2_fill_attr_i,
    input tlb_inv_t inv_i,
    input logic drop_i,                    // the walk caches are emptied
    input logic [63:0] upset_way_i,        // of the L2's set that was looked at, have wrong parity and go
    input logic [MaxLevels-1:0] upset_level_i  // of the walk caches, likewise
);

  logic asked_q;  // an entry is awaited
  logic [15:0] start_seq_q, read_seq_q, data_seq_q, end_seq_q, look_seq_q, update_seq_q, pointer_seq_q, restart_seq_q,
      l2_seq_q, cas_seq_q, inv_seq_q, upset_seq_q;

  // d of the fills: what a format stores of the attributes, the others as they are everywhere
  function automatic logic [63:0] filled(attr_t attr);
    attr_t a;
    a = attr_from_bits(Cfg.Format, attr_to_bits(Cfg.Format, attr));
    return {39'd0, a.mem_type, a.g, a.d, a.u, a.r, a.w, a.x, (Cfg.AsidBits != 0) ? context_i.asid : 16'd0};
  endfunction

  function automatic logic [63:0] key_of(logic [63:0] vpn, logic [2:0] level);
    for (int unsigned l = 1; l < 32'(Cfg.Format.Levels); l++) begin
      if (32'(level) == l) return vpn >> index_lsb(Cfg.Format, l);
    end
    return vpn;
  endfunction
  logic l2_hit;
  logic [7:0] l2_way;
  always_comb begin
    l2_hit = l2_match_i != '0;
    l2_way = '0;
    for (int unsigned w = 8; w > 0; w--) if (l2_match_i[w-1]) l2_way = 8'(w - 1);
  end

  logic [2:0] pointer_level;
  logic [63:0] key;
  assign pointer_level = ask_level_i + 3'd1;
  assign key = key_of(vpn_i, pointer_level);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      asked_q <= 1'b0;
      start_seq_q <= '0;
      read_seq_q <= '0;
      data_seq_q <= '0;
      end_seq_q <= '0;
      look_seq_q <= '0;
      update_seq_q <= '0;
      pointer_seq_q <= '0;
      restart_seq_q <= '0;
      l2_seq_q <= '0;
      cas_seq_q <= '0;
      inv_seq_q <= '0;
      upset_seq_q <= '0;
    end else begin
      for (int unsigned p = 0; p < 2; p++) begin
        if (start_i[p]) begin
          start_seq_q <= start_seq_q + 1'b1;
          vm_event(32'd2, {start_seq_q, 44'd0, skip_l2_i[p], 1'b0, tlb_hit_i[p], p[0]}, req_i[p].va, 64'd0,
                   64'd0, 64'd0, 64'd0);
        end
        if (done_i[p] && !from_l2_i) begin
          end_seq_q <= end_seq_q + 1'b1;
          vm_event(32'd5, {end_seq_q, 37'd0, level_i, cause_i, 3'd0, p[0]}, 64'(addr_i), pte_i, 64'd0, 64'd0, 64'd0);
        end
      end
      if (look_i) begin
        look_seq_q <= look_seq_q + 1'b1;
        vm_event(32'd15, {look_seq_q, 8'd0, l2_hit ? l2_way : 8'd0, l2_hit ? l2_set_i : 16'd0, 9'd0,
                          prefetch_i ? 3'd0 : known_level_i, prefetch_i, l2_off_i, l2_hit, port_i}, 64'd0, 64'd0,
                 64'd0, 64'd0, 64'd0);
      end
      if (ask_i) begin
        asked_q <= 1'b1;
        if (cas_i) begin
          cas_seq_q <= cas_seq_q + 1'b1;
          vm_event(32'd20, {cas_seq_q, 45'd0, ask_level_i}, 64'(ask_addr_i), 64'd0, 64'd0, 64'd0, 64'd0);
        end else begin
          read_seq_q <= read_seq_q + 1'b1;
          vm_event(32'd3, {read_seq_q, 45'd0, ask_level_i}, 64'(ask_addr_i), 64'd0, 64'd0, 64'd0, 64'd0);
        end
      end
      if (answer_i && asked_q) begin
        asked_q <= ask_i;
        if (updating_i) begin
          update_seq_q <= update_seq_q + 1'b1;
          vm_event(32'd16, {update_seq_q, 43'd0, success_i, err_i, level_i}, 64'(addr_i), err_i ? 64'd0 : found_i,
                   wanted_i, 64'd0, 64'd0);
        end else begin
          data_seq_q <= data_seq_q + 1'b1;
          vm_event(32'd4, {data_seq_q, 44'd0, err_i, level_i}, err_i ? 64'd0 : found_i, 64'd0, 64'd0, 64'd0, 64'd0);
        end
      end
      if (restart_i) begin
        restart_seq_q <= restart_seq_q + 1'b1;
        vm_event(32'd18, {restart_seq_q, 47'd0, port_i}, 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (pointer_fill_i && Cfg.WalkCacheSets != 0) begin
        pointer_seq_q <= pointer_seq_q + 1'b1;
        vm_event(32'd17, {pointer_seq_q, 16'd0, 16'(key) & (Cfg.WalkCacheSets - 16'd1), 13'd0, pointer_level},
                 key,
                 64'(pointer_ppn_i), filled(pointer_attr_i), 64'd0, 64'd0);
      end
      if (l2_fill_i) begin
        l2_seq_q <= l2_seq_q + 1'b1;
        vm_event(32'd19, {l2_seq_q, 8'd0, l2_fill_way_i, l2_set_i, 16'd0}, vpn_i, 64'(l2_fill_ppn_i),
                 filled(l2_fill_attr_i), 64'd0, 64'd0);
      end
      if (inv_i.start && Cfg.L2Tlb.Ways != 0) begin
        inv_seq_q <= inv_seq_q + 16'(drop_i) + 16'd1;
        vm_event(32'd7, {inv_seq_q, 44'd0, 2'd2, !inv_i.by_vpn && !inv_i.by_asid && inv_i.globals, 1'b0}, 64'd0, 64'd0,
                 64'd0, 64'd0, 64'd0);
      end
      upset_seq_q <= upset_seq_q + 16'(upset_way_i != 64'd0) + 16'(upset_level_i != '0);
      if (upset_way_i != 64'd0) begin
        vm_event(32'd23, {upset_seq_q, 16'd0, l2_set_i, 12'd0, 2'd2, 2'd0}, upset_way_i, 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (upset_level_i != '0) begin
        vm_event(32'd23, {upset_seq_q + 16'(upset_way_i != 64'd0), 44'd0, 2'd3, 2'd0}, 64'(upset_level_i), 64'd0, 64'd0,
                 64'd0, 64'd0);
      end
      if (drop_i && Cfg.WalkCacheSets != 0) begin
        if (Cfg.L2Tlb.Ways == 0) inv_seq_q <= inv_seq_q + 1'b1;
        vm_event(32'd7, {inv_seq_q + 16'(Cfg.L2Tlb.Ways != 0), 44'd0, 2'd3, 1'b1, 1'b0}, 64'd0, 64'd0, 64'd0, 64'd0,
                 64'd0);
      end
    end
  end

  logic unused;
  assign unused = ^{req_i, context_i, inv_i};

endmodule
