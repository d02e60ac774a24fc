// SPDX-License-Identifier: Apache-2.0
//
// The MMU: a translation unit with its L1 TLB for each core port, and one walker for both, with L2 TLB and walk caches.
// Translate ports and walk port are valid/ready channels, so it can stand alone in front of someone else's caches
// (docs/integrate.md). Index [0] is fetch, [1] is data everywhere. context_i and inv_i may change only while both
// ports are idle; inv_i.start, and a change of context_i, come only while inv_busy_o is low.
module vm_mmu
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  context_t        context_i,
    output logic [1:0]      idle_o,
    input  logic [1:0]      req_valid_i,
    output logic [1:0]      req_ready_o,
    input  xlat_req_t [1:0] req_i,
    // For a VIPT cache beside the port: the request of which S1 begins in the next cycle, if ahead_go_i. Otherwise 1.
    output logic [1:0]      ahead_valid_o,
    input  logic [1:0]      ahead_go_i,
    output logic [1:0]      s1_busy_o,
    output logic [1:0]      rsp_valid_o,
    input  logic [1:0]      rsp_ready_i,
    output xlat_rsp_t [1:0] rsp_o,

    // walk_slot_o, from registers: a request may come in this cycle. walk_retry_i instead of an answer: ask again.
    output logic      walk_slot_o,
    output logic      walk_valid_o,
    input  logic      walk_ready_i,
    output walk_req_t walk_req_o,
    input  logic      walk_rsp_valid_i,
    input  logic      walk_retry_i,
    input  walk_rsp_t walk_rsp_i,

    input  tlb_inv_t         inv_i,
    output logic             inv_busy_o,
    input  logic       [3:0] array_valid_i,  // fetch TLB, data TLB; only with inv_busy_o low: L2 TLB, walk caches
    input  array_req_t       array_req_i,
    output array_rsp_t [1:0] array_rsp_o,

    output mmu_events_t events_o  // fence: constant 0, these are the owner's
);

  localparam int unsigned PpnW = ppn_w(Cfg);

  logic [1:0] miss_valid, miss_ready, miss_skip_l2, walk_done, walk_release;
  xlat_req_t [1:0] miss_req;
  logic walk_from_l2, walk_granted, walk_hole;
  logic [PpnW-1:0] walk_ppn;
  attr_t walk_attr;
  walk_result_t walk_result;

  logic [1:0] hit_base, hit_super, l2_hit;
  upset_events_t upset;
  walk_events_t walk_events;
  always_comb begin
    events_o = '0;
    events_o.walker = walk_events;
    events_o.upset = upset;
    for (int unsigned p = 0; p < 2; p++) begin
      events_o.port[p].l2_hit = l2_hit[p];
      events_o.port[p].l1_miss = miss_valid[p] && miss_ready[p] && !miss_skip_l2[p];
      events_o.port[p].l1_super = hit_super[p];
      events_o.port[p].l1_base = hit_base[p];
      for (int unsigned c = 0; c < $bits(events_o.port[p].outcome); c++) begin
        events_o.port[p].outcome[c] = rsp_valid_o[p] && rsp_ready_i[p] && 32'(rsp_o[p].fault.cause) == c;
      end
    end
  end

  for (genvar p = 0; p < 2; p++) begin : gen_port
    vm_xlat #(
        .Cfg     (Cfg),
        .Geometry((p == 0) ? Cfg.Itlb : Cfg.Dtlb)
    ) u_xlat (
        .clk_i,
        .rst_ni,
        .context_i,
        .idle_o        (idle_o[p]),
        .req_valid_i   (req_valid_i[p]),
        .req_ready_o   (req_ready_o[p]),
        .req_i         (req_i[p]),
        .ahead_valid_o (ahead_valid_o[p]),
        .ahead_go_i    (ahead_go_i[p]),
        .s1_busy_o     (s1_busy_o[p]),
        .rsp_valid_o   (rsp_valid_o[p]),
        .rsp_ready_i   (rsp_ready_i[p]),
        .rsp_o         (rsp_o[p]),
        .walk_valid_o  (miss_valid[p]),
        .walk_ready_i  (miss_ready[p]),
        .walk_req_o    (miss_req[p]),
        .walk_skip_l2_o(miss_skip_l2[p]),
        .walk_done_i   (walk_done[p]),
        .walk_from_l2_i(walk_from_l2),
        .walk_granted_i(walk_granted),
        .walk_ppn_i    (walk_ppn),
        .walk_hole_i   (walk_hole),
        .walk_attr_i   (walk_attr),
        .walk_result_i (walk_result),
        .walk_release_o(walk_release[p]),
        .hit_base_o    (hit_base[p]),
        .hit_super_o   (hit_super[p]),
        .upset_o       (upset.l1[p]),
        .inv_i,
        .array_valid_i (array_valid_i[p]),
        .array_req_i,
        .array_rsp_o   (array_rsp_o[p])
    );
  end

  vm_ptw #(
      .Cfg(Cfg)
  ) u_ptw (
      .clk_i,
      .rst_ni,
      .context_i,
      .req_valid_i(miss_valid),
      .req_ready_o(miss_ready),
      .req_i      (miss_req),
      .skip_l2_i  (miss_skip_l2),
      .done_o     (walk_done),
      .from_l2_o  (walk_from_l2),
      .granted_o  (walk_granted),
      .ppn_o      (walk_ppn),
      .hole_o     (walk_hole),
      .attr_o     (walk_attr),
      .result_o   (walk_result),
      .release_i  (walk_release),
      .walk_slot_o,
      .walk_valid_o,
      .walk_ready_i,
      .walk_req_o,
      .walk_rsp_valid_i,
      .walk_retry_i,
      .walk_rsp_i,
      .inv_i,
      .inv_busy_o,
      .array_valid_i(array_valid_i[3:2]),
      .array_req_i,
      .l2_hit_o   (l2_hit),
      .upset_o    ({upset.walk_cache, upset.l2}),
      .events_o   (walk_events)
  );

endmodule
