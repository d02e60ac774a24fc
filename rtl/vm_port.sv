// SPDX-License-Identifier: Apache-2.0
//
// One core port behind its splitter: joins translation (vm_xlat) and cache (vm_cache) of an access.
//
//   S0  an access enters S1 of the translation and is accepted by the cache at once; with HitLatency 2 one cycle after
//       it was accepted from the core
//   S1  the translation's answer meets the cache's RAMs: a hit answers here
//
// In order, at most two accesses inside (three with HitLatency 2): one that the cache has taken over (miss or
// uncached), and the next one, held in S1 of the translation. If the translation came late (a walk) or the cache was
// busy, S1 goes through the cache's S0 once more by itself ("again"), and nothing new enters until it has ("held").
// A fault and a probe answer without the cache. Whose address goes to the cache depends on registers only.
module vm_port
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    output logic      idle_o,
    input  logic      req_valid_i,
    output logic      req_ready_o,
    input  unit_req_t req_i,
    output logic      rsp_valid_o,
    output unit_rsp_t rsp_o,

    output logic      xlat_req_valid_o,
    input  logic      xlat_req_ready_i,
    output xlat_req_t xlat_req_o,
    input  logic      xlat_idle_i,
    input  logic      xlat_ahead_valid_i,
    output logic      xlat_ahead_go_o,
    input  logic      xlat_s1_busy_i,
    input  logic      xlat_rsp_valid_i,
    output logic      xlat_rsp_ready_o,
    input  xlat_rsp_t xlat_rsp_i,

    output logic             cache_req_valid_o,
    input  logic             cache_req_ready_i,
    output cache_req_t       cache_req_o,
    input  logic             cache_s1_open_i,
    output logic             cache_go_o,
    output logic [PaMax-1:0] cache_pa_o,
    output logic             cache_uncached_o,
    input  logic             cache_hit_i,
    input  logic [63:0]      cache_rdata_i,
    input  logic             cache_done_valid_i,
    input  logic             cache_done_err_i
);

  // What the cache needs of the access in S1 beside its address.
  typedef struct packed {
    logic [7:0] strb;
    logic [63:0] wdata;
  } body_t;

  // The access the cache has taken over.
  typedef struct packed {
    xlat_req_t req;
    logic [PaMax-1:0] pa;
  } pending_t;

  body_t body_d, body_q;
  pending_t pending_d, pending_q;
  logic pending_valid_d, pending_valid_q;
  logic tried_d, tried_q;  // the access in S1 went through the cache's S0 in the cycle before

  logic accept, held, again, at_once;

  assign at_once = xlat_rsp_i.fault.cause != FaultNone || xlat_rsp_i.req.probe;
  assign cache_go_o = xlat_rsp_valid_i && !at_once && tried_q && cache_s1_open_i && !pending_valid_q;
  assign xlat_rsp_ready_o = !pending_valid_q && (at_once || (tried_q && cache_s1_open_i));
  assign held = xlat_s1_busy_i && !tried_q;
  assign again = held && xlat_rsp_valid_i && !pending_valid_q && !at_once;

  // The access that enters S1: the incoming one, or with HitLatency 2 the one before it.
  cache_req_t incoming, front;
  assign incoming = '{
          write: req_i.access == AccessStore,
          uncached: 1'b0,
          strb: req_i.strb,
          addr: req_i.va[PaMax-1:0],
          wdata: req_i.wdata
      };
  if (Cfg.HitLatency == 8'd2) begin : gen_front
    always_ff @(posedge clk_i) begin
      if (req_valid_i && req_ready_o) front <= incoming;
    end
  end else begin : gen_no_front
    assign front = incoming;
  end

  assign xlat_req_valid_o = req_valid_i;
  assign xlat_req_o = '{
          id: req_i.id,
          access: req_i.access,
          user: req_i.user,
          sum: req_i.sum,
          mxr: req_i.mxr,
          atomic: req_i.atomic,
          amo: req_i.amo,
          probe: req_i.probe,
          phys: req_i.phys,
          uncached: req_i.uncached,
          va: req_i.va
      };
  assign req_ready_o = xlat_req_ready_i;
  assign xlat_ahead_go_o = cache_req_ready_i && !held;
  assign accept = xlat_ahead_valid_i && xlat_ahead_go_o;

  assign cache_req_valid_o = held ? again : xlat_ahead_valid_i;
  always_comb begin
    cache_req_o = front;
    if (held) begin
      cache_req_o = '{
          write: xlat_rsp_i.req.access == AccessStore,
          uncached: 1'b0,
          strb: body_q.strb,
          addr: xlat_rsp_i.req.va[PaMax-1:0],
          wdata: body_q.wdata
      };
    end
  end
  assign cache_pa_o = xlat_rsp_i.pa;
  assign cache_uncached_o = !xlat_rsp_i.cacheable;

  always_comb begin
    body_d = body_q;
    pending_d = pending_q;
    pending_valid_d = pending_valid_q;
    if (accept) body_d = '{strb: front.strb, wdata: front.wdata};
    tried_d = accept || (again && cache_req_ready_i);
    if (cache_done_valid_i) pending_valid_d = 1'b0;
    if (cache_go_o && !cache_hit_i) pending_valid_d = 1'b1;
    if (!pending_valid_q) pending_d = '{req: xlat_rsp_i.req, pa: xlat_rsp_i.pa};
  end

  always_comb begin
    rsp_valid_o = cache_done_valid_i || (cache_go_o && cache_hit_i) ||
        (xlat_rsp_valid_i && !pending_valid_q && at_once);
    rsp_o.id = xlat_rsp_i.req.id;
    rsp_o.rdata = cache_rdata_i;
    rsp_o.pa = xlat_rsp_i.pa;
    rsp_o.cacheable = xlat_rsp_i.cacheable;
    rsp_o.fault = xlat_rsp_i.fault;
    if (pending_valid_q) begin
      rsp_o.id = pending_q.req.id;
      rsp_o.pa = pending_q.pa;
      rsp_o.fault.cause = cache_done_err_i ? FaultBus : FaultNone;
      rsp_o.fault.access = pending_q.req.access;
      rsp_o.fault.user = pending_q.req.user;
      rsp_o.fault.va = pending_q.req.va;
      rsp_o.fault.by_entry = 1'b0;
    end
  end

  assign idle_o = xlat_idle_i && !pending_valid_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pending_valid_q <= 1'b0;
      tried_q <= 1'b0;
    end else begin
      pending_valid_q <= pending_valid_d;
      tried_q <= tried_d;
    end
  end
  always_ff @(posedge clk_i) begin
    body_q <= body_d;
    pending_q <= pending_d;
  end

endmodule
