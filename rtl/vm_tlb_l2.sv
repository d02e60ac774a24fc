// SPDX-License-Identifier: Apache-2.0
//
// L2 TLB, shared by both ports: base pages, set-associative, everything in block RAM (one memory per way, one for the
// pseudo-LRU state). Zero ways is legal and never hits.
//
//   cycle 0   read_i, read_vpn_i, asid_i: the set is read
//   cycle 1   look_i: keys are compared, in pieces, as block RAM is slow
//   cycle 2   the pieces are put together: hit_o, and granted_o, ppn_o, attr_o of the hit, until the next look. touch_i: the hit
//             is used. fill_i may come any time after that, into the matching way, else the lowest invalid, else
//             pseudo-LRU
//
// RAM has no reset and no "invalidate all": inv_i.start begins a sweep, one set per cycle (one set only for a scope by
// VPN), and so does reset. Meanwhile off_o is high, nothing hits, and what was looked up is not filled. The
// owner starts no second sweep before busy_o falls.
//
// Parity: a word with wrong parity is no entry. It is computed in pieces, like the comparison, and in cycle 2 a look that
// may hit removes such words of its set (M13); a sweep removes those of the sets it comes through.
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
    input  logic [AsidMax-1:0] asid_i,
    input  logic               look_i,
    input  hit_need_t          need_i,     // cycle 2: of the access that is looked up for
    input  logic               atomic_i,   // likewise
    output logic               hit_o,      // cycle 2
    output logic               granted_o,  // cycle 2: and the page has what is needed, and takes the atomic
    output logic               off_o,      // cycle 1: nothing can hit
    output logic               upset_o,    // cycle 2: words with wrong parity are being removed
    output logic [PpnW-1:0]    ppn_o,
    output attr_t              attr_o,

    input logic               touch_i,
    input logic               fill_i,
    input logic [PpnW-1:0]    fill_ppn_i,
    input attr_t              fill_attr_i,
    output logic [WayBits-1:0] fill_way_o,
    output logic               fill_o,     // fill_i took effect

    input  tlb_inv_t inv_i,
    output logic     busy_o,

    // Flips of the array port: one cycle, with busy_o low; the word is written in the next, array_req_i held.
    input logic       array_valid_i,
    input array_req_t array_req_i
);

  localparam int unsigned Ways = 32'(Cfg.L2Tlb.Ways);

  // Cycle 1: what matches. Only observers look at it so early.
  logic [((Ways != 0) ? Ways : 1)-1:0] match;
  // What has wrong parity and goes in this cycle. For observers, too.
  logic [((Ways != 0) ? Ways : 1)-1:0] upset_way;

  if (Ways == 0) begin : gen_none
    logic unused;
    assign match = '0;
    assign unused = ^{clk_i, rst_ni, match, read_i, read_vpn_i, asid_i, look_i, need_i, atomic_i, touch_i, fill_i,
                      fill_ppn_i, fill_attr_i, inv_i, array_valid_i, array_req_i, upset_way};
    assign upset_way = '0;
    assign upset_o = 1'b0;
    assign hit_o = 1'b0;
    assign granted_o = 1'b0;
    assign off_o = 1'b0;
    assign ppn_o = '0;
    assign attr_o = AttrAll;
    assign fill_way_o = '0;
    assign fill_o = 1'b0;
    assign busy_o = 1'b0;
  end else begin : gen_l2
    localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
    localparam int unsigned Sets = 32'(Cfg.L2Tlb.Sets);
    localparam int unsigned SetBits = $clog2(Sets);
    localparam int unsigned SetW = idx_bits(Sets);
    localparam int unsigned TagW = VpnW - SetBits;
    localparam int unsigned AttrW = attr_bits(Cfg.Format);
    localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;
    localparam int unsigned PlruW = (Ways > 1) ? Ways - 1 : 1;

    // Keys are compared in pieces of so many bits.
    localparam int unsigned PieceW = 3;
    localparam int unsigned TagPieces = (TagW + PieceW - 1) / PieceW;
    localparam int unsigned AsidPieces = (AsidW + PieceW - 1) / PieceW;

    typedef struct packed {
      logic valid;
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
    logic dropping_q;              // and in this cycle loses what goes
    logic [SetW-1:0] sweep_d, sweep_q, judge_q, drop_set_q;
    logic [Ways-1:0] drop;
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
    entry_t [Ways-1:0] found_q;           // what was looked up, or is judged by the sweep
    attr_t [Ways-1:0] read_attr, attr;    // of `read`, of `found_q`
    entry_t write;
    logic [SetW-1:0] read_set, read_set_q, set_q, write_set;
    logic [Ways-1:0] dropped_q;           // went in the cycle in which the set was read
    logic [Ways-1:0] wrong;               // parity of `found_q`
    logic flip, flipping_q;               // the array port reads a set; writes a word of it back
    logic [Ways-1:0] valid, write_way, hit, hit_way;
    logic [WayBits-1:0] victim, way, plru_victim;
    logic [PlruW-1:0] plru_read, plru_q, touched;
    logic legal_q;                        // the last look was not in a sweep
    logic [TagW-1:0] tag_q;
    logic [AsidW-1:0] asid_q;

    always_comb begin
      read_set = reading_q ? sweep_q : set_of(read_vpn_i);
      if (flip) read_set = (Sets > 1) ? SetW'(array_req_i.index) : '0;
      write_set = dropping_q ? drop_set_q : set_q;
      if (flipping_q) write_set = read_set_q;
    end
    assign write = '{
        valid: !dropping_q && !upset_o,
        tag: tag_q,
        asid: asid_q,
        ppn: fill_ppn_i,
        attr: AttrW'(attr_to_bits(Cfg.Format, fill_attr_i))
    };

    // With its parity on top, if it has one: even over the whole word.
    localparam int unsigned WordW = $bits(entry_t) + 32'(Cfg.Parity);
    logic [Ways-1:0][WordW-1:0] word;
    logic [WordW-1:0] write_word;
    assign write_word = WordW'({^write, write});
    for (genvar w = 0; w < Ways; w++) begin : gen_way
      (* ram_style = "block", no_rw_check *) logic [WordW-1:0] mem[Sets];
      always_ff @(posedge clk_i) begin
        if (write_way[w]) begin
          mem[write_set] <= flipping_q ? word[w] ^ (WordW'(1) << array_req_i.data0[7:0]) : write_word;
        end
        if (read_i || reading_q || flip) word[w] <= mem[read_set];
      end
      assign read[w] = $bits(entry_t)'(word[w]);
      assign read_attr[w] = attr_from_bits(Cfg.Format, 8'(read[w].attr));
      assign attr[w] = attr_from_bits(Cfg.Format, 8'(found_q[w].attr));
      assign valid[w] = found_q[w].valid && !wrong[w];
    end

    if (Cfg.Parity) begin : gen_parity
      localparam int unsigned ParityPieces = (WordW + PieceW - 1) / PieceW;
      logic [Ways-1:0][ParityPieces-1:0] odd, odd_q;
      logic looked_q;
      always_comb begin
        odd = '0;
        for (int unsigned w = 0; w < Ways; w++) begin
          for (int unsigned b = 0; b < WordW; b++) odd[w][b/PieceW] ^= word[w][b];
          wrong[w] = ^odd_q[w];
        end
      end
      always_ff @(posedge clk_i) begin
        looked_q <= rst_ni && look_i && !busy_o;
        if (look_i || judging_q) begin
          odd_q <= odd;
          for (int unsigned w = 0; w < Ways; w++) begin
            if (dropped_q[w]) odd_q[w] <= '0;
          end
        end
      end
      assign upset_way = looked_q ? wrong : '0;
    end else begin : gen_no_parity
      assign wrong = '0;
      assign upset_way = '0;
    end
    assign upset_o = |upset_way;

    if (Cfg.Parity && Cfg.ArrayPort) begin : gen_array
      assign flip = array_valid_i && array_req_i.flip;
      always_ff @(posedge clk_i) flipping_q <= rst_ni && flip;
    end else begin : gen_no_array
      assign flip = 1'b0;
      assign flipping_q = 1'b0;
    end

    // ---------------------------------------------------------------- comparison, for lookups and the sweep

    logic [Ways-1:0][TagPieces-1:0] tag_same, tag_same_q;
    logic [Ways-1:0][AsidPieces-1:0] asid_same, asid_same_q;
    logic [Ways-1:0] tag_match, asid_match;
    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        tag_same[w] = '1;
        asid_same[w] = '1;
        for (int unsigned b = 0; b < TagW; b++) tag_same[w][b/PieceW] &= read[w].tag[b] == tag_q[b];
        if (Cfg.AsidBits != 0) begin
          for (int unsigned b = 0; b < AsidW; b++) asid_same[w][b/PieceW] &= read[w].asid[b] == asid_q[b];
        end
        match[w] = read[w].valid && !(Cfg.Parity && ^word[w]) && !dropped_q[w] && !busy_o && &tag_same[w] &&
            (read_attr[w].g || &asid_same[w]);
        tag_match[w] = &tag_same_q[w];
        asid_match[w] = &asid_same_q[w];
        hit[w] = legal_q && valid[w] && tag_match[w] && (attr[w].g || asid_match[w]);
        drop[w] = dropping_q && (scope_q.all || wrong[w] || ((!scope_q.by_vpn || tag_match[w]) &&
            (attr[w].g ? scope_q.globals : !scope_q.by_asid || asid_match[w])));
      end
    end

    // Every way is judged while the pieces are put together. All that is kept here lies in the map.
    logic [Ways-1:0] place_atomic, usable;
    for (genvar w = 0; w < Ways; w++) begin : gen_usable
      logic unused_mapped, unused_cacheable;
      vm_pma #(
          .Cfg(Cfg)
      ) u_pma (
          .addr_i     ((PaMax + 1)'({found_q[w].ppn, PageBits'(0)})),
          .mapped_o   (unused_mapped),
          .cacheable_o(unused_cacheable),
          .atomic_o   (place_atomic[w])
      );
      assign usable[w] = hit_granted(attr[w], need_i) && !(Cfg.Atomics && atomic_i && !place_atomic[w]);
    end

    always_comb begin
      granted_o = 1'b0;
      for (int unsigned w = 0; w < Ways; w++) begin
        hit_way[w] = hit[w];
        for (int unsigned v = 0; v < w; v++) hit_way[w] &= !hit[v];
      end
      hit_o = |hit;
      ppn_o = '0;
      attr_o = '0;
      way = hit_o ? '0 : victim;
      for (int unsigned w = 0; w < Ways; w++) begin
        if (hit_way[w]) begin
          way |= WayBits'(w);
          granted_o |= usable[w];
          ppn_o |= found_q[w].ppn;
          attr_o |= attr[w];
        end
      end
    end

    // Nothing is filled in cycle 2 itself.
    logic [Ways-1:0] fill_way_q;
    always_ff @(posedge clk_i) fill_way_q <= Ways'(1) << way;
    assign fill_o = fill_i && legal_q && !busy_o;
    assign fill_way_o = way;
    always_comb begin
      write_way = drop | upset_way;
      if (flipping_q) write_way[WayBits'(array_req_i.way)] = 1'b1;
      if (fill_o) write_way |= fill_way_q;
    end

    // ---------------------------------------------------------------- replacement

    (* ram_style = "block", no_rw_check *) logic [PlruW-1:0] plru_mem[Sets];
    always_ff @(posedge clk_i) begin
      if (touch_i || fill_o) plru_mem[set_q] <= touched;
      if (read_i) plru_read <= plru_mem[read_set];
    end
    vm_plru #(
        .Ways(Ways)
    ) u_plru (
        // As in the L1 TLBs: the state of a set without a valid entry counts as zero.
        .state_i    ((valid == '0) ? '0 : plru_q),
        .touch_way_i(way),
        .touched_o  (touched),
        .victim_o   (plru_victim)
    );
    always_comb begin
      victim = plru_victim;
      for (int w = Ways - 1; w >= 0; w--) begin
        if (!valid[w]) victim = WayBits'(w);
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
      // The key comes with the set it is compared in.
      if (read_i || reading_q || flip) begin
        read_set_q <= read_set;
        tag_q <= reading_q ? scope_q.tag : TagW'(read_vpn_i >> SetBits);
        asid_q <= reading_q ? scope_q.asid : AsidW'(asid_i);
        dropped_q <= (read_set == drop_set_q) ? drop : '0;
      end
      if (look_i || judging_q) begin
        tag_same_q <= tag_same;
        asid_same_q <= asid_same;
        found_q <= read;
        for (int unsigned w = 0; w < Ways; w++) begin
          if (dropped_q[w]) found_q[w].valid <= 1'b0;
        end
        plru_q <= plru_read;
        set_q <= read_set_q;
      end
      if (look_i) legal_q <= !busy_o;
    end

    logic unused;
    assign unused = ^{asid_i, inv_i, match, array_valid_i, array_req_i, atomic_i, place_atomic};
  end

endmodule
