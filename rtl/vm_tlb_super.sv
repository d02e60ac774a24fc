// SPDX-License-Identifier: Apache-2.0
//
// Fully associative part of an L1 TLB, in flip-flops: superpages of any level and NAPOT ranges. An entry matches on
// the VPN bits its size leaves, and the others pass through into the PPN. If two entries match, the lowest index
// wins and nothing is mixed (R17, M7). Zero entries is legal and never hits. Invalidation takes one cycle in any scope:
// in the cycle of inv_i.start, vpn_i and asid_i are those of the fence.
module vm_tlb_super
  import vm_pkg::*;
#(
    parameter  machine_t    Cfg = '0,
    parameter  bit          Registered = 1'b0,  // the answer of a lookup comes one cycle later, while hold_i is low
    localparam int unsigned VpnW = vpn_bits(Cfg),
    localparam int unsigned PpnW = ppn_w(Cfg),
    localparam int unsigned IdxW = idx_bits(32'(Cfg.SuperEntries))
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic [VpnW-1:0]    vpn_i,
    input  logic [AsidMax-1:0] asid_i,
    input  logic               hold_i,        // Registered: keep the answer
    input  logic               mute_i,        // ppn_o, wide_o and attr_o are to be zero, granted_o low
    input  hit_need_t          need_i,        // of the access that the answer is for
    input  logic [VpnW-1:0]    answer_vpn_i,  // the VPN the answer is for
    output logic               hit_o,
    output logic               granted_o,     // and the page has what is needed
    output logic [IdxW-1:0]    hit_idx_o,
    output logic [PpnW-1:0]    ppn_o,      // of the base page; zero without a hit
    output logic               wide_o,     // which lies beyond PaBits: the superpage is larger than memory
    output attr_t              attr_o,     // zero without a hit

    output logic [IdxW-1:0]    victim_o,   // to replace now: the lowest invalid entry, else pseudo-LRU
    input logic               touch_i,     // touch_idx_i becomes most recent
    input logic [IdxW-1:0]    touch_idx_i,
    input logic               fill_i,      // touch_idx_i is written
    input logic [VpnW-1:0]    fill_vpn_i,
    input logic [AsidMax-1:0] fill_asid_i,
    input logic [PpnW-1:0]    fill_ppn_i,
    input attr_t              fill_attr_i,
    input logic [2:0]         fill_level_i,
    input logic               fill_napot_i,

    input tlb_inv_t inv_i  // of its addresses only whether they count
);

  localparam int unsigned N = 32'(Cfg.SuperEntries);

  // The VPN in pieces, each of which an entry compares or lets pass: with NAPOT its low 4 bits, then the rest of the
  // index of level 0, then the indices above.
  localparam int unsigned Levels = 32'(Cfg.Format.Levels);
  function automatic int unsigned piece_lsb(int unsigned piece);
    if (!Cfg.Format.Napot) return index_lsb(Cfg.Format, piece);
    return (piece == 0) ? 0 : (piece == 1) ? 4 : index_lsb(Cfg.Format, piece - 1);
  endfunction
  localparam int unsigned Pieces = Cfg.Format.Napot ? Levels + 1 : Levels;

  // What the fence of this cycle removes.
  logic [((N != 0) ? N : 1)-1:0] inv_entry;

  if (N == 0) begin : gen_none
    logic unused;
    assign unused = ^{clk_i, rst_ni, vpn_i, asid_i, hold_i, mute_i, need_i, answer_vpn_i, touch_i, touch_idx_i, fill_i,
                      fill_vpn_i, fill_asid_i, fill_ppn_i, fill_attr_i, fill_level_i, fill_napot_i, inv_i, inv_entry};
    assign inv_entry = '0;
    assign hit_o = 1'b0;
    assign granted_o = 1'b0;
    assign hit_idx_o = '0;
    assign ppn_o = '0;
    assign wide_o = 1'b0;
    assign attr_o = '0;
    assign victim_o = '0;
  end else begin : gen_super
    localparam int unsigned AttrW = attr_bits(Cfg.Format);
    localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;
    localparam int unsigned PlruW = (N > 1) ? N - 1 : 1;

    typedef struct packed {
      logic [VpnW-1:0] vpn;
      logic [AsidW-1:0] asid;
      logic [PpnW-1:0] ppn;  // zero where the VPN passes through
      logic [AttrW-1:0] attr;
      logic [Pieces-2:0] pass;
    } entry_t;

    logic [N-1:0] valid_d, valid_q;
    entry_t [N-1:0] entry_q;
    entry_t fill;
    logic [PlruW-1:0] plru_q, touched;
    logic [IdxW-1:0] plru_victim;
    attr_t [N-1:0] attr;
    logic [N-1:0] key_match, asid_match, match, hit_entry;
    logic [Pieces-2:0] passed;
    logic [VpnW-1:0] passed_mask, vpn_passed;

    function automatic logic [VpnW-1:0] pass_mask(logic [Pieces-2:0] pass);
      logic [VpnW-1:0] mask;
      mask = '0;
      for (int unsigned k = 0; k < Pieces - 1; k++) begin
        for (int unsigned b = 0; b < VpnW; b++) begin
          if (b >= piece_lsb(k) && b < piece_lsb(k + 1)) mask[b] = pass[k];
        end
      end
      return mask;
    endfunction

    for (genvar i = 0; i < N; i++) begin : gen_match
      logic [Pieces-1:0] equal;
      for (genvar k = 0; k < Pieces; k++) begin : gen_piece
        localparam int unsigned Lsb = piece_lsb(k);
        localparam int unsigned Width = ((k == Pieces - 1) ? VpnW : piece_lsb(k + 1)) - Lsb;
        if (Width == 0) begin : gen_nothing
          assign equal[k] = 1'b1;
        end else begin : gen_compare
          assign equal[k] = entry_q[i].vpn[Lsb+:Width] == vpn_i[Lsb+:Width];
        end
      end
      assign key_match[i] = &{equal[Pieces-1], equal[Pieces-2:0] | entry_q[i].pass};
    end

    // The answer: of this cycle's lookup, or of the one before. Entries change only while no answer is held, except by a
    // fill, after which the owner looks up again.
    logic [N-1:0] found;
    if (Registered) begin : gen_registered
      always_ff @(posedge clk_i) begin
        if (!hold_i) begin
          found <= match;
        end
      end
    end else begin : gen_at_once
      logic unused_hold;
      assign unused_hold = hold_i;
      assign found = match;
    end

    always_comb begin
      for (int unsigned i = 0; i < N; i++) begin
        attr[i] = attr_from_bits(Cfg.Format, 8'(entry_q[i].attr));
        asid_match[i] = Cfg.AsidBits == 0 || entry_q[i].asid == AsidW'(asid_i);
        match[i] = valid_q[i] && key_match[i] && (attr[i].g || asid_match[i]);
        inv_entry[i] = inv_i.start && valid_q[i] && (!inv_i.by_vpn || key_match[i]) &&
            (attr[i].g ? inv_i.globals : !inv_i.by_asid || asid_match[i]);
      end
      for (int unsigned i = 0; i < N; i++) begin
        hit_entry[i] = found[i];
        for (int unsigned j = 0; j < i; j++) hit_entry[i] &= !found[j];
      end
      hit_o = |found;
      granted_o = 1'b0;
      hit_idx_o = '0;
      passed = '0;
      ppn_o = '0;
      attr_o = '0;
      for (int unsigned i = 0; i < N; i++) begin
        if (hit_entry[i]) hit_idx_o |= IdxW'(i);
        if (hit_entry[i] && !mute_i) begin
          granted_o |= hit_granted(attr[i], need_i);
          passed |= entry_q[i].pass;
          ppn_o |= entry_q[i].ppn;
          attr_o |= attr[i];
        end
      end
      passed_mask = pass_mask(passed);
      vpn_passed = answer_vpn_i & passed_mask;
      ppn_o |= PpnW'(vpn_passed);
      wide_o = (64'(vpn_passed) >> (32'(Cfg.PaBits) - 32'(Cfg.Format.PageBits))) != '0;
    end

    always_comb begin
      fill.vpn = fill_vpn_i;
      fill.asid = AsidW'(fill_asid_i);
      fill.attr = AttrW'(attr_to_bits(Cfg.Format, fill_attr_i));
      for (int unsigned k = 0; k < Pieces - 1; k++) begin
        fill.pass[k] = 32'(fill_level_i) > (Cfg.Format.Napot ? ((k == 0) ? 0 : k - 1) : k);
      end
      if (Cfg.Format.Napot) fill.pass[0] |= fill_napot_i;
      fill.ppn = fill_ppn_i & ~PpnW'(pass_mask(fill.pass));
      valid_d = valid_q & ~inv_entry;
      if (fill_i) valid_d[touch_idx_i] = 1'b1;
      victim_o = plru_victim;
      for (int i = N - 1; i >= 0; i--) begin
        if (!valid_q[i]) victim_o = IdxW'(i);
      end
    end

    vm_plru #(
        .Ways(N)
    ) u_plru (
        .state_i    (plru_q),
        .touch_way_i(touch_idx_i),
        .touched_o  (touched),
        .victim_o   (plru_victim)
    );

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        valid_q <= '0;
        plru_q <= '0;
      end else begin
        valid_q <= valid_d;
        if (touch_i || fill_i) plru_q <= touched;
      end
    end
    always_ff @(posedge clk_i) begin
      for (int unsigned i = 0; i < N; i++) begin
        if (fill_i && touch_idx_i == IdxW'(i)) entry_q[i] <= fill;
      end
    end

    logic unused;
    assign unused = ^{asid_i, fill_asid_i, inv_i};
  end

endmodule
