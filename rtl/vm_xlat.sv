// SPDX-License-Identifier: Apache-2.0
//
// Translation for one core port: L1 TLB (base part and super part), permission check, and the request to the walker.
//
//   S0  request accepted; the TLB is read with the incoming VPN
//   F   (HitLatency 2) the way that hit is selected; after a fill, the TLB is read again
//   S1  the physical memory map is checked from registers; the response is valid unless a walk is needed
//
// Rights are judged before S1, for every entry that could hit, while the keys are compared. So what holds up the request
// behind depends on little.
//
// The request enters S1 when ahead_valid_o and ahead_go_i meet: that is when a VIPT cache beside it has its S0.
//
// Latency: response valid HitLatency cycles after acceptance for a TLB hit that grants, for Bare mode, and for what is
// refused before any lookup. Otherwise a walk is asked for in S1; the response is valid in the cycle after
// walk_done_i and then waits for rsp_ready_i like every other. The walker may hand over a hit of the L2 TLB: judged
// like a hit of the L1, and if it denies, the walker is asked again (walk_skip_l2_o).
//
// A TLB entry only ever grants. A hit that would deny, or leads into a hole (M16), is walked as a miss, so every fault
// record shows the entry as it is in memory, hit and miss give the same verdict (M8), and a widened right needs no
// fence (X24). Only a translation without any fault fills (M5): the base part with base pages, the super part with
// superpages and NAPOT ranges; the matching entry is replaced if there is one. If both parts match, the base part wins.
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
    output logic      ahead_valid_o,  // could enter S1 in this cycle
    input  logic      ahead_go_i,     // and may
    output logic      s1_busy_o,      // S1 holds a request
    output logic      rsp_valid_o,
    input  logic      rsp_ready_i,
    output xlat_rsp_t rsp_o,

    // To the walker; walk_valid_o falls after walk_ready_i. The result is held until walk_release_o. (L2Prefetch: that also
    // tells when an L2 hit has been answered.)
    output logic             walk_valid_o,
    input  logic             walk_ready_i,
    output xlat_req_t        walk_req_o,
    output logic             walk_skip_l2_o,
    input  logic             walk_done_i,
    input  logic             walk_from_l2_i,
    input  logic             walk_granted_i,  // of the L2: its hit can be used
    input  logic [PpnW-1:0]  walk_ppn_i,
    input  logic             walk_hole_i,
    input  attr_t            walk_attr_i,
    input  walk_result_t     walk_result_i,
    output logic             walk_release_o,

    output logic hit_base_o,   // the access that is answered hit this part of the L1 TLB
    output logic hit_super_o,
    output logic upset_o,      // Parity: entries of the base part had wrong parity, and go

    input  tlb_inv_t   inv_i,
    input  logic       array_valid_i,
    input  array_req_t array_req_i,
    output array_rsp_t array_rsp_o
);

  localparam int unsigned VpnW = vpn_bits(Cfg);
  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned VaBits = 32'(Cfg.VaBits);
  localparam int unsigned BusBits = 32'(Cfg.BusBits);
  localparam int unsigned WayBits = idx_bits(32'(Geometry.Ways));
  localparam int unsigned WayCount = (Geometry.Ways != '0) ? 32'(Geometry.Ways) : 1;
  localparam int unsigned SuperBits = idx_bits(32'(Cfg.SuperEntries));
  localparam bit Flat = Cfg.Format.Kind == PteFlat;
  localparam bit Front = Cfg.HitLatency == 8'd2;

  // ------------------------------------------------------------------ S0: lookup

  logic base_hit, super_hit, base_granted, super_granted;
  logic [WayBits-1:0] base_way, base_victim;
  logic [WayCount-1:0] base_valid;
  logic [SuperBits-1:0] super_idx, super_victim;
  logic [PpnW-1:0] base_ppn, super_ppn;
  logic super_wide;
  attr_t base_attr, super_attr;
  logic accept;          // a request enters S1
  logic s1_ready;        // and could
  logic learned;         // what S1 holds is taken, and goes into the TLB
  logic relook;          // F: the TLB is read again for the request there
  logic hold;            // F: the answer stays
  logic look;            // the TLB is looked up for an access that is translated
  xlat_req_t front_req;  // the request that enters S1
  hit_need_t need;           // what the incoming one needs of its page
  hit_need_t front_need;     // and that one
  logic bare;

  // What the TLB compares with: a request, or in the cycles of a fence, when there is none, what that names.
  logic [VpnW-1:0] key;
  logic [AsidMax-1:0] key_asid;
  always_comb begin
    key = req_i.va[VaBits-1:PageBits];
    if (relook) key = front_req.va[VaBits-1:PageBits];
    if (inv_i.compare) key = inv_i.vpn[VpnW-1:0];
  end
  assign key_asid = inv_i.compare ? inv_i.asid : context_i.asid;
  assign bare = !context_i.translate || front_req.phys;
  assign accept = ahead_valid_o && ahead_go_i;
  assign need = '{
          rights: access_needs(context_i.env, req_i.access, Cfg.Atomics && req_i.amo, req_i.user, req_i.sum, req_i.mxr),
          dirty: req_i.access == AccessStore
      };

  if (Front) begin : gen_front
    logic valid_q, relook_q;
    xlat_req_t req_q;
    hit_need_t need_q;
    assign front_req = req_q;
    assign front_need = need_q;
    assign relook = relook_q;
    assign ahead_valid_o = valid_q && !relook_q && s1_ready;
    assign req_ready_o = !relook_q && (!valid_q || accept);
    assign hold = valid_q && !accept && !relook_q;
    assign look = context_i.translate && (relook_q ? !req_q.phys : req_valid_i && req_ready_o && !req_i.phys);
    assign idle_o = !valid_q && !s1_busy_o;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        valid_q <= 1'b0;
        relook_q <= 1'b0;
      end else begin
        if (req_ready_o) valid_q <= req_valid_i;
        // A fill in this cycle is not yet in the answer that is held, or being read.
        relook_q <= learned && (valid_q || req_valid_i);
      end
    end
    always_ff @(posedge clk_i) begin
      if (req_ready_o) begin
        req_q <= req_i;
        need_q <= need;
      end
    end
  end else begin : gen_no_front
    assign front_req = req_i;
    assign front_need = need;
    assign relook = 1'b0;
    assign hold = 1'b0;
    assign look = accept && !bare;
    assign ahead_valid_o = req_valid_i && s1_ready;
    assign req_ready_o = s1_ready && ahead_go_i;
    assign idle_o = !s1_busy_o;
  end

  // ------------------------------------------------------------------ S1: verdict

  typedef struct packed {
    xlat_req_t req;
    logic bare;
    logic va_bad;
    logic limit_bad;
    logic sure;                   // no walk will be needed: Bare mode, or refused
    logic granted;                // the L1 TLB, or then the L2, has the page, and it may be used
    logic hit;                    // the L1 TLB, or then the L2, has the page
    logic base_hit;
    logic super_hit;
    logic [WayBits-1:0] way;      // of the hit in the base part
    logic [WayCount-1:0] valid;   // ways of its set that hold something
    logic [SuperBits-1:0] idx;    // of the hit in the super part
    logic walk_asked;
    logic from_l2;
    logic walked;
  } s1_t;

  logic s1_valid_d, s1_valid_q;
  s1_t s1_d, s1_q;

  // The page: from the lookup when a request enters, from the walker when it is waited for.
  typedef struct packed {
    logic [PpnW-1:0] ppn;
    logic hole;  // nothing lies there, or the PPN reaches beyond PaBits (R6)
    attr_t attr;
  } page_t;
  page_t page_d, page_q;
  logic [PpnW-1:0] front_ppn;  // of the request that enters S1

  logic waiting;  // for the walker
  assign waiting = s1_valid_q && s1_q.walk_asked && !s1_q.walked;

  logic va_bad, limit_bad;  // of the request that enters S1
  logic refused, granted, needs_walk;
  logic hit_hole;  // nothing lies at the physical address of a hit of the L1, or nothing that takes this atomic
  logic hole;      // nor at that of a walk; what the L2 grants is in the map
  fault_e cause;

  always_comb begin
    va_bad = 1'b0;
    for (int unsigned l = 32'(Cfg.Format.MinLevels); l <= 32'(Cfg.Format.Levels); l++) begin
      if (Cfg.Format.MinLevels == Cfg.Format.Levels || 32'(context_i.levels) == l) begin
        va_bad = upper_bad(Cfg.Format.UpperVa, front_req.va, PageBits + index_lsb(Cfg.Format, l));
      end
    end
  end
  assign limit_bad = Flat && (VpnW + 1)'(front_req.va[VaBits-1:PageBits]) >= (VpnW + 1)'(context_i.limit);
  assign refused = s1_q.va_bad || s1_q.limit_bad;
  assign granted = s1_q.granted && (s1_q.from_l2 || !hit_hole);
  assign needs_walk = !s1_q.sure && !s1_q.walked && !granted;

  // What lies at the final physical address, which is wide enough that nothing is cut off (R6). With HitLatency 2 the map
  // is looked at a cycle earlier, on the way into S1; for what the walker brings in S1.
  typedef struct packed {
    logic mapped;
    logic cacheable;
    logic atomic;
  } place_t;
  place_t place_now, place_hit;
  logic cacheable;
  vm_pma #(
      .Cfg(Cfg)
  ) u_pma (
      .addr_i     ((PaMax + 1)'({page_q.ppn, PageBits'(0)})),
      .mapped_o   (place_now.mapped),
      .cacheable_o(place_now.cacheable),
      .atomic_o   (place_now.atomic)
  );
  if (Front) begin : gen_place_before
    place_t place_found;
    vm_pma #(
        .Cfg(Cfg)
    ) u_pma_before (
        .addr_i     ((PaMax + 1)'({front_ppn, PageBits'(0)})),
        .mapped_o   (place_found.mapped),
        .cacheable_o(place_found.cacheable),
        .atomic_o   (place_found.atomic)
    );
    always_ff @(posedge clk_i) begin
      if (s1_ready) place_hit <= place_found;
    end
    assign cacheable = (s1_q.walked || s1_q.from_l2) ? place_now.cacheable : place_hit.cacheable;
    logic unused_place;
    assign unused_place = ^place_now;
  end else begin : gen_place
    assign place_hit = place_now;
    assign cacheable = place_hit.cacheable;
    logic unused_ppn;
    assign unused_ppn = ^front_ppn;
  end
  // What the walker has walked it has looked up in the map itself. A hit can still lead into a hole: of a superpage that
  // is larger than memory, or where the array port has written.
  assign hit_hole = page_q.hole || !place_hit.mapped || (Cfg.Atomics && s1_q.req.atomic && !place_hit.atomic);
  assign hole = (s1_q.walked || s1_q.from_l2) ? page_q.hole : hit_hole;

  always_comb begin
    cause = FaultNone;
    if (s1_q.va_bad) cause = FaultVa;
    else if (s1_q.limit_bad) cause = FaultLimit;
    else if (s1_q.walked && walk_result_i.cause != FaultNone) cause = walk_result_i.cause;
    else if (hole) cause = FaultAccess;
  end

  assign rsp_valid_o = s1_valid_q && !needs_walk;

  always_comb begin
    rsp_o = '0;
    rsp_o.req = s1_q.req;
    if (s1_q.bare) rsp_o.source = SourceBare;
    else if (refused) rsp_o.source = SourceNone;
    else if (s1_q.walked) rsp_o.source = SourceWalk;
    else rsp_o.source = s1_q.from_l2 ? SourceL2 : SourceTlb;
    rsp_o.pa = PaMax'(BusBits'({page_q.ppn, s1_q.req.va[PageBits-1:0]}));
    rsp_o.mem_type = s1_q.bare ? TypeWriteBack : page_q.attr.mem_type;
    // Atomics are cached only where stores stay in the cache; what is written to a write-protected page is not cached.
    rsp_o.cacheable = cacheable && (rsp_o.mem_type == TypeWriteBack ||
        (!s1_q.req.atomic && (rsp_o.mem_type == TypeWriteThrough ||
                              (rsp_o.mem_type == TypeWriteProtect && s1_q.req.access != AccessStore)))) &&
        !(s1_q.req.phys && s1_q.req.uncached);
    rsp_o.through = s1_q.req.phys ? s1_q.req.through : rsp_o.mem_type == TypeWriteThrough;
    rsp_o.fault.cause = cause;
    rsp_o.fault.access = s1_q.req.access;
    rsp_o.fault.user = s1_q.req.user;
    rsp_o.fault.va = s1_q.req.va;
    rsp_o.fault.code = arch_code(Cfg.Format.Kind, context_i.env, cause, s1_q.req.access, s1_q.req.user);
    rsp_o.fault.by_entry = s1_q.walked;
    rsp_o.fault.level = walk_result_i.level;
    rsp_o.fault.pte_addr = walk_result_i.pte_addr;
    rsp_o.fault.pte = walk_result_i.pte;
  end

  // ------------------------------------------------------------------ what becomes of it

  logic [WayBits-1:0] way;
  logic [SuperBits-1:0] idx;
  logic take, spans, fill_base, fill_super, touch_base, touch_super;
  assign take = rsp_valid_o && rsp_ready_i;
  assign learned = s1_valid_q && rsp_ready_i && !hole &&
      (s1_q.walked ? walk_result_i.cause == FaultNone : s1_q.from_l2 && s1_q.granted);
  // A superpage or a NAPOT range; the L2 has base pages only.
  assign spans = s1_q.walked && (walk_result_i.level != '0 || walk_result_i.napot);
  assign fill_base = learned && !spans;
  assign fill_super = learned && spans;
  assign touch_base = take && rsp_o.source == SourceTlb && s1_q.base_hit;
  assign touch_super = take && rsp_o.source == SourceTlb && !s1_q.base_hit;
  // The matching entry is replaced, if there is one.
  assign way = s1_q.base_hit ? s1_q.way : base_victim;
  assign idx = s1_q.super_hit ? s1_q.idx : super_victim;
  assign hit_base_o = touch_base;
  assign hit_super_o = touch_super;
  assign walk_release_o = take && (s1_q.walked || (Cfg.L2Prefetch && s1_q.from_l2));

  assign walk_valid_o = s1_valid_q && needs_walk && !s1_q.walk_asked;
  assign walk_req_o = s1_q.req;
  assign walk_skip_l2_o = s1_q.from_l2;

  // What comes late, a walk or the L2, lets nothing in.
  assign s1_ready = !s1_valid_q || (rsp_ready_i && (s1_q.sure || (s1_q.granted && !s1_q.from_l2 && !hit_hole)));
  assign s1_busy_o = s1_valid_q;

  always_comb begin
    s1_valid_d = s1_valid_q;
    s1_d = s1_q;
    if (take) s1_valid_d = 1'b0;
    if (accept) s1_valid_d = 1'b1;
    // Whether a request enters is known later than whether it could.
    if (s1_ready) begin
      s1_d.req = front_req;
      s1_d.bare = bare;
      s1_d.va_bad = !bare && va_bad;
      s1_d.limit_bad = !bare && limit_bad;
      s1_d.sure = bare || va_bad || limit_bad;
      s1_d.granted = base_granted || (super_granted && !base_hit);
      s1_d.hit = (base_hit || super_hit) && !bare;
      s1_d.base_hit = base_hit;
      s1_d.super_hit = super_hit;
      s1_d.way = base_way;
      s1_d.valid = base_valid;
      s1_d.idx = super_idx;
      s1_d.walk_asked = 1'b0;
      s1_d.from_l2 = 1'b0;
      s1_d.walked = 1'b0;
    end
    if (walk_valid_o && walk_ready_i) begin
      s1_d.walk_asked = 1'b1;
      s1_d.hit = 1'b0;
      s1_d.granted = 1'b0;
    end
    // The walker works for this port then; that a walk is over comes late.
    if (waiting) begin
      s1_d.walked = walk_done_i && !walk_from_l2_i;
      s1_d.from_l2 = walk_from_l2_i;
      s1_d.hit = walk_from_l2_i;
      s1_d.granted = walk_from_l2_i && walk_granted_i;
      s1_d.walk_asked = !walk_from_l2_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= s1_valid_d;
  end
  always_ff @(posedge clk_i) s1_q <= s1_d;

  // A hit of the base part, which comes last, or one of these: what the walker says while it is waited for, the physical
  // page of Bare mode, a hit of the super part. What is not there is zero.
  logic no_hit;
  assign no_hit = waiting || bare;
  // A translation reaches PaBits (what fills a TLB does); Bare mode reaches whatever the map has.
  logic beyond_bus;
  assign beyond_bus = (front_req.va >> Cfg.BusBits) != '0;
  page_t other;
  always_comb begin
    other = '{ppn: super_ppn, hole: super_wide, attr: super_attr};
    if (bare) other = '{ppn: PpnW'(front_req.va >> PageBits), hole: beyond_bus, attr: '0};
    front_ppn = base_ppn | (base_hit ? '0 : other.ppn);
    if (waiting) other = '{ppn: walk_ppn_i, hole: walk_hole_i, attr: walk_attr_i};
    page_d = base_hit ? '0 : other;
    page_d.ppn |= base_ppn;
    page_d.attr |= base_attr;
  end
  // No request enters while the walker is waited for.
  always_ff @(posedge clk_i) begin
    if (s1_ready || waiting) page_q <= page_d;
  end

  vm_tlb #(
      .Cfg       (Cfg),
      .Geometry  (Geometry),
      .Registered(Front)
  ) u_tlb (
      .clk_i,
      .rst_ni,
      .key_i       (key),
      .asid_i      (key_asid),
      .hold_i      (hold),
      .mute_i      (no_hit),
      .need_i      (front_need),
      .look_i      (look),
      .upset_o,
      .hit_o       (base_hit),
      .granted_o   (base_granted),
      .hit_way_o   (base_way),
      .ppn_o       (base_ppn),
      .attr_o      (base_attr),
      .valid_o     (base_valid),
      .update_valid_i(s1_q.valid),
      .victim_o    (base_victim),
      .touch_i     (touch_base),
      .touch_way_i (way),
      .fill_i      (fill_base),
      .update_key_i(s1_q.req.va[VaBits-1:PageBits]),
      .fill_asid_i (context_i.asid),
      .fill_ppn_i  (page_q.ppn),
      .fill_attr_i (page_q.attr),
      .inv_i,
      .array_valid_i,
      .array_req_i,
      .array_rsp_o
  );

  vm_tlb_super #(
      .Cfg       (Cfg),
      .Registered(Front)
  ) u_super (
      .clk_i,
      .rst_ni,
      .vpn_i       (key),
      .asid_i      (key_asid),
      .hold_i      (hold),
      .mute_i      (no_hit),
      .need_i      (front_need),
      .answer_vpn_i(front_req.va[VaBits-1:PageBits]),
      .hit_o       (super_hit),
      .granted_o   (super_granted),
      .hit_idx_o   (super_idx),
      .ppn_o       (super_ppn),
      .wide_o      (super_wide),
      .attr_o      (super_attr),
      .victim_o    (super_victim),
      .touch_i     (touch_super),
      .touch_idx_i (idx),
      .fill_i      (fill_super),
      .fill_vpn_i  (s1_q.req.va[VaBits-1:PageBits]),
      .fill_asid_i (context_i.asid),
      .fill_ppn_i  (page_q.ppn),
      .fill_attr_i (page_q.attr),
      .fill_level_i(walk_result_i.level),
      .fill_napot_i(walk_result_i.napot),
      .inv_i
  );

endmodule
