// SPDX-License-Identifier: Apache-2.0
//
// Set-associative TLB: the base part of an L1 TLB, and the walk cache of one level. The set index is the low bits of
// the key (a VPN, or for a walk cache its upper bits). The lookup is combinational: keys and data lie in LUT RAM, one
// memory per way, read asynchronously; valid bits stand apart in flip-flops, so that "invalidate all" takes one
// cycle. Zero ways is legal and never hits.
//
// One read port serves lookup, selective invalidation and the array port; the owner sees to it that no lookup
// happens in a cycle with inv_set_i or array_valid_i. If two entries match, the lowest way wins and nothing is
// mixed (R17, M7).
module vm_tlb
  import vm_pkg::*;
#(
    parameter  machine_t      Cfg = '0,
    parameter  tlb_geometry_t Geometry = '0,
    parameter  int unsigned   KeyW = vpn_bits(Cfg),
    parameter  bit            MatchGlobal = 1'b1,   // a global entry matches every ASID
    localparam int unsigned   PpnW = ppn_w(Cfg),
    localparam int unsigned   WayBits = idx_bits(32'(Geometry.Ways))
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic [KeyW-1:0]    key_i,
    input  logic [AsidMax-1:0] asid_i,
    output logic               hit_o,
    output logic [WayBits-1:0] hit_way_o,
    output logic [PpnW-1:0]    ppn_o,     // zero without a hit
    output attr_t              attr_o,    // means nothing without a hit
    output logic [WayBits-1:0] victim_o,  // way to replace in this set: the lowest invalid one, else pseudo-LRU

    // A hit was used: `touch_way_i` of the set of `update_key_i` becomes most recent.
    input logic               touch_i,
    input logic [WayBits-1:0] touch_way_i,
    // A translation is written into `touch_way_i` of that set.
    input logic               fill_i,
    input logic [KeyW-1:0]    update_key_i,
    input logic [AsidMax-1:0] fill_asid_i,
    input logic [PpnW-1:0]    fill_ppn_i,
    input attr_t              fill_attr_i,

    input tlb_inv_t inv_i,  // `vpn` is a key; `start` is not looked at

    input  logic       array_valid_i,  // one cycle; the answer is combinational
    input  array_req_t array_req_i,
    output array_rsp_t array_rsp_o
);

  localparam int unsigned Ways = 32'(Geometry.Ways);
  localparam int unsigned Sets = 32'(Geometry.Sets);
  localparam int unsigned SetBits = $clog2(Sets);
  localparam int unsigned SetW = idx_bits(Sets);
  localparam int unsigned TagW = KeyW - SetBits;
  localparam int unsigned AttrW = attr_bits(Cfg.Format);
  localparam int unsigned AsidW = (Cfg.AsidBits != 0) ? 32'(Cfg.AsidBits) : 1;

  // What a selective fence removes from the set it looks at.
  logic [((Ways != 0) ? Ways : 1)-1:0] inv_way;

  if (Ways == 0) begin : gen_none
    logic unused;
    assign unused = ^{clk_i, rst_ni, key_i, asid_i, touch_i, touch_way_i, fill_i, update_key_i, fill_asid_i,
                      fill_ppn_i, fill_attr_i, inv_i, array_valid_i, array_req_i, inv_way};
    assign inv_way = '0;
    assign hit_o = 1'b0;
    assign hit_way_o = '0;
    assign ppn_o = '0;
    assign attr_o = AttrAll;
    assign victim_o = '0;
    assign array_rsp_o = '0;
  end else begin : gen_tlb
    typedef struct packed {
      logic [TagW-1:0]  tag;
      logic [AsidW-1:0] asid;
      logic [PpnW-1:0]  ppn;
      logic [AttrW-1:0] attr;
    } entry_t;

    logic [Sets-1:0][Ways-1:0] valid_d, valid_q;
    entry_t [Ways-1:0] read;
    entry_t write;
    logic [Ways-1:0] write_way;
    logic [SetW-1:0] read_set, write_set, update_set, inv_set, array_set;
    logic array_write;

    assign update_set = (Sets > 1) ? SetW'(update_key_i) : '0;
    assign inv_set = (Sets > 1) ? SetW'(inv_i.vpn) : '0;
    assign array_set = (Sets > 1) ? SetW'(array_req_i.index) : '0;
    assign array_write = array_valid_i && array_req_i.write;

    always_comb begin
      read_set = (Sets > 1) ? SetW'(key_i) : '0;
      if (inv_i.set_valid) read_set = inv_set;
      if (Cfg.ArrayPort && array_valid_i) read_set = array_set;
    end

    // Write port: a fill, or the array port.
    always_comb begin
      write = '{
          tag: TagW'(update_key_i >> SetBits),
          asid: AsidW'(fill_asid_i),
          ppn: fill_ppn_i,
          attr: AttrW'(attr_to_bits(Cfg.Format, fill_attr_i))
      };
      write_set = update_set;
      write_way = '0;
      write_way[touch_way_i] = fill_i;
      if (Cfg.ArrayPort && array_write) begin
        write = '{
            tag: TagW'(array_req_i.data0[51:0] >> SetBits),
            asid: AsidW'(array_req_i.data1[59:44]),
            ppn: PpnW'(array_req_i.data1[43:0]),
            attr: AttrW'(attr_to_bits(Cfg.Format, attr_t'(array_req_i.data0[60:52])))
        };
        write_set = array_set;
        write_way = '0;
        write_way[WayBits'(array_req_i.way)] = 1'b1;
      end
    end

    for (genvar w = 0; w < Ways; w++) begin : gen_way
      (* ram_style = "distributed", no_rw_check *) entry_t mem[Sets];
      always_ff @(posedge clk_i) begin
        if (write_way[w]) mem[write_set] <= write;
      end
      assign read[w] = mem[read_set];
    end

    attr_t [Ways-1:0] attr;
    logic [Ways-1:0] tag_match, match, hit_way;
    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        attr[w] = attr_from_bits(Cfg.Format, 8'(read[w].attr));
        tag_match[w] = read[w].tag == TagW'(key_i >> SetBits);
        match[w] = valid_q[read_set][w] && tag_match[w] &&
            (Cfg.AsidBits == 0 || read[w].asid == AsidW'(asid_i) || (MatchGlobal && attr[w].g));
      end
      for (int unsigned w = 0; w < Ways; w++) begin
        hit_way[w] = match[w];
        for (int unsigned v = 0; v < w; v++) hit_way[w] &= !match[v];
      end
      hit_o = |match;
      hit_way_o = '0;
      ppn_o = '0;
      attr_o = '0;
      for (int unsigned w = 0; w < Ways; w++) begin
        if (hit_way[w]) begin
          hit_way_o |= WayBits'(w);
          ppn_o |= read[w].ppn;
          attr_o |= attr[w];
        end
      end
    end

    always_comb begin
      for (int unsigned w = 0; w < Ways; w++) begin
        inv_way[w] = inv_i.set_valid && valid_q[inv_set][w] &&
            (!inv_i.by_vpn || read[w].tag == TagW'(inv_i.vpn >> SetBits)) &&
            (attr[w].g ? inv_i.globals
                       : !inv_i.by_asid || Cfg.AsidBits == 0 || read[w].asid == AsidW'(inv_i.asid));
      end
    end

    always_comb begin
      for (int unsigned s = 0; s < Sets; s++) begin
        valid_d[s] = valid_q[s];
        if (write_set == SetW'(s)) begin
          valid_d[s] |= write_way;
          if (Cfg.ArrayPort && array_write && !array_req_i.data0[63]) valid_d[s] &= ~write_way;
        end
        if (inv_set == SetW'(s)) valid_d[s] &= ~inv_way;
        if (inv_i.all) valid_d[s] = '0;
      end
    end

    localparam int unsigned PlruW = (Ways > 1) ? Ways - 1 : 1;
    logic [Sets-1:0][PlruW-1:0] plru_d, plru_q;
    logic [PlruW-1:0] touched, unused_touched;
    logic [WayBits-1:0] plru_victim, unused_victim;

    vm_plru #(
        .Ways(Ways)
    ) u_plru_victim (
        .state_i    (plru_q[read_set]),
        .touch_way_i('0),
        .touched_o  (unused_touched),
        .victim_o   (plru_victim)
    );
    vm_plru #(
        .Ways(Ways)
    ) u_plru_touch (
        .state_i    (plru_q[update_set]),
        .touch_way_i(touch_way_i),
        .touched_o  (touched),
        .victim_o   (unused_victim)
    );

    always_comb begin
      victim_o = plru_victim;
      for (int w = Ways - 1; w >= 0; w--) begin
        if (!valid_q[read_set][w]) victim_o = WayBits'(w);
      end
    end

    always_comb begin
      for (int unsigned s = 0; s < Sets; s++) begin
        plru_d[s] = ((touch_i || fill_i) && update_set == SetW'(s)) ? touched : plru_q[s];
      end
    end

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        valid_q <= '0;
        plru_q <= '0;
      end else begin
        valid_q <= valid_d;
        plru_q <= plru_d;
      end
    end

    if (Cfg.ArrayPort) begin : gen_array
      always_comb begin
        entry_t e;
        e = read[WayBits'(array_req_i.way)];
        array_rsp_o = '0;
        array_rsp_o.data0[63] = valid_q[array_set][WayBits'(array_req_i.way)];
        array_rsp_o.data0[60:52] = attr_from_bits(Cfg.Format, 8'(e.attr));
        array_rsp_o.data0[51:0] = (52'(e.tag) << SetBits) | ((Sets > 1) ? 52'(array_set) : '0);
        array_rsp_o.data1[59:44] = (Cfg.AsidBits != 0) ? 16'(e.asid) : '0;
        array_rsp_o.data1[43:0] = 44'(e.ppn);
      end
    end else begin : gen_no_array
      assign array_rsp_o = '0;
    end

    logic unused;
    assign unused = ^{asid_i, fill_asid_i, inv_i, array_valid_i, array_req_i, unused_touched, unused_victim};
  end

endmodule
