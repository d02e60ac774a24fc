// SPDX-License-Identifier: Apache-2.0
//
// L2 TLB, shared by both ports: base pages, set-associative, keys and data in block RAM (one memory per way), valid bits and
// pseudo-LRU state in LUT RAM. Zero ways is legal and never hits.
//
//   cycle 0   read_i, read_vpn_i: the set is read
//   cycle 1   look_i, vpn_i, asid_i: keys are compared
//   cycle 2   hit_o, and ppn_o, attr_o of the hit, until the next look. touch_i: the hit is used. fill_i may come any time
//             from then on, into the matching way, else the lowest invalid, else pseudo-LRU
//
// RAM has no reset and no "invalidate all": inv_i.start begins a sweep, one set per cycle (one set only for a scope by
// VPN), and so does reset. Meanwhile off_o is high, nothing hits, and what was looked up is not filled. The
// owner starts no second sweep before busy_o falls.
module vm_tlb_l2
  import vm_pkg::*;
#(
    parameter  machine_t    Cfg = '0,
    localparam int unsigned VpnW = vpn_bits(Cfg),
    localparam int unsigned PpnW = ppn_w(Cfg),
    localparam int unsigned WayBits = idx_bits(32'(Cfg.L2Tlb.Ways))
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic               read_i,
    input  logic [VpnW-1:0]    read_vpn_i,
    input  logic               look_i,
    input  logic [VpnW-1:0]    vpn_i,
    input  logic [AsidMax-1:0] asid_i,
    output logic               hit_o,      // cycle 2
    output logic               off_o,      // cycle 1: nothing can hit
    output logic [PpnW-1:0]    ppn_o,
    output attr_t              attr_o,

    input logic               touch_i,
    input logic               fill_i,
    input logic [PpnW-1:0]    fill_ppn_i,
    input attr_t              fill_attr_i,
    output logic [WayBits-1:0] fill_way_o,
    output logic               fill_o,     // fill_i took effect

    input  tlb_inv_t inv_i,
    output logic     busy_o
);

  localparam int unsigned Ways = 32'(Cfg.L2Tlb.Ways);

  // Cycle 1: what matches.
  logic [((Ways != 0) ? Ways : 1)-1:0] match;

  if (Ways == 0) begin : gen_none
    logic unused;
    assign match = '0;
    assign unused = ^{clk_i, rst_ni, match, read_i, read_vpn_i, look_i, vpn_i, asid_i, touch_i, fill_i, fill_ppn_i,
                      fill_attr_i, inv_i};
    assign hit_o = 1'b0;
    assign off_o = 1'b0;
    assign ppn_o = '0;
    assign attr_o = AttrAll;
    assign fill_way_o = '0;
    assign fill_o = 1'b0;
    assign busy_o = 1'b0;
  end else begin : gen_l2
    localparam int unsigned Sets = 32'(Cfg.L2Tlb.Sets);
    localparam int unsigned SetBits = $clog2(Sets);
    localparam int unsigned SetW = idx_bits(Sets);
    localparam int unsigned TagW = VpnW - SetBits;
    localparam int unsigned AttrW = attr_bits(Cfg.Format);
    localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;
    localparam int unsigned PlruW = (Ways > 1) ? Ways - 1 : 1;

    typedef struct packed {
      logic [TagW-1:0]  tag;
      logic [AsidW-1:0] asid;
      logic [PpnW-1:0]  ppn;
      logic [AttrW-1:0] attr;
    } entry_t;

    function automatic logic [SetW-1:0] set_of(logic [VpnW-1:0] vpn);
      return (Sets > 1) ? SetW'(vpn) : '0;
    endfunction

    // ---------------------------------------------------------------- sweep

    typedef struct packed {
      logic all;
      logic by_vpn;
      logic by_asid;
      logic globals;
      logic [TagW-1:0] tag;
      logic [AsidW-1:0] asid;
    } scope_t;

    logic reading_d, reading_q;    // a set is read for the sweep in this cycle
    logic judging_q;               // the set read in the cycle before is compared with the scope
    logic dropping_q;              // and in the next cycle loses what goes
    logic [SetW-1:0] sweep_d, sweep_q, judge_q, drop_set_q;
    logic [Ways-1:0] drop_d, drop_q;
    scope_t scope_d, scope_q;

    always_comb begin
      reading_d = reading_q;
      sweep_d = sweep_q;
      scope_d = scope_q;
      if (reading_q) begin
        sweep_d = sweep_q + 1'b1;
        if (scope_q.by_vpn || sweep_q == SetW'(Sets - 1)) reading_d = 1'b0;
      end
      if (inv_i.start) begin
        reading_d = 1'b1;
        sweep_d = inv_i.by_vpn ? set_of(inv_i.vpn[VpnW-1:0]) : '0;
        scope_d = '{
            all: !inv_i.by_vpn && !inv_i.by_asid && inv_i.globals,
            by_vpn: inv_i.by_vpn,
            by_asid: inv_i.by_asid,
            globals: inv_i.globals,
            tag: TagW'(inv_i.vpn[VpnW-1:0] >> SetBits),
            asid: AsidW'(inv_i.asid)
        };
      end
    end
    assign busy_o = reading_q || judging_q || dropping_q;
    assign off_o = busy_o;

    // ---------------------------------------------------------------- arrays

    entry_t [Ways-1:0] read;
    entry_t [Ways-1:0] found_q;  // what was looked up, as block RAM is slow; keys are compared before
    attr_t [Ways-1:0] attr;
    entry_t write;
    logic [SetW-1:0] read_set, look_set, set_q;
    logic [Ways-1:0] valid, write_way, match_q, hit_way, valid_d;
    logic [WayBits-1:0] victim, way, plru_victim;
    logic [PlruW-1:0] touched;
    logic fill_legal_q;     // the last look was not in a sweep
    logic [TagW-1:0] tag_q;
    logic [AsidW-1:0] asid_q;

    assign read_set = reading_q ? sweep_q : set_of(read_vpn_i);
    assign look_set = dropping_q ? drop_set_q : set_of(vpn_i);
    assign write = '{tag: tag_q, asid: asid_q, ppn: fill_ppn_i, attr: AttrW'(attr_to_bits(Cfg.Format, fill_attr_i))};

    for (genvar w = 0; w < Ways; w++) begin : gen_way
      (* ram_style = "block", no_rw_check *) entry_t mem[Sets];
      always_ff @(posedge clk_i) begin
        if (write_way[w]) mem[set_q] <= write;
        if (read_i || reading_q) read[w] <= mem[read_set];
      end
      assign attr[w] = attr_from_bits(Cfg.Format, 8'(read[w].attr));
    end

    // Valid bits of a set: one word.
    (* ram_style = "distributed", no_rw_check *) logic [Ways-1:0] valid_mem[Sets];
    (* ram_style = "distributed", no_rw_check *) logic [PlruW-1:0] plru_mem[Sets];
    logic valid_write;
    logic [SetW-1:0] valid_set;
    assign valid = valid_mem[look_set];
    logic [Ways-1:0] valid_there;  // of the set that was looked up
    assign valid_there = valid_mem[set_q];

    // One set of comparators for lookups and the sweep, which never come together.
    logic [Ways-1:0] key_match, asid_match;
    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        key_match[w] = read[w].tag == tag_q;
        asid_match[w] = Cfg.AsidBits == 0 || read[w].asid == asid_q;
        match[w] = valid[w] && !busy_o && key_match[w] && (attr[w].g || asid_match[w]);
      end
    end

    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        hit_way[w] = match_q[w];
        for (int unsigned v = 0; v < w; v++) hit_way[w] &= !match_q[v];
      end
      hit_o = |match_q;
      ppn_o = '0;
      attr_o = '0;
      way = victim;
      for (int unsigned w = 0; w < Ways; w++) begin
        if (hit_way[w]) begin
          way = WayBits'(w);
          ppn_o |= found_q[w].ppn;
          attr_o |= attr_from_bits(Cfg.Format, 8'(found_q[w].attr));
        end
      end
    end

    assign fill_o = fill_i && fill_legal_q && !busy_o;
    assign fill_way_o = way;
    always_comb begin
      write_way = '0;
      write_way[way] = fill_o;
      valid_write = fill_o || dropping_q;
      valid_set = dropping_q ? drop_set_q : set_q;
      valid_d = valid_there | write_way;
      if (dropping_q) valid_d = valid & ~drop_q;
      for (int unsigned w = 0; w < Ways; w++) begin
        drop_d[w] = scope_q.all || ((!scope_q.by_vpn || key_match[w]) &&
            (attr[w].g ? scope_q.globals : !scope_q.by_asid || asid_match[w]));
      end
    end
    always_ff @(posedge clk_i) begin
      if (valid_write) valid_mem[valid_set] <= valid_d;
    end

    // ---------------------------------------------------------------- replacement

    logic [PlruW-1:0] state;
    // As in the L1 TLBs: the state of a set without a valid entry counts as zero.
    assign state = (valid_there == '0) ? '0 : plru_mem[set_q];
    always_ff @(posedge clk_i) begin
      if (touch_i || fill_o) plru_mem[set_q] <= touched;
    end
    vm_plru #(
        .Ways(Ways)
    ) u_plru (
        .state_i    (state),
        .touch_way_i(way),
        .touched_o  (touched),
        .victim_o   (plru_victim)
    );
    always_comb begin
      victim = plru_victim;
      for (int w = Ways - 1; w >= 0; w--) begin
        if (!valid_there[w]) victim = WayBits'(w);
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        reading_q <= 1'b1;
        judging_q <= 1'b0;
        dropping_q <= 1'b0;
      end else begin
        reading_q <= reading_d;
        judging_q <= reading_q;
        dropping_q <= judging_q;
      end
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        sweep_q <= '0;
        scope_q <= '{all: 1'b1, default: '0};
      end else begin
        sweep_q <= sweep_d;
        scope_q <= scope_d;
      end
      judge_q <= sweep_q;
      drop_set_q <= judge_q;
      drop_q <= drop_d;
      // The key comes with the set it is compared in.
      if (read_i || reading_q) begin
        tag_q <= reading_q ? scope_q.tag : TagW'(read_vpn_i >> SetBits);
        asid_q <= reading_q ? scope_q.asid : AsidW'(asid_i);
      end
      if (look_i) begin
        match_q <= match;
        found_q <= read;
        fill_legal_q <= !busy_o;
        set_q <= set_of(vpn_i);
      end
    end

    logic unused;
    assign unused = ^{asid_i, inv_i, found_q};
  end

endmodule
