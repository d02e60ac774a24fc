// SPDX-License-Identifier: Apache-2.0
//
// Fully associative part of an L1 TLB, in flip-flops: superpages of any level and NAPOT ranges. An entry matches on
// the VPN bits its size leaves, and the others pass through into the PPN. If two entries match, the lowest index
// wins and nothing is mixed (R17, M7). Zero entries is legal and never hits. Invalidation takes one cycle in any scope.
module vm_tlb_super
  import vm_pkg::*;
  import vm_pte_pkg::span_mask;
#(
    parameter  machine_t    Cfg = '0,
    localparam int unsigned VpnW = vpn_bits(Cfg),
    localparam int unsigned PpnW = ppn_w(Cfg),
    localparam int unsigned IdxW = idx_bits(32'(Cfg.SuperEntries))
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic [VpnW-1:0]    vpn_i,
    input  logic [AsidMax-1:0] asid_i,
    output logic               hit_o,
    output logic [IdxW-1:0]    hit_idx_o,
    output logic [PpnW-1:0]    ppn_o,      // of the base page; zero without a hit
    output attr_t              attr_o,     // zero without a hit
    output logic [IdxW-1:0]    victim_o,   // the lowest invalid entry, else pseudo-LRU

    input logic               touch_i,     // touch_idx_i becomes most recent
    input logic [IdxW-1:0]    touch_idx_i,
    input logic               fill_i,      // touch_idx_i is written
    input logic [VpnW-1:0]    fill_vpn_i,
    input logic [AsidMax-1:0] fill_asid_i,
    input logic [PpnW-1:0]    fill_ppn_i,
    input attr_t              fill_attr_i,
    input logic [2:0]         fill_level_i,
    input logic               fill_napot_i,

    input tlb_inv_t inv_i
);

  localparam int unsigned N = 32'(Cfg.SuperEntries);

  // What the fence of this cycle removes.
  logic [((N != 0) ? N : 1)-1:0] inv_entry;

  if (N == 0) begin : gen_none
    logic unused;
    assign unused = ^{clk_i, rst_ni, vpn_i, asid_i, touch_i, touch_idx_i, fill_i, fill_vpn_i, fill_asid_i, fill_ppn_i,
                      fill_attr_i, fill_level_i, fill_napot_i, inv_i, inv_entry};
    assign inv_entry = '0;
    assign hit_o = 1'b0;
    assign hit_idx_o = '0;
    assign ppn_o = '0;
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
      logic [2:0] level;
      logic napot;
    } entry_t;

    logic [N-1:0] valid_d, valid_q;
    entry_t [N-1:0] entry_q;
    logic [PlruW-1:0] plru_q, touched, unused_touched;
    logic [IdxW-1:0] plru_victim, unused_victim;
    attr_t [N-1:0] attr;
    logic [N-1:0][VpnW-1:0] mask;
    logic [N-1:0] match, hit_entry;
    logic [VpnW-1:0] passed, vpn_passed;

    always_comb begin
      for (int unsigned i = 0; i < N; i++) begin
        attr[i] = attr_from_bits(Cfg.Format, 8'(entry_q[i].attr));
        mask[i] = VpnW'(span_mask(Cfg.Format, entry_q[i].level, entry_q[i].napot));
        match[i] = valid_q[i] && ((entry_q[i].vpn ^ vpn_i) & ~mask[i]) == '0 &&
            (Cfg.AsidBits == 0 || attr[i].g || entry_q[i].asid == AsidW'(asid_i));
      end
      for (int unsigned i = 0; i < N; i++) begin
        hit_entry[i] = match[i];
        for (int unsigned j = 0; j < i; j++) hit_entry[i] &= !match[j];
      end
      hit_o = |match;
      hit_idx_o = '0;
      passed = '0;
      ppn_o = '0;
      attr_o = '0;
      for (int unsigned i = 0; i < N; i++) begin
        if (hit_entry[i]) begin
          hit_idx_o |= IdxW'(i);
          passed |= mask[i];
          ppn_o |= entry_q[i].ppn;
          attr_o |= attr[i];
        end
      end
      vpn_passed = vpn_i & passed;
      ppn_o |= PpnW'(vpn_passed);
    end

    always_comb begin
      for (int unsigned i = 0; i < N; i++) begin
        inv_entry[i] = inv_i.start && valid_q[i] &&
            (!inv_i.by_vpn || ((entry_q[i].vpn ^ inv_i.vpn[VpnW-1:0]) & ~mask[i]) == '0) &&
            (attr[i].g ? inv_i.globals
                       : !inv_i.by_asid || Cfg.AsidBits == 0 || entry_q[i].asid == AsidW'(inv_i.asid));
      end
      valid_d = valid_q & ~inv_entry;
      if (fill_i) valid_d[touch_idx_i] = 1'b1;
      victim_o = plru_victim;
      for (int i = N - 1; i >= 0; i--) begin
        if (!valid_q[i]) victim_o = IdxW'(i);
      end
    end

    vm_plru #(
        .Ways(N)
    ) u_plru_victim (
        .state_i    (plru_q),
        .touch_way_i('0),
        .touched_o  (unused_touched),
        .victim_o   (plru_victim)
    );
    vm_plru #(
        .Ways(N)
    ) u_plru_touch (
        .state_i    (plru_q),
        .touch_way_i(touch_idx_i),
        .touched_o  (touched),
        .victim_o   (unused_victim)
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
        if (fill_i && touch_idx_i == IdxW'(i)) begin
          entry_q[i] <= '{
              vpn: fill_vpn_i,
              asid: AsidW'(fill_asid_i),
              ppn: fill_ppn_i & ~PpnW'(span_mask(Cfg.Format, fill_level_i, fill_napot_i)),
              attr: AttrW'(attr_to_bits(Cfg.Format, fill_attr_i)),
              level: fill_level_i,
              napot: fill_napot_i
          };
        end
      end
    end

    logic unused;
    assign unused = ^{asid_i, fill_asid_i, inv_i, unused_touched, unused_victim};
  end

endmodule
