// SPDX-License-Identifier: Apache-2.0
//
// The MMU alone, as a drop-in for a core with caches of its own: vm_mmu with its control registers and its sequencer, behind
// plain channels (docs/integrate.md). [0] is the fetch port, [1] the data port.
//
// Translations are answered in order, one port independent of the other, at the earliest in the cycle after acceptance. A
// control write or a fence waits until every translation accepted before it has been taken; none is accepted until it
// is answered. Cache operations on the fence channel are refused: the caches are the core's.
//
// The walk port reads page-table entries, and with Cfg.Format.HwAd updates them by compare-and-set: whoever answers must see
// to it that nobody else writes the entry between the comparison and the write. Every request is answered by one cycle of
// walk_rsp_valid_i, in the cycle after its acceptance at the earliest, or by walk_retry_i: then it is made again.
module vm_mmu_unit
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic      [1:0] req_valid_i,
    output logic      [1:0] req_ready_o,
    input  xlat_req_t [1:0] req_i,
    output logic      [1:0] rsp_valid_o,
    input  logic      [1:0] rsp_ready_i,
    output xlat_rsp_t [1:0] rsp_o,

    input  logic     ctl_req_valid_i,
    output logic     ctl_req_ready_o,
    input  ctl_req_t ctl_req_i,
    output logic     ctl_rsp_valid_o,
    output ctl_rsp_t ctl_rsp_o,

    input  logic       fence_req_valid_i,
    output logic       fence_req_ready_o,
    input  fence_req_t fence_req_i,
    output logic       fence_rsp_valid_o,
    output fence_rsp_t fence_rsp_o,

    // walk_slot_o, from registers: a request may come in this cycle (for an arbiter in front of a fast memory).
    output logic      walk_slot_o,
    output logic      walk_valid_o,
    input  logic      walk_ready_i,
    output walk_req_t walk_req_o,
    input  logic      walk_rsp_valid_i,
    input  logic      walk_retry_i,
    input  walk_rsp_t walk_rsp_i,

    output mmu_events_t events_o  // for vm_counters
);

  vm_legal #(
      .Cfg(Cfg)
  ) u_legal ();

  context_t ctx;
  logic block, inv_busy;
  logic [1:0] idle, req_ready;
  tlb_inv_t tlb_inv;
  mmu_events_t events;
  logic [4:0] fence_done;

  assign req_ready_o = block ? 2'b00 : req_ready;
  always_comb begin
    events_o = events;
    events_o.fence = fence_done;
  end

  // No VIPT cache beside the ports, no array port.
  logic [1:0] unused_ahead_valid, unused_s1_busy;
  array_rsp_t [1:0] unused_tlb_array;

  vm_mmu #(
      .Cfg(Cfg)
  ) u_mmu (
      .clk_i,
      .rst_ni,
      .context_i    (ctx),
      .idle_o       (idle),
      .req_valid_i  (block ? 2'b00 : req_valid_i),
      .req_ready_o  (req_ready),
      .req_i,
      .ahead_valid_o(unused_ahead_valid),
      .ahead_go_i   (2'b11),
      .s1_busy_o    (unused_s1_busy),
      .rsp_valid_o,
      .rsp_ready_i,
      .rsp_o,
      .walk_slot_o,
      .walk_valid_o,
      .walk_ready_i,
      .walk_req_o,
      .walk_rsp_valid_i,
      .walk_retry_i,
      .walk_rsp_i,
      .inv_i        (tlb_inv),
      .inv_busy_o   (inv_busy),
      .array_valid_i('0),
      .array_req_i  ('0),
      .array_rsp_o  (unused_tlb_array),
      .events_o     (events)
  );

  ctl_req_t ctl_op;
  logic ctl_apply, ctl_refused, ctl_forget_all, ctl_forget_asid;
  // What the sequencer has for caches and arrays.
  logic [1:0] unused_maint_valid, unused_cache_valid, unused_lower_valid;
  logic [3:0] unused_tlb_valid;
  maint_req_t unused_maint;
  array_req_t unused_array;
  array_rsp_t unused_array_rsp;
  logic unused_array_ready, unused_array_rsp_valid, unused_is_tag, unused_drained;

  vm_seq #(
      .Cfg      (Cfg),
      .HasCaches(1'b0)
  ) u_seq (
      .clk_i,
      .rst_ni,
      .block_o             (block),
      .idle_i              (&idle),
      .drained_o           (unused_drained),
      .ctl_req_valid_i,
      .ctl_req_ready_o,
      .ctl_req_i,
      .ctl_rsp_valid_o,
      .ctl_rsp_o,
      .fence_req_valid_i,
      .fence_req_ready_o,
      .fence_req_i,
      .fence_rsp_valid_o,
      .fence_rsp_o,
      .fence_done_o        (fence_done),
      .array_req_valid_i   (1'b0),
      .array_req_ready_o   (unused_array_ready),
      .array_req_i         ('0),
      .array_rsp_valid_o   (unused_array_rsp_valid),
      .array_rsp_o         (unused_array_rsp),
      .ctl_apply_o         (ctl_apply),
      .ctl_o               (ctl_op),
      .ctl_refused_i       (ctl_refused),
      .ctl_forget_all_i    (ctl_forget_all),
      .ctl_forget_asid_i   (ctl_forget_asid),
      .context_i           (ctx),
      .tlb_inv_o           (tlb_inv),
      .inv_busy_i          (inv_busy),
      .maint_valid_o       (unused_maint_valid),
      .maint_o             (unused_maint),
      .maint_done_i        (2'b00),
      .array_o             (unused_array),
      .tlb_array_valid_o   (unused_tlb_valid),
      .tlb_array_rsp_i     ('0),
      .cache_array_valid_o (unused_cache_valid),
      .cache_array_is_tag_o(unused_is_tag),
      .cache_array_done_i  (2'b00),
      .cache_array_rsp_i   ('0),
      .lower_array_valid_o (unused_lower_valid),
      .lower_array_done_i  (2'b00)
  );

  vm_ctl #(
      .Cfg(Cfg)
  ) u_ctl (
      .clk_i,
      .rst_ni,
      .apply_i      (ctl_apply),
      .req_i        (ctl_op),
      .refused_o    (ctl_refused),
      .forget_all_o (ctl_forget_all),
      .forget_asid_o(ctl_forget_asid),
      .context_o    (ctx)
  );

  logic unused;
  assign unused = ^{unused_ahead_valid, unused_s1_busy, unused_tlb_array, unused_maint_valid, unused_tlb_valid,
                    unused_cache_valid, unused_lower_valid, unused_maint, unused_array, unused_array_rsp,
                    unused_array_ready, unused_array_rsp_valid, unused_is_tag, unused_drained};

endmodule
