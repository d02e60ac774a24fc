// SPDX-License-Identifier: Apache-2.0
//
// Translation for one core port: TLB, permission check, and the request to the walker.
//
//   S0  request accepted; the TLB is read with the incoming VPN
//   S1  rights and physical memory map are checked from registers; the response is valid unless a walk is needed
//
// Latency: response valid 1 cycle after acceptance for a TLB hit that grants, for Bare mode, and for what is
// refused before any lookup. Otherwise a walk is asked for in S1; the response is valid in the cycle after
// walk_done_i and then waits for rsp_ready_i like every other.
//
// A TLB entry only ever grants. A hit that would deny is walked as a miss, so every fault record shows the entry
// as it is in memory, hit and miss give the same verdict (M8), and a right that was widened is seen without a
// fence. The walk's result replaces the denying entry. Only a translation without any fault fills (M5).
//
// ready_o may depend on rsp_ready_i in the same cycle. After a walk one cycle passes before the next request is
// accepted, so that its lookup sees the fill.
module vm_xlat
  import vm_pkg::*;
#(
    parameter  machine_t      Cfg = '0,
    parameter  tlb_geometry_t Geometry = '0,
    localparam int unsigned   PpnW = ppn_w(Cfg)
) (
    input logic clk_i,
    input logic rst_ni,

    input  context_t  context_i,
    output logic      idle_o,
    input  logic      req_valid_i,
    output logic      req_ready_o,
    input  xlat_req_t req_i,
    output logic      rsp_valid_o,
    input  logic      rsp_ready_i,
    output xlat_rsp_t rsp_o,

    // To the walker; walk_valid_o falls after walk_ready_i. The result is held until walk_release_o.
    output logic             walk_valid_o,
    input  logic             walk_ready_i,
    output logic [VaMax-1:0] walk_va_o,
    input  logic             walk_done_i,
    input  logic [PpnW-1:0]  walk_ppn_i,
    input  attr_t            walk_attr_i,
    input  walk_result_t     walk_result_i,
    output logic             walk_release_o,

    input  tlb_inv_t   inv_i,
    input  logic       array_valid_i,
    input  array_req_t array_req_i,
    output array_rsp_t array_rsp_o
);

  localparam int unsigned VpnW = vpn_bits(Cfg);
  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned VaBits = 32'(Cfg.VaBits);
  localparam int unsigned WayBits = idx_bits(32'(Geometry.Ways));

  // ------------------------------------------------------------------ S0: lookup

  logic tlb_hit;
  logic [WayBits-1:0] tlb_way, tlb_victim;
  logic [PpnW-1:0] tlb_ppn;
  attr_t tlb_attr;
  logic accept, bare;

  assign bare = !context_i.translate || req_i.phys;
  assign accept = req_valid_i && req_ready_o;

  // ------------------------------------------------------------------ S1: verdict

  typedef struct packed {
    xlat_req_t req;
    logic bare;
    logic tlb_hit;
    logic [WayBits-1:0] way;     // of the hit, or the one to replace
    logic [PpnW-1:0] ppn;
    attr_t attr;
    logic walk_asked;
    logic walked;
  } s1_t;

  logic s1_valid_d, s1_valid_q;
  s1_t s1_d, s1_q;

  logic va_bad, limit_bad, refused, granted, needs_walk;
  fault_e rights, cause;

  if (VaBits < VaMax) begin : gen_upper_va
    logic [VaMax-1-VaBits:0] upper;
    assign upper = s1_q.req.va[VaMax-1:VaBits];
    assign va_bad = (Cfg.Format.UpperVa == UpperSign) ? upper != {(VaMax-VaBits){s1_q.req.va[VaBits-1]}}
                                                      : upper != '0;
  end else begin : gen_no_upper_va
    assign va_bad = 1'b0;
  end
  assign limit_bad = (VpnW + 1)'(s1_q.req.va[VaBits-1:PageBits]) >= (VpnW + 1)'(context_i.limit);
  assign refused = !s1_q.bare && (va_bad || limit_bad);
  assign rights = access_fault(s1_q.attr, s1_q.req.access, s1_q.req.user);
  assign granted = s1_q.tlb_hit && rights == FaultNone;
  assign needs_walk = !s1_q.bare && !refused && !s1_q.walked && !granted;

  // Final physical address, wide enough that nothing is cut off (R6).
  localparam int unsigned FullW = (PpnW + PageBits > PaMax + 1) ? PpnW + PageBits : PaMax + 2;
  logic [FullW-1:0] pa;
  logic pa_wide, pma_mapped, pma_cacheable, hole;
  assign pa = FullW'({s1_q.ppn, s1_q.req.va[PageBits-1:0]});
  always_comb begin
    // A translation reaches PaBits; Bare mode reaches whatever the map has.
    pa_wide = (pa >> (PaMax + 1)) != '0;
    if (s1_q.bare) pa_wide |= (s1_q.req.va >> Cfg.BusBits) != '0;
    else pa_wide |= (pa >> Cfg.PaBits) != '0;
  end
  vm_pma #(
      .Cfg(Cfg)
  ) u_pma (
      .addr_i     (pa[PaMax:0]),
      .mapped_o   (pma_mapped),
      .cacheable_o(pma_cacheable)
  );
  assign hole = pa_wide || !pma_mapped;

  always_comb begin
    cause = FaultNone;
    if (!s1_q.bare && va_bad) cause = FaultVa;
    else if (!s1_q.bare && limit_bad) cause = FaultLimit;
    else if (s1_q.walked && walk_result_i.cause != FaultNone) cause = walk_result_i.cause;
    else if (!s1_q.bare && rights != FaultNone) cause = rights;
    else if (hole) cause = FaultAccess;
  end

  assign rsp_valid_o = s1_valid_q && !needs_walk;

  always_comb begin
    rsp_o = '0;
    rsp_o.req = s1_q.req;
    if (s1_q.bare) rsp_o.source = SourceBare;
    else if (refused) rsp_o.source = SourceNone;
    else if (s1_q.walked) rsp_o.source = SourceWalk;
    else rsp_o.source = SourceTlb;
    rsp_o.pa = PaMax'(pa[32'(Cfg.BusBits)-1:0]);
    rsp_o.cacheable = pma_cacheable;
    rsp_o.fault.cause = cause;
    rsp_o.fault.access = s1_q.req.access;
    rsp_o.fault.user = s1_q.req.user;
    rsp_o.fault.va = s1_q.req.va;
    if (s1_q.walked) begin
      rsp_o.fault.level = walk_result_i.level;
      rsp_o.fault.pte_addr = walk_result_i.pte_addr;
      rsp_o.fault.pte = walk_result_i.pte;
    end
  end

  logic take, fill, touch;
  assign take = rsp_valid_o && rsp_ready_i;
  assign fill = take && s1_q.walked && cause == FaultNone;
  assign touch = take && rsp_o.source == SourceTlb;
  assign walk_release_o = take && s1_q.walked;

  assign walk_valid_o = s1_valid_q && needs_walk && !s1_q.walk_asked;
  assign walk_va_o = s1_q.req.va;

  assign req_ready_o = !s1_valid_q || (take && !s1_q.walked);
  assign idle_o = !s1_valid_q;

  always_comb begin
    s1_valid_d = s1_valid_q;
    s1_d = s1_q;
    if (take) s1_valid_d = 1'b0;
    if (walk_valid_o && walk_ready_i) s1_d.walk_asked = 1'b1;
    if (walk_done_i) begin
      s1_d.walked = 1'b1;
      s1_d.ppn = walk_ppn_i;
      s1_d.attr = walk_attr_i;
    end
    if (accept) begin
      s1_valid_d = 1'b1;
      s1_d.req = req_i;
      s1_d.bare = bare;
      s1_d.tlb_hit = tlb_hit && !bare;
      s1_d.way = tlb_hit ? tlb_way : tlb_victim;
      s1_d.ppn = bare ? PpnW'(req_i.va >> PageBits) : tlb_ppn;
      s1_d.attr = tlb_attr;
      s1_d.walk_asked = 1'b0;
      s1_d.walked = 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= s1_valid_d;
  end
  always_ff @(posedge clk_i) s1_q <= s1_d;

  vm_tlb #(
      .Cfg     (Cfg),
      .Geometry(Geometry),
      .PpnW    (PpnW)
  ) u_tlb (
      .clk_i,
      .rst_ni,
      .vpn_i        (req_i.va[VaBits-1:PageBits]),
      .asid_i       (context_i.asid),
      .hit_o        (tlb_hit),
      .hit_way_o    (tlb_way),
      .ppn_o        (tlb_ppn),
      .attr_o       (tlb_attr),
      .victim_o     (tlb_victim),
      .touch_i      (touch),
      .touch_way_i  (s1_q.way),
      .fill_i       (fill),
      .update_vpn_i (s1_q.req.va[VaBits-1:PageBits]),
      .fill_asid_i  (context_i.asid),
      .fill_ppn_i   (s1_q.ppn),
      .fill_attr_i  (s1_q.attr),
      .inv_all_i    (inv_i.all),
      .inv_set_i    (inv_i.set_valid),
      .inv_by_vpn_i (inv_i.by_vpn),
      .inv_by_asid_i(inv_i.by_asid),
      .inv_vpn_i    (inv_i.vpn[VpnW-1:0]),
      .inv_asid_i   (inv_i.asid),
      .array_valid_i,
      .array_req_i,
      .array_rsp_o
  );

endmodule
