// SPDX-License-Identifier: Apache-2.0
//
// Walk caches: for every level above 0 one direct-mapped table of pointers that walks found good, keyed by the VPN without
// the index bits below that level and by ASID, never global (M9). An entry says where the table below lies and what the
// path to it allows (X12, R16). Entries lie in LUT RAM, valid bits in flip-flops. All levels are read at once with read_i,
// and looked at in the next cycle, for vpn_i; the deepest hit wins. Without one ppn_o and attr_o mean nothing.
//
// A fence drops everything, in one cycle; on RISC-V a fence by VA drops nothing, as these are no leaves (R22).
//
// Parity: an entry with wrong parity does not hit, and the look of a walk (look_i) drops it, whatever else it finds (M13).
module vm_walk_cache
  import vm_pkg::*;
#(
    parameter  machine_t    Cfg = '0,
    localparam int unsigned VpnW = vpn_bits(Cfg),
    localparam int unsigned PpnW = ppn_w(Cfg)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic               read_i,
    input  logic [VpnW-1:0]    read_vpn_i,
    input  logic [VpnW-1:0]    vpn_i,    // what was read for
    input  logic [AsidMax-1:0] asid_i,
    input  logic               look_i,   // Parity: a walk looks
    output logic               upset_o,  // entries with wrong parity go
    output logic [2:0]         level_o,  // of the pointer entry that is known; 0: none
    output logic [PpnW-1:0]    ppn_o,    // of the table it points to
    output attr_t              attr_o,

    input logic            fill_i,       // for the same VPN and ASID
    input logic [2:0]      fill_level_i,
    input logic [PpnW-1:0] fill_ppn_i,
    input attr_t           fill_attr_i,

    input tlb_inv_t inv_i,

    input logic       array_valid_i,  // flips of the array port
    input array_req_t array_req_i
);

  localparam int unsigned Levels = 32'(Cfg.Format.Levels);

  // What a fence of this cycle drops.
  logic drop;
  assign drop = inv_i.start && !(Cfg.Format.Kind == PteRiscv && inv_i.by_vpn);
  // What the look of this cycle drops, by level. For observers, too.
  logic [MaxLevels-1:0] upset_level;
  assign upset_o = |upset_level;

  if (Cfg.WalkCacheSets == '0 || Levels < 2) begin : gen_none
    logic unused;
    assign unused = ^{clk_i, rst_ni, read_i, read_vpn_i, vpn_i, asid_i, look_i, fill_i, fill_level_i, fill_ppn_i,
                      fill_attr_i, inv_i, drop, array_valid_i, array_req_i};
    assign upset_level = '0;
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
    logic [Levels-1:1] upset;
    logic flip;
    assign flip = Cfg.Parity && Cfg.ArrayPort && array_valid_i && array_req_i.flip;
    assign upset_level = look_i ? MaxLevels'({upset, 1'b0}) : '0;

    for (genvar l = 1; l < Levels; l++) begin : gen_level
      localparam int unsigned Below = index_lsb(Cfg.Format, l);
      localparam int unsigned TagW = VpnW - Below - SetBits;

      typedef struct packed {
        logic [TagW-1:0]  tag;
        logic [AsidW-1:0] asid;
        logic [PpnW-1:0]  ppn;
        logic [AttrW-1:0] attr;
      } entry_t;

      // With its parity on top, if it has one: even over the whole word.
      localparam int unsigned WordW = $bits(entry_t) + 32'(Cfg.Parity);
      (* ram_style = "distributed", no_rw_check *) logic [WordW-1:0] mem[Sets];
      logic [WordW-1:0] word, word_q;  // read now; read in the cycle before
      logic [Sets-1:0] valid_q;
      logic [SetW-1:0] read_set, set;
      logic [TagW-1:0] tag;
      logic fill, flip_here;
      entry_t read, write;

      always_comb begin
        read_set = (Sets > 1) ? SetW'(read_vpn_i >> Below) : '0;
        set = (Sets > 1) ? SetW'(vpn_i >> Below) : '0;
        if (flip) begin
          read_set = (Sets > 1) ? SetW'(array_req_i.index) : '0;
          set = read_set;
        end
      end
      assign flip_here = flip && array_req_i.way == 8'(l);
      assign tag = TagW'(vpn_i >> (Below + SetBits));
      assign fill = fill_i && fill_level_i == 3'(l);
      assign word = mem[read_set];
      always_ff @(posedge clk_i) begin
        if (read_i) word_q <= word;
      end
      assign read = $bits(entry_t)'(word_q);
      assign upset[l] = Cfg.Parity && valid_q[set] && ^word_q;
      assign write = '{
          tag: tag,
          asid: AsidW'(asid_i),
          ppn: fill_ppn_i,
          attr: AttrW'(pointer_to_bits(Cfg.Format, fill_attr_i))
      };
      assign hit[l] = valid_q[set] && !upset[l] && read.tag == tag &&
          (Cfg.AsidBits == 0 || read.asid == AsidW'(asid_i));
      assign ppn[l] = read.ppn;
      assign attr[l] = pointer_from_bits(Cfg.Format, 9'(read.attr));
      always_ff @(posedge clk_i) begin
        if (fill || flip_here) begin
          mem[set] <= flip_here ? word ^ (WordW'(1) << array_req_i.data0[7:0]) : WordW'({^write, write});
        end
      end
      for (genvar s = 0; s < Sets; s++) begin : gen_valid
        always_ff @(posedge clk_i) begin
          if (!rst_ni || drop || (upset_level[l] && set == SetW'(s))) valid_q[s] <= 1'b0;
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
    assign unused = ^{asid_i, look_i, fill_attr_i, inv_i, array_valid_i, array_req_i};
  end

endmodule
