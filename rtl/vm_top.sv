// SPDX-License-Identifier: Apache-2.0
//
// The whole virtual-memory subsystem of one core: fetch and data port, MMU, caches, host port, control, fences, and
// one memory port. Everything about it is in Cfg (see vm_pkg::machine_t); an impossible Cfg is refused at
// elaboration. Handshakes are valid/ready as described in docs/architecture.md; responses to the core, host, control,
// fence and array ports carry no ready and must be taken.
module vm_top
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic      fetch_req_valid_i,
    output logic      fetch_req_ready_o,
    input  core_req_t fetch_req_i,
    output logic      fetch_rsp_valid_o,
    output core_rsp_t fetch_rsp_o,

    input  logic      data_req_valid_i,
    output logic      data_req_ready_o,
    input  core_req_t data_req_i,
    output logic      data_rsp_valid_o,
    output core_rsp_t data_rsp_o,

    input  logic      host_req_valid_i,
    output logic      host_req_ready_o,
    input  host_req_t host_req_i,
    output logic      host_rsp_valid_o,
    output host_rsp_t host_rsp_o,

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

    input  logic       array_req_valid_i,
    output logic       array_req_ready_o,
    input  array_req_t array_req_i,
    output logic       array_rsp_valid_o,
    output array_rsp_t array_rsp_o,

    output logic       mem_req_valid_o,
    input  logic       mem_req_ready_i,
    output mem_req_t   mem_req_o,
    output logic       mem_w_valid_o,
    input  logic       mem_w_ready_i,
    output mem_wdata_t mem_w_o,
    input  logic       mem_rsp_valid_i,
    output logic       mem_rsp_ready_o,
    input  mem_rsp_t   mem_rsp_i,

    // A write-back that memory refused: imprecise, the line is gone. Parity: or what was stored in this line is lost
    output logic             wb_error_valid_o,
    output logic [PaMax-1:0] wb_error_addr_o,

    output events_t      events_o,  // for vm_counters
    output piece_t [1:0] pieces_o   // [0] fetch, [1] data
);

  vm_legal #(
      .Cfg(Cfg)
  ) u_legal ();

  // ------------------------------------------------------------------ core ports. [0] fetch, [1] data

  context_t ctx;
  logic block;
  logic [1:0] split_idle, port_idle;
  logic [1:0] core_req_valid, core_req_ready, core_rsp_valid;
  core_req_t [1:0] core_req;
  core_rsp_t [1:0] core_rsp;
  logic [1:0] unit_req_valid, unit_req_ready, unit_rsp_valid;
  unit_req_t [1:0] unit_req;
  unit_rsp_t [1:0] unit_rsp;
  logic [1:0] xlat_req_valid, xlat_req_ready, xlat_rsp_valid, xlat_rsp_ready, xlat_idle;
  logic [1:0] xlat_ahead_valid, xlat_ahead_go, xlat_s1_busy;
  xlat_req_t [1:0] xlat_req;
  xlat_rsp_t [1:0] xlat_rsp;
  logic [1:0] cache_req_valid, cache_req_ready, cache_s1_open, cache_go, cache_uncached, cache_through;
  cache_req_t [1:0] cache_req;
  logic [1:0][PaMax-1:0] cache_pa;
  logic [1:0] cache_hit, cache_older, cache_done_valid, cache_done_err;
  logic [1:0][IdBits-1:0] cache_req_id, cache_done_id;
  logic [1:0][63:0] cache_rdata;
  logic [1:0] atomic_valid, atomic_ready, atomic_rsp_valid;  // of the data port only
  atomic_req_t [1:0] atomic;
  atomic_rsp_t atomic_rsp;
  atomic_events_t atomic_events;

  assign core_req_valid = {data_req_valid_i, fetch_req_valid_i};
  assign {data_req_ready_o, fetch_req_ready_o} = core_req_ready;
  always_comb begin
    core_req = {data_req_i, fetch_req_i};
    core_req[0].access = AccessFetch;
    core_req[0].atomic = AtomicNone;
    core_req[0].wdata = '0;
    // The data port loads and stores.
    core_req[1].access = (data_req_i.access == AccessStore) ? AccessStore : AccessLoad;
    if (!Cfg.Atomics) core_req[1].atomic = AtomicNone;
    if (core_req[1].atomic != AtomicNone) begin
      core_req[1].access = (data_req_i.atomic == AtomicLr) ? AccessLoad : AccessStore;
    end
  end
  assign {data_rsp_valid_o, fetch_rsp_valid_o} = core_rsp_valid;
  // What the MMU found has its code; a bus error on the data and a refused atomic get it here.
  function automatic core_rsp_t with_code(core_rsp_t rsp, env_t env);
    core_rsp_t r;
    r = rsp;
    if (rsp.fault.cause == FaultBus || rsp.fault.cause == FaultMisaligned) begin
      r.fault.code = arch_code(Cfg.Format.Kind, env, rsp.fault.cause, rsp.fault.access, rsp.fault.user);
    end
    return r;
  endfunction
  assign data_rsp_o = with_code(core_rsp[1], ctx.env);
  assign fetch_rsp_o = with_code(core_rsp[0], ctx.env);

  for (genvar p = 0; p < 2; p++) begin : gen_port
    vm_split #(
        .Cfg(Cfg)
    ) u_split (
        .clk_i,
        .rst_ni,
        .block_i         (block),
        .idle_o          (split_idle[p]),
        .core_req_valid_i(core_req_valid[p]),
        .core_req_ready_o(core_req_ready[p]),
        .core_req_i      (core_req[p]),
        .core_rsp_valid_o(core_rsp_valid[p]),
        .core_rsp_o      (core_rsp[p]),
        .unit_req_valid_o(unit_req_valid[p]),
        .unit_req_ready_i(unit_req_ready[p]),
        .unit_req_o      (unit_req[p]),
        .unit_rsp_valid_i(unit_rsp_valid[p]),
        .unit_rsp_i      (unit_rsp[p]),
        .port_idle_i     (port_idle[p]),
        .atomic_valid_o    (atomic_valid[p]),
        .atomic_ready_i    (atomic_ready[p]),
        .atomic_o          (atomic[p]),
        .atomic_rsp_valid_i(atomic_rsp_valid[p]),
        .atomic_rsp_i      (atomic_rsp)
    );

    vm_port #(
        .Cfg     (Cfg),
        .Geometry((p == 0) ? Cfg.Icache : Cfg.Dcache)
    ) u_port (
        .clk_i,
        .rst_ni,
        .idle_o            (port_idle[p]),
        .req_valid_i       (unit_req_valid[p]),
        .req_ready_o       (unit_req_ready[p]),
        .req_i             (unit_req[p]),
        .rsp_valid_o       (unit_rsp_valid[p]),
        .rsp_o             (unit_rsp[p]),
        .xlat_req_valid_o  (xlat_req_valid[p]),
        .xlat_req_ready_i  (xlat_req_ready[p]),
        .xlat_req_o        (xlat_req[p]),
        .xlat_idle_i       (xlat_idle[p]),
        .xlat_ahead_valid_i(xlat_ahead_valid[p]),
        .xlat_ahead_go_o   (xlat_ahead_go[p]),
        .xlat_s1_busy_i    (xlat_s1_busy[p]),
        .xlat_rsp_valid_i  (xlat_rsp_valid[p]),
        .xlat_rsp_ready_o  (xlat_rsp_ready[p]),
        .xlat_rsp_i        (xlat_rsp[p]),
        .cache_req_valid_o (cache_req_valid[p]),
        .cache_req_ready_i (cache_req_ready[p]),
        .cache_req_id_o    (cache_req_id[p]),
        .cache_req_o       (cache_req[p]),
        .cache_s1_open_i   (cache_s1_open[p]),
        .cache_go_o        (cache_go[p]),
        .cache_pa_o        (cache_pa[p]),
        .cache_uncached_o  (cache_uncached[p]),
        .cache_through_o   (cache_through[p]),
        .cache_hit_i       (cache_hit[p]),
        .cache_rdata_i     (cache_rdata[p]),
        .cache_older_i     (cache_older[p]),
        .cache_done_valid_i(cache_done_valid[p]),
        .cache_done_id_i   (cache_done_id[p]),
        .cache_done_err_i  (cache_done_err[p])
    );
  end

  // With Misses a piece is told of as it leaves the translation, which is in order; else with its answer.
  for (genvar p = 0; p < 2; p++) begin : gen_piece
    if (Cfg.Misses == 0) begin : gen_answered
      assign pieces_o[p] = '{
              valid: unit_rsp_valid[p] && unit_rsp[p].fault.cause == FaultNone,
              pa: unit_rsp[p].pa
          };
    end else begin : gen_translated
      assign pieces_o[p] = '{
              valid: xlat_rsp_valid[p] && xlat_rsp_ready[p] && xlat_rsp[p].fault.cause == FaultNone,
              pa: xlat_rsp[p].pa
          };
    end
  end

  // ------------------------------------------------------------------ MMU

  logic rd_slot, rd_valid, rd_ready, rd_rsp_valid, rd_retry;
  walk_req_t rd_req;
  walk_rsp_t rd_rsp;
  logic tlb_inv_busy;
  tlb_inv_t tlb_inv;
  array_req_t array_req;
  logic [3:0] tlb_array_valid;
  logic [1:0] cache_array_valid, cache_array_done, lower_array_valid, lower_array_done;
  array_rsp_t [1:0] tlb_array_rsp, cache_array_rsp;
  logic cache_array_is_tag;
  mmu_events_t mmu_events;
  cache_events_t [1:0] cache_events;
  lower_events_t [1:0] lower_events;
  logic [4:0] fence_done;

  vm_mmu #(
      .Cfg(Cfg)
  ) u_mmu (
      .clk_i,
      .rst_ni,
      .context_i     (ctx),
      .idle_o        (xlat_idle),
      .req_valid_i   (xlat_req_valid),
      .req_ready_o   (xlat_req_ready),
      .req_i         (xlat_req),
      .ahead_valid_o (xlat_ahead_valid),
      .ahead_go_i    (xlat_ahead_go),
      .s1_busy_o     (xlat_s1_busy),
      .rsp_valid_o   (xlat_rsp_valid),
      .rsp_ready_i   (xlat_rsp_ready),
      .rsp_o         (xlat_rsp),
      .walk_slot_o     (rd_slot),
      .walk_valid_o    (rd_valid),
      .walk_ready_i    (rd_ready),
      .walk_req_o      (rd_req),
      .walk_rsp_valid_i(rd_rsp_valid),
      .walk_retry_i    (rd_retry),
      .walk_rsp_i      (rd_rsp),
      .inv_i         (tlb_inv),
      .inv_busy_o    (tlb_inv_busy),
      .array_valid_i (tlb_array_valid),
      .array_req_i   (array_req),
      .array_rsp_o   (tlb_array_rsp),
      .events_o      (mmu_events)
  );

  // Events that are not the MMU's own: a bus error on the data, fences.
  always_comb begin
    events_o = '{lower: lower_events, atomic: atomic_events, cache: cache_events, mmu: mmu_events};
    for (int unsigned p = 0; p < 2; p++) begin
      events_o.mmu.port[p].outcome[FaultBus] = core_rsp_valid[p] && core_rsp[p].fault.cause == FaultBus;
    end
    events_o.mmu.fence = fence_done;
  end

  // ------------------------------------------------------------------ memory sources. Index = mem_src_e

  logic [2:0] src_req_valid, src_req_ready, src_w_valid, src_w_ready, src_rsp_valid;
  mem_req_t [2:0] src_req;
  mem_wdata_t [2:0] src_w;
  mem_rsp_t l1_rsp;  // answers to the first level

  // ------------------------------------------------------------------ walk port, and atomics

  logic walk_slot, walk_req_valid, walk_req_ready, walk_rsp_valid, walk_retry;
  cache_req_t walk_req;
  logic [63:0] phys_rdata;
  logic phys_err;
  logic host_cache_req_valid, host_cache_req_ready, host_cache_rsp_valid, host_cache_retry;
  cache_req_t host_cache_req;
  logic drained;

  // The walk port of vm_rmw, if the walker goes through the cache.
  localparam bit ThroughCache = Cfg.WalkPort == WalkCache;
  logic rmw_ready, rmw_rsp_valid, rmw_retry;
  walk_rsp_t rmw_rsp;

  assign src_req[MemWalk] = '{src: MemWalk, id: '0, write: 1'b0, len: 8'd0, strb: rd_req.strb, addr: rd_req.addr};
  assign src_w_valid[MemWalk] = 1'b0;
  assign src_w[MemWalk] = '0;
  assign src_req_valid[MemWalk] = !ThroughCache && rd_valid;
  assign rd_ready = ThroughCache ? rmw_ready : src_req_ready[MemWalk];
  assign rd_rsp_valid = ThroughCache ? rmw_rsp_valid : src_rsp_valid[MemWalk];
  assign rd_retry = ThroughCache && rmw_retry;
  assign rd_rsp = ThroughCache ? rmw_rsp : '{data: l1_rsp.rdata, err: l1_rsp.err, success: 1'b0};

  if (ThroughCache || Cfg.Atomics) begin : gen_rmw
    vm_rmw #(
        .Cfg(Cfg)
    ) u_rmw (
        .clk_i,
        .rst_ni,
        .slot_i            (ThroughCache && rd_slot),
        .req_valid_i       (ThroughCache && rd_valid),
        .req_ready_o       (rmw_ready),
        .req_i             (rd_req),
        .rsp_valid_o       (rmw_rsp_valid),
        .retry_o           (rmw_retry),
        .rsp_o             (rmw_rsp),
        .atomic_valid_i    (atomic_valid[1]),
        .atomic_ready_o    (atomic_ready[1]),
        .atomic_i          (atomic[1]),
        .atomic_rsp_valid_o(atomic_rsp_valid[1]),
        .atomic_rsp_o      (atomic_rsp),
        .events_o          (atomic_events),
        .host_store_i      (host_cache_rsp_valid && host_cache_req.write),
        .host_addr_i       (host_cache_req.addr),
        .forget_i          (drained),
        .cache_slot_o      (walk_slot),
        .cache_req_valid_o (walk_req_valid),
        .cache_req_ready_i (walk_req_ready),
        .cache_req_o       (walk_req),
        .cache_rsp_valid_i (walk_rsp_valid),
        .cache_retry_i     (walk_retry),
        .cache_rdata_i     (phys_rdata),
        .cache_err_i       (phys_err)
    );
  end else begin : gen_no_rmw
    assign walk_slot = 1'b0;
    assign walk_req_valid = 1'b0;
    assign walk_req = '0;
    assign rmw_ready = 1'b0;
    assign rmw_rsp_valid = 1'b0;
    assign rmw_retry = 1'b0;
    assign rmw_rsp = '0;
    assign atomic_ready[1] = 1'b0;
    assign atomic_rsp_valid[1] = 1'b0;
    assign atomic_rsp = '0;
    assign atomic_events = '0;
  end
  assign atomic_ready[0] = 1'b0;
  assign atomic_rsp_valid[0] = 1'b0;

  // ------------------------------------------------------------------ caches

  logic [1:0] maint_valid, maint_done;
  maint_req_t maint_req;
  logic [1:0] wb_error_valid;
  logic [1:0][PaMax-1:0] wb_error_addr;

  // The instruction cache serves the core only, and never holds anything dirty.
  logic [4:0] unused_icache_phys;
  logic [64:0] unused_icache_data;
  logic unused_icache_err;

  vm_first_level #(
      .Cfg     (Cfg),
      .Geometry(Cfg.Icache),
      .ReadOnly(1'b1),
      .Src     (MemFetch)
  ) u_icache (
      .clk_i,
      .rst_ni,
      .core_req_valid_i (cache_req_valid[0]),
      .core_req_ready_o (cache_req_ready[0]),
      .core_req_id_i    (cache_req_id[0]),
      .core_req_i       (cache_req[0]),
      .core_s1_open_o   (cache_s1_open[0]),
      .core_go_i        (cache_go[0]),
      .core_pa_i        (cache_pa[0]),
      .core_uncached_i  (cache_uncached[0]),
      .core_through_i   (cache_through[0]),
      .core_hit_o       (cache_hit[0]),
      .core_rdata_o     (cache_rdata[0]),
      .core_older_o     (cache_older[0]),
      .core_done_valid_o(cache_done_valid[0]),
      .core_done_id_o   (cache_done_id[0]),
      .core_done_err_o  (cache_done_err[0]),
      .walk_slot_i      (1'b0),
      .walk_req_valid_i (1'b0),
      .walk_req_ready_o (unused_icache_phys[0]),
      .walk_req_i       ('0),
      .walk_rsp_valid_o (unused_icache_phys[1]),
      .walk_retry_o     (unused_icache_phys[2]),
      .host_req_valid_i (1'b0),
      .host_req_ready_o (unused_icache_phys[3]),
      .host_req_i       ('0),
      .host_rsp_valid_o (unused_icache_phys[4]),
      .host_retry_o     (unused_icache_data[0]),
      .phys_rdata_o     (unused_icache_data[64:1]),
      .phys_err_o       (unused_icache_err),
      .maint_valid_i    (maint_valid[0]),
      .maint_req_i      (maint_req),
      .maint_done_o     (maint_done[0]),
      .array_valid_i    (cache_array_valid[0]),
      .array_is_tag_i   (cache_array_is_tag),
      .array_req_i      (array_req),
      .array_done_o     (cache_array_done[0]),
      .array_rsp_o      (cache_array_rsp[0]),
      .mem_req_valid_o  (src_req_valid[MemFetch]),
      .mem_req_ready_i  (src_req_ready[MemFetch]),
      .mem_req_o        (src_req[MemFetch]),
      .mem_w_valid_o    (src_w_valid[MemFetch]),
      .mem_w_ready_i    (src_w_ready[MemFetch]),
      .mem_w_o          (src_w[MemFetch]),
      .mem_rsp_valid_i  (src_rsp_valid[MemFetch]),
      .mem_rsp_i        (l1_rsp),
      .wb_error_valid_o (wb_error_valid[0]),
      .wb_error_addr_o  (wb_error_addr[0]),
      .events_o         (cache_events[0])
  );

  vm_first_level #(
      .Cfg     (Cfg),
      .Geometry(Cfg.Dcache),
      .Src     (MemData)
  ) u_dcache (
      .clk_i,
      .rst_ni,
      .core_req_valid_i (cache_req_valid[1]),
      .core_req_ready_o (cache_req_ready[1]),
      .core_req_id_i    (cache_req_id[1]),
      .core_req_i       (cache_req[1]),
      .core_s1_open_o   (cache_s1_open[1]),
      .core_go_i        (cache_go[1]),
      .core_pa_i        (cache_pa[1]),
      .core_uncached_i  (cache_uncached[1]),
      .core_through_i   (cache_through[1]),
      .core_hit_o       (cache_hit[1]),
      .core_rdata_o     (cache_rdata[1]),
      .core_older_o     (cache_older[1]),
      .core_done_valid_o(cache_done_valid[1]),
      .core_done_id_o   (cache_done_id[1]),
      .core_done_err_o  (cache_done_err[1]),
      .walk_slot_i      (walk_slot),
      .walk_req_valid_i (walk_req_valid),
      .walk_req_ready_o (walk_req_ready),
      .walk_req_i       (walk_req),
      .walk_rsp_valid_o (walk_rsp_valid),
      .walk_retry_o     (walk_retry),
      .host_req_valid_i (host_cache_req_valid),
      .host_req_ready_o (host_cache_req_ready),
      .host_req_i       (host_cache_req),
      .host_rsp_valid_o (host_cache_rsp_valid),
      .host_retry_o     (host_cache_retry),
      .phys_rdata_o     (phys_rdata),
      .phys_err_o       (phys_err),
      .maint_valid_i    (maint_valid[1]),
      .maint_req_i      (maint_req),
      .maint_done_o     (maint_done[1]),
      .array_valid_i    (cache_array_valid[1]),
      .array_is_tag_i   (cache_array_is_tag),
      .array_req_i      (array_req),
      .array_done_o     (cache_array_done[1]),
      .array_rsp_o      (cache_array_rsp[1]),
      .mem_req_valid_o  (src_req_valid[MemData]),
      .mem_req_ready_i  (src_req_ready[MemData]),
      .mem_req_o        (src_req[MemData]),
      .mem_w_valid_o    (src_w_valid[MemData]),
      .mem_w_ready_i    (src_w_ready[MemData]),
      .mem_w_o          (src_w[MemData]),
      .mem_rsp_valid_i  (src_rsp_valid[MemData]),
      .mem_rsp_i        (l1_rsp),
      .wb_error_valid_o (wb_error_valid[1]),
      .wb_error_addr_o  (wb_error_addr[1]),
      .events_o         (cache_events[1])
  );

  logic lower_error_valid;
  logic [PaMax-1:0] lower_error_addr;
  assign wb_error_valid_o = wb_error_valid[1] || lower_error_valid;
  assign wb_error_addr_o = wb_error_valid[1] ? wb_error_addr[1] : lower_error_addr;

  // ------------------------------------------------------------------ host

  vm_host #(
      .Cfg(Cfg)
  ) u_host (
      .clk_i,
      .rst_ni,
      .req_valid_i      (host_req_valid_i),
      .req_ready_o      (host_req_ready_o),
      .req_i            (host_req_i),
      .rsp_valid_o      (host_rsp_valid_o),
      .rsp_o            (host_rsp_o),
      .cache_req_valid_o(host_cache_req_valid),
      .cache_req_ready_i(host_cache_req_ready),
      .cache_req_o      (host_cache_req),
      .cache_rsp_valid_i(host_cache_rsp_valid),
      .cache_retry_i    (host_cache_retry),
      .cache_rdata_i    (phys_rdata),
      .cache_err_i      (phys_err)
  );

  // ------------------------------------------------------------------ control

  ctl_req_t ctl_op;
  logic ctl_apply, ctl_refused, ctl_forget_all, ctl_forget_asid;

  vm_seq #(
      .Cfg(Cfg)
  ) u_seq (
      .clk_i,
      .rst_ni,
      .block_o             (block),
      .idle_i              (&split_idle),
      .drained_o           (drained),
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
      .array_req_valid_i,
      .array_req_ready_o,
      .array_req_i,
      .array_rsp_valid_o,
      .array_rsp_o,
      .ctl_apply_o         (ctl_apply),
      .ctl_o               (ctl_op),
      .ctl_refused_i       (ctl_refused),
      .ctl_forget_all_i    (ctl_forget_all),
      .ctl_forget_asid_i   (ctl_forget_asid),
      .context_i           (ctx),
      .tlb_inv_o           (tlb_inv),
      .inv_busy_i          (tlb_inv_busy),
      .maint_valid_o       (maint_valid),
      .maint_o             (maint_req),
      .maint_done_i        (maint_done),
      .array_o             (array_req),
      .tlb_array_valid_o   (tlb_array_valid),
      .tlb_array_rsp_i     (tlb_array_rsp),
      .cache_array_valid_o (cache_array_valid),
      .cache_array_is_tag_o(cache_array_is_tag),
      .cache_array_done_i  (cache_array_done),
      .cache_array_rsp_i   (cache_array_rsp),
      .lower_array_valid_o (lower_array_valid),
      .lower_array_done_i  (lower_array_done)
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

  // ------------------------------------------------------------------ memory port

  logic l1_req_valid, l1_req_ready, l1_w_valid, l1_w_ready, l1_rsp_valid;
  mem_req_t l1_req;
  mem_wdata_t l1_w;

  vm_mem_arb u_mem_arb (
      .clk_i,
      .rst_ni,
      .req_valid_i    (src_req_valid),
      .req_ready_o    (src_req_ready),
      .req_i          (src_req),
      .w_valid_i      (src_w_valid),
      .w_ready_o      (src_w_ready),
      .w_i            (src_w),
      .rsp_valid_o    (src_rsp_valid),
      .mem_req_valid_o(l1_req_valid),
      .mem_req_ready_i(l1_req_ready),
      .mem_req_o      (l1_req),
      .mem_w_valid_o  (l1_w_valid),
      .mem_w_ready_i  (l1_w_ready),
      .mem_w_o        (l1_w),
      .mem_rsp_valid_i(l1_rsp_valid),
      .mem_rsp_src_i  (l1_rsp.src)
  );

  vm_lower_caches #(
      .Cfg(Cfg)
  ) u_lower (
      .clk_i,
      .rst_ni,
      .up_req_valid_i  (l1_req_valid),
      .up_req_ready_o  (l1_req_ready),
      .up_req_i        (l1_req),
      .up_w_valid_i    (l1_w_valid),
      .up_w_ready_o    (l1_w_ready),
      .up_w_i          (l1_w),
      .up_rsp_valid_o  (l1_rsp_valid),
      .up_rsp_ready_i  (1'b1),
      .up_rsp_o        (l1_rsp),
      .mem_req_valid_o,
      .mem_req_ready_i,
      .mem_req_o,
      .mem_w_valid_o,
      .mem_w_ready_i,
      .mem_w_o,
      .mem_rsp_valid_i,
      .mem_rsp_ready_o,
      .mem_rsp_i,
      .array_valid_i   (lower_array_valid),
      .array_is_tag_i  (cache_array_is_tag),
      .array_req_i     (array_req),
      .array_done_o    (lower_array_done),
      .wb_error_valid_o(lower_error_valid),
      .wb_error_addr_o (lower_error_addr),
      .events_o        (lower_events)
  );

  logic unused;
  assign unused = ^{unused_icache_phys, unused_icache_data, unused_icache_err, wb_error_valid[0], wb_error_addr[0],
                    rd_slot, rd_req, rmw_ready, rmw_rsp_valid, rmw_retry, rmw_rsp, drained, atomic, atomic_valid,
                    walk_rsp_valid, walk_retry, walk_req_ready, walk_req_valid, walk_req,
                    src_req_ready[MemWalk], src_w_ready[MemWalk], src_rsp_valid[MemWalk]};

endmodule
