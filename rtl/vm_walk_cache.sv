// SPDX-License-Identifier: Apache-2.0
//
// Walk caches: for every level above 0 one direct-mapped table of pointers that walks found good, keyed by the VPN without
// the index bits below that level and by ASID, never global (M9). An entry says where the table below lies and what the
// path to it allows (X12, R16). Entries lie in LUT RAM, valid bits in flip-flops. Looked up combinationally, all levels
// at once; the deepest hit wins. Without one ppn_o and attr_o mean nothing.
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
    localparam int unsigned Sets = 32'(Cfg.WalkCacheSets);
    localparam int unsigned SetBits = $clog2(Sets);
    localparam int unsigned SetW = idx_bits(Sets);
    localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;
    localparam int unsigned AttrW = pointer_bits(Cfg.Format);

    logic [Levels-1:1] hit;
    logic [Levels-1:1][PpnW-1:0] ppn;
    attr_t [Levels-1:1] attr;

    for (genvar l = 1; l < Levels; l++) begin : gen_level
      localparam int unsigned Below = index_lsb(Cfg.Format, l);
      localparam int unsigned TagW = VpnW - Below - SetBits;

      typedef struct packed {
        logic [TagW-1:0]  tag;
        logic [AsidW-1:0] asid;
        logic [PpnW-1:0]  ppn;
        logic [AttrW-1:0] attr;
      } entry_t;

      (* ram_style = "distributed", no_rw_check *) entry_t mem[Sets];
      logic [Sets-1:0] valid_q;
      logic [SetW-1:0] set;
      logic [TagW-1:0] tag;
      logic fill;
      entry_t read;

      assign set = (Sets > 1) ? SetW'(vpn_i >> Below) : '0;
      assign tag = TagW'(vpn_i >> (Below + SetBits));
      assign fill = fill_i && fill_level_i == 3'(l);
      assign read = mem[set];
      assign hit[l] = valid_q[set] && read.tag == tag && (Cfg.AsidBits == 0 || read.asid == AsidW'(asid_i));
      assign ppn[l] = read.ppn;
      assign attr[l] = pointer_from_bits(Cfg.Format, 9'(read.attr));
      always_ff @(posedge clk_i) begin
        if (fill) begin
          mem[set] <= '{
              tag: tag,
              asid: AsidW'(asid_i),
              ppn: fill_ppn_i,
              attr: AttrW'(pointer_to_bits(Cfg.Format, fill_attr_i))
          };
        end
      end
      for (genvar s = 0; s < Sets; s++) begin : gen_valid
        always_ff @(posedge clk_i) begin
          if (!rst_ni || drop) valid_q[s] <= 1'b0;
          else if (fill && set == SetW'(s)) valid_q[s] <= 1'b1;
        end
      end
    end

    always_comb begin
      level_o = '0;
      ppn_o = ppn[Levels-1];
      attr_o = attr[Levels-1];
      for (int unsigned l = Levels - 1; l >= 1; l--) begin
        if (hit[l]) begin
          level_o = 3'(l);
          ppn_o = ppn[l];
          attr_o = attr[l];
        end
      end
    end

    logic unused;
    assign unused = ^{asid_i, fill_attr_i, inv_i};
  end

endmodule
