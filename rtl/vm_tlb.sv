// SPDX-License-Identifier: Apache-2.0
//
// Set-associative TLB: the base part of an L1 TLB. The set index is the low bits of the VPN. The lookup is
// combinational: valid bits, keys and data lie in LUT RAM, one memory per way, read asynchronously. Whether a set is
// live stands apart in flip-flops, so that "invalidate all" takes one cycle. Zero ways is legal and never hits.
//
// One read port and one set of comparators serve lookup, selective invalidation and the array port: in a cycle with
// inv_i.set_valid, key_i and asid_i are those of the fence; in one with array_valid_i nothing is looked up. If two
// entries match, the lowest way wins and nothing is mixed (R17, M7).
//
// Parity: a word with wrong parity is no entry, to lookups, fences and the choice of a victim alike; this is found beside
// the comparison. The lookup of an access (look_i) removes it in the next cycle (M13).
module vm_tlb
  import vm_pkg::*;
#(
    parameter  machine_t      Cfg = '0,
    parameter  tlb_geometry_t Geometry = '0,
    parameter  bit            Registered = 1'b0,    // the answer of a lookup comes one cycle later, while hold_i is low
    localparam int unsigned   KeyW = vpn_bits(Cfg),
    localparam int unsigned   PpnW = ppn_w(Cfg),
    localparam int unsigned   Ways = 32'(Geometry.Ways),
    localparam int unsigned   WayCount = (Ways != 0) ? Ways : 1,
    localparam int unsigned   WayBits = idx_bits(Ways)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic [KeyW-1:0]    key_i,
    input  logic [AsidMax-1:0] asid_i,
    input  logic               hold_i,    // Registered: keep the answer
    input  logic               mute_i,    // no hit, whatever is found
    input  hit_need_t          need_i,    // of the access that the answer is for
    input  logic               look_i,    // Parity: an access is looked up; key_i is its
    output logic               upset_o,   // words with wrong parity are being removed
    output logic               hit_o,
    output logic               granted_o, // and the page has what is needed
    output logic [WayBits-1:0] hit_way_o,
    output logic [PpnW-1:0]    ppn_o,     // zero without a hit
    output attr_t              attr_o,    // likewise
    output logic [WayCount-1:0] valid_o,  // ways of the set that hold something

    // Update of the set of `update_key_i`. `update_valid_i` is what its last lookup has said.
    input logic [WayCount-1:0] update_valid_i,
    // Way to replace in it: the lowest invalid one, else pseudo-LRU.
    output logic [WayBits-1:0] victim_o,
    // A hit was used: `touch_way_i` of that set becomes most recent.
    input logic               touch_i,
    input logic [WayBits-1:0] touch_way_i,
    // A translation is written into `touch_way_i`; that, `update_key_i` and `update_valid_i` were so in the cycle before.
    input logic               fill_i,
    input logic [KeyW-1:0]    update_key_i,
    input logic [AsidMax-1:0] fill_asid_i,
    input logic [PpnW-1:0]    fill_ppn_i,
    input attr_t              fill_attr_i,

    input tlb_inv_t inv_i,  // `start`, `vpn` and `asid` are not looked at

    input  logic       array_valid_i,  // one cycle; the answer is combinational
    input  array_req_t array_req_i,
    output array_rsp_t array_rsp_o
);

  localparam int unsigned Sets = 32'(Geometry.Sets);
  localparam int unsigned SetBits = $clog2(Sets);
  localparam int unsigned SetW = idx_bits(Sets);
  localparam int unsigned TagW = KeyW - SetBits;
  localparam int unsigned AttrW = attr_bits(Cfg.Format);
  localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;

  // What a selective fence removes from the set it looks at. For observers: the hardware decides a cycle later.
  logic [WayCount-1:0] inv_way;
  // Those with wrong parity that go in this cycle, and their set. For observers, too.
  logic [WayCount-1:0] upset_way;
  logic [SetW-1:0] upset_set;

  if (Ways == 0) begin : gen_none
    logic unused;
    assign unused = ^{clk_i, rst_ni, key_i, asid_i, hold_i, mute_i, need_i, look_i, update_valid_i, touch_i,
                      touch_way_i, fill_i, update_key_i, fill_asid_i, fill_ppn_i, fill_attr_i, inv_i, array_valid_i,
                      array_req_i, inv_way, upset_way, upset_set};
    assign upset_o = 1'b0;
    assign upset_way = '0;
    assign upset_set = '0;
    assign valid_o = '0;
    assign inv_way = '0;
    assign hit_o = 1'b0;
    assign granted_o = 1'b0;
    assign hit_way_o = '0;
    assign ppn_o = '0;
    assign attr_o = '0;
    assign victim_o = '0;
    assign array_rsp_o = '0;
  end else begin : gen_tlb
    typedef struct packed {
      logic [TagW-1:0]  tag;
      logic [AsidW-1:0] asid;
      logic [PpnW-1:0]  ppn;
      logic [AttrW-1:0] attr;
    } entry_t;

    entry_t [Ways-1:0] read;
    attr_t [Ways-1:0] attr;
    entry_t write;
    logic [Ways-1:0] write_way, write_valid, read_valid;
    logic [SetW-1:0] read_set, write_set, update_set, array_set;
    logic array_write, array_flip;
    logic [Ways-1:0] upset;  // of the set that is looked at
    logic [Sets-1:0] live_q;
    // What a fence removes goes a cycle later: the owner lets nothing be looked up before. The sweep of a fence has the
    // length of the largest TLB, so a single set is looked at again in the very next cycle: what goes is gone already.
    logic dropping_q, dropping;
    logic [SetW-1:0] drop_set_q;
    logic [Ways-1:0] drop_key_q, drop_asid_q, drop_q;
    assign drop_q = drop_key_q & drop_asid_q;

    assign update_set = (Sets > 1) ? SetW'(update_key_i) : '0;
    assign array_set = (Sets > 1) ? SetW'(array_req_i.index) : '0;
    assign array_flip = Cfg.Parity && array_valid_i && array_req_i.flip;
    assign array_write = array_valid_i && array_req_i.write && !array_flip;

    always_comb begin
      read_set = (Sets > 1) ? SetW'(key_i) : '0;
      if (Cfg.ArrayPort && array_valid_i) read_set = array_set;
    end

    // Write port: a fill, the array port, or what a fence or wrong parity removes; no two of them ever come together, but
    // a fill and what has wrong parity with Registered: that stays, as it is looked up again after a fill. The first entry
    // of a set that was not live clears the other ways; so does one of a set without a valid entry, where no array port
    // could tell.
    logic write_live, clear;
    logic [SetW-1:0] live_set;
    assign clear = Cfg.ArrayPort ? !live_q[live_set] : update_valid_i == '0;
    assign live_set = (Cfg.ArrayPort && array_write) ? array_set : update_set;
    // Whether there is a fill is known late.
    logic [Ways-1:0] fill_valid_q, fill_way_q;
    always_ff @(posedge clk_i) begin
      fill_valid_q <= Ways'(1) << touch_way_i;
      fill_way_q <= (Ways'(1) << touch_way_i) | {Ways{clear}};
    end
    always_comb begin
      write = '{
          tag: TagW'(update_key_i >> SetBits),
          asid: AsidW'(fill_asid_i),
          ppn: fill_ppn_i,
          attr: AttrW'(attr_to_bits(Cfg.Format, fill_attr_i))
      };
      write_set = dropping ? drop_set_q : update_set;
      write_live = fill_i;
      write_valid = fill_valid_q;
      write_way = fill_i ? fill_way_q : '0;
      if (dropping) begin
        write_way = drop_q;
        write_valid = '0;
      end
      if (Cfg.ArrayPort && array_write) begin
        write = '{
            tag: TagW'(array_req_i.data0[51:0] >> SetBits),
            asid: AsidW'(array_req_i.data1[59:44]),
            ppn: PpnW'(array_req_i.data1[43:0]),
            attr: AttrW'(attr_to_bits(Cfg.Format, attr_t'(array_req_i.data0[60:52])))
        };
        write_set = array_set;
        write_live = 1'b1;
        write_way = {Ways{clear}};
        write_way[WayBits'(array_req_i.way)] = 1'b1;
        write_valid = '0;
        write_valid[WayBits'(array_req_i.way)] = array_req_i.data0[63];
      end
      if (Cfg.ArrayPort && array_flip) begin
        write_set = array_set;
        write_way = '0;
        write_way[WayBits'(array_req_i.way)] = 1'b1;
      end
    end

    typedef struct packed {
      logic valid;
      entry_t entry;
    } way_t;
    // With its parity on top, if it has one: even over the whole word.
    localparam int unsigned WordW = $bits(way_t) + 32'(Cfg.Parity);
    logic [Ways-1:0][WordW-1:0] word;
    for (genvar w = 0; w < Ways; w++) begin : gen_way
      (* ram_style = "distributed", no_rw_check *) logic [WordW-1:0] mem[Sets];
      way_t write_word;
      assign write_word = '{valid: write_valid[w], entry: write};
      always_ff @(posedge clk_i) begin
        if (write_way[w]) begin
          mem[write_set] <= (Cfg.ArrayPort && array_flip) ? word[w] ^ (WordW'(1) << array_req_i.data0[7:0])
                                                          : WordW'({^write_word, write_word});
        end
      end
      assign word[w] = mem[read_set];
      assign {read_valid[w], read[w]} = $bits(way_t)'(word[w]);
      assign upset[w] = Cfg.Parity && live_q[read_set] && ^word[w];
    end

    // What a live set holds.
    logic live;
    logic [Ways-1:0] kept, valid;
    assign live = live_q[read_set];
    assign kept = read_valid & ~upset & ~((Sets == 1 && dropping_q) ? drop_q : '0);
    assign valid = live ? kept : '0;
    for (genvar s = 0; s < Sets; s++) begin : gen_live
      always_ff @(posedge clk_i) begin
        if (!rst_ni || inv_i.all) live_q[s] <= 1'b0;
        else if (write_live && live_set == SetW'(s)) live_q[s] <= 1'b1;
      end
    end

    // ---------------------------------------------------------------- lookup, and what a fence removes

    logic cleaning;  // what has wrong parity is removed in the next cycle
    logic [Ways-1:0] key_match, asid_match, match, hit_way, inv_key, inv_asid;
    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        attr[w] = attr_from_bits(Cfg.Format, 8'(read[w].attr));
        key_match[w] = read[w].tag == TagW'(key_i >> SetBits);
        asid_match[w] = Cfg.AsidBits == 0 || read[w].asid == AsidW'(asid_i);
        match[w] = kept[w] && key_match[w] && (asid_match[w] || attr[w].g);
        inv_key[w] = valid[w] && (!inv_i.by_vpn || key_match[w]);
        inv_asid[w] = attr[w].g ? inv_i.globals : !inv_i.by_asid || asid_match[w];
        inv_way[w] = inv_i.set_valid && inv_key[w] && inv_asid[w];
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) dropping_q <= 1'b0;
      else dropping_q <= inv_i.set_valid || cleaning;
      drop_set_q <= read_set;
      drop_key_q <= cleaning ? upset : inv_key;
      drop_asid_q <= inv_asid | {Ways{cleaning}};
    end

    // What the lookup before has found goes in this cycle, and is not found again.
    if (Cfg.Parity) begin : gen_parity
      logic cleaning_q;
      always_ff @(posedge clk_i) cleaning_q <= rst_ni && cleaning;
      assign cleaning = look_i && (upset & ~((cleaning_q && drop_set_q == read_set) ? drop_q : '0)) != '0;
      assign upset_o = cleaning_q && !fill_i;
      assign dropping = dropping_q && !(cleaning_q && fill_i);
    end else begin : gen_no_parity
      logic unused_look;
      assign unused_look = ^{look_i, upset};
      assign cleaning = 1'b0;
      assign upset_o = 1'b0;
      assign dropping = dropping_q;
    end
    assign upset_way = upset_o ? drop_q : '0;
    assign upset_set = drop_set_q;

    // The answer: of this cycle's lookup, or of the one before. What is found counts if the set is live, which is known later.
    logic found_live;
    logic [Ways-1:0] found, found_valid;
    entry_t [Ways-1:0] found_entry;
    attr_t [Ways-1:0] found_attr;
    if (Registered) begin : gen_registered
      always_ff @(posedge clk_i) begin
        if (!hold_i) begin
          found_live <= live;
          found <= match;
          found_valid <= valid;
          found_entry <= read;
        end
      end
    end else begin : gen_at_once
      logic unused_hold;
      assign unused_hold = hold_i;
      assign found_live = live;
      assign found = match;
      assign found_valid = valid;
      assign found_entry = read;
    end

    assign valid_o = found_valid;
    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        hit_way[w] = found[w] && found_live && !mute_i;
        for (int unsigned v = 0; v < w; v++) hit_way[w] &= !found[v];
      end
      hit_o = |found && found_live && !mute_i;
      granted_o = 1'b0;
      hit_way_o = '0;
      ppn_o = '0;
      attr_o = '0;
      for (int unsigned w = 0; w < Ways; w++) begin
        found_attr[w] = attr_from_bits(Cfg.Format, 8'(found_entry[w].attr));
        if (hit_way[w]) begin
          hit_way_o |= WayBits'(w);
          // Judged for every way while the keys are compared.
          granted_o |= hit_granted(found_attr[w], need_i);
          ppn_o |= found_entry[w].ppn;
          attr_o |= found_attr[w];
        end
      end
    end

    // ---------------------------------------------------------------- replacement

    logic [WayBits-1:0] plru_victim;
    if (Ways > 1) begin : gen_plru
      localparam int unsigned PlruW = Ways - 1;
      (* ram_style = "distributed", no_rw_check *) logic [PlruW-1:0] plru_mem[Sets];
      logic [PlruW-1:0] state, touched;

      // It has no reset: the state of a set without a valid entry counts as zero.
      assign state = (update_valid_i == '0) ? '0 : plru_mem[update_set];
      always_ff @(posedge clk_i) begin
        if (touch_i || fill_i) plru_mem[update_set] <= touched;
      end
      vm_plru #(
          .Ways(Ways)
      ) u_plru (
          .state_i    (state),
          .touch_way_i(touch_way_i),
          .touched_o  (touched),
          .victim_o   (plru_victim)
      );
    end else begin : gen_direct
      logic unused_touch;
      assign unused_touch = touch_i;
      assign plru_victim = '0;
    end

    always_comb begin
      victim_o = plru_victim;
      for (int w = Ways - 1; w >= 0; w--) begin
        if (!update_valid_i[w]) victim_o = WayBits'(w);
      end
    end

    if (Cfg.ArrayPort) begin : gen_array
      always_comb begin
        entry_t e;
        e = read[WayBits'(array_req_i.way)];
        array_rsp_o = '0;
        array_rsp_o.data0[63] = valid[WayBits'(array_req_i.way)];
        array_rsp_o.data0[60:52] = attr_from_bits(Cfg.Format, 8'(e.attr));
        array_rsp_o.data0[51:0] = (52'(e.tag) << SetBits) | ((Sets > 1) ? 52'(array_set) : '0);
        array_rsp_o.data1[59:44] = (Cfg.AsidBits != 0) ? 16'(e.asid) : '0;
        array_rsp_o.data1[43:0] = 44'(e.ppn);
      end
    end else begin : gen_no_array
      assign array_rsp_o = '0;
    end

    logic unused;
    assign unused = ^{asid_i, fill_asid_i, inv_i, array_valid_i, array_req_i, array_set, touch_way_i, inv_way,
                      upset_way, upset_set};
  end

endmodule
