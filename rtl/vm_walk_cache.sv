// SPDX-License-Identifier: Apache-2.0
//
// Walk caches: for every level above 0 one direct-mapped table of pointers that walks found good, keyed by the VPN without
// the index bits below that level and by ASID, never global (M9). An entry says where the table below lies and what the
// path to it allows (X12, R16). Looked up combinationally, all levels at once; the deepest hit wins.
//
// A fence drops everything, in one cycle; on RISC-V a fence by VA drops nothing, as these are no leaves (R22).
module vm_walk_cache
  import vm_pkg::*;
#(
    parameter  machine_t    Cfg = '0,
    localparam int unsigned VpnW = vpn_bits(Cfg),
    localparam int unsigned PpnW = ppn_w(Cfg)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic [VpnW-1:0]    vpn_i,
    input  logic [AsidMax-1:0] asid_i,
    output logic [2:0]         level_o,  // of the pointer entry that is known; 0: none
    output logic [PpnW-1:0]    ppn_o,    // of the table it points to
    output attr_t              attr_o,

    input logic            fill_i,       // for the same VPN and ASID
    input logic [2:0]      fill_level_i,
    input logic [PpnW-1:0] fill_ppn_i,
    input attr_t           fill_attr_i,

    input tlb_inv_t inv_i
);

  localparam int unsigned Levels = 32'(Cfg.Format.Levels);

  // What a fence of this cycle drops.
  logic drop;
  assign drop = inv_i.start && !(Cfg.Format.Kind == PteRiscv && inv_i.by_vpn);

  if (Cfg.WalkCacheSets == '0 || Levels < 2) begin : gen_none
    logic unused;
    assign unused = ^{clk_i, rst_ni, vpn_i, asid_i, fill_i, fill_level_i, fill_ppn_i, fill_attr_i, inv_i, drop};
    assign level_o = '0;
    assign ppn_o = '0;
    assign attr_o = AttrAll;
  end else begin : gen_cache
    localparam tlb_geometry_t Geometry = '{Sets: Cfg.WalkCacheSets, Ways: 8'd1};

    logic [Levels-1:1] hit;
    logic [Levels-1:1][PpnW-1:0] ppn;
    attr_t [Levels-1:1] attr;
    tlb_inv_t drop_all;

    always_comb begin
      drop_all = '0;
      drop_all.all = drop;
    end

    for (genvar l = 1; l < Levels; l++) begin : gen_level
      localparam int unsigned Below = index_lsb(Cfg.Format, l);
      logic unused_way, unused_victim;
      array_rsp_t unused_array;
      vm_tlb #(
          .Cfg        (Cfg),
          .Geometry   (Geometry),
          .KeyW       (VpnW - Below),
          .MatchGlobal(1'b0)
      ) u_table (
          .clk_i,
          .rst_ni,
          .key_i        (vpn_i[VpnW-1:Below]),
          .asid_i,
          .hold_i       (1'b0),
          .hit_o        (hit[l]),
          .hit_way_o    (unused_way),
          .ppn_o        (ppn[l]),
          .attr_o       (attr[l]),
          .victim_o     (unused_victim),
          .touch_i      (1'b0),
          .touch_way_i  (1'b0),
          .fill_i       (fill_i && fill_level_i == 3'(l)),
          .update_key_i (vpn_i[VpnW-1:Below]),
          .fill_asid_i  (asid_i),
          .fill_ppn_i,
          .fill_attr_i,
          .inv_i        (drop_all),
          .array_valid_i(1'b0),
          .array_req_i  ('0),
          .array_rsp_o  (unused_array)
      );
      logic unused;
      assign unused = ^{unused_way, unused_victim, unused_array};
    end

    always_comb begin
      level_o = '0;
      ppn_o = '0;
      attr_o = AttrAll;
      for (int unsigned l = Levels - 1; l >= 1; l--) begin
        if (hit[l]) begin
          level_o = 3'(l);
          ppn_o = ppn[l];
          attr_o = attr[l];
        end
      end
    end
  end

endmodule
