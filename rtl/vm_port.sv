// SPDX-License-Identifier: Apache-2.0
//
// One core port behind its splitter: joins translation (vm_xlat) and cache (vm_first_level) of an access.
//
//   S0  an access enters S1 of the translation and is accepted by the cache at once; with HitLatency 2 one cycle after
//       it was accepted from the core
//   S1  the translation's answer meets the cache's RAMs: a hit answers here
//
// Misses = 0: in order, at most two accesses inside (three with HitLatency 2): one that the cache has taken over (miss or
// uncached), and the next one, held in S1 of the translation. Otherwise the cache takes over any number of accesses, and
// answers them in any order, by their ids; translation stays in order. A fault or probe is answered when it is known,
// but not in a cycle that is for an older access (cache_older_i).
//
// If the translation came late (a walk) or the cache was busy, S1 goes through the cache's S0 once more by itself
// ("again"), and nothing new enters until it has ("held"). A fault and a probe answer without the cache. Whose address
// goes to the cache depends on registers only.
//
// AliasResolution: a cache whose sets reach beyond the page keeps each line in the set of its physical address, once (M10). An
// access is looked up under its virtual address first. If that has another *colour* (bits of the set above the page)
// than the physical one, which shows in S1, it goes again with the physical address: 2 cycles more.
module vm_port
  import vm_pkg::*;
#(
    parameter machine_t        Cfg = '0,
    parameter cache_geometry_t Geometry = '0  // of the cache beside it
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
    output logic [IdBits-1:0] cache_req_id_o,
    output cache_req_t       cache_req_o,
    input  logic             cache_s1_open_i,
    output logic             cache_go_o,
    output logic [PaMax-1:0] cache_pa_o,
    output logic             cache_uncached_o,
    output logic             cache_through_o,
    input  logic             cache_hit_i,
    input  logic [63:0]      cache_rdata_i,
    input  logic             cache_older_i,      // cache_done_* may come in this cycle; from registers
    input  logic             cache_done_valid_i,
    input  logic [IdBits-1:0] cache_done_id_i,   // with Misses only
    input  logic             cache_done_err_i
);

  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned IndexBits = cache_index_bits(Geometry);
  localparam bit Colours = IndexBits > PageBits;

  // What the cache needs of the access in S1 beside its address.
  typedef struct packed {
    logic [7:0] strb;
    logic [63:0] wdata;
  } body_t;

  // What is told of an access that the cache has taken over.
  typedef struct packed {
    logic [IdBits-1:0] id;
    access_e access;
    logic user;
    logic [VaMax-1:0] va;
    logic [PaMax-1:0] pa;
  } taken_t;

  body_t body_d, body_q;
  taken_t taken, older;
  logic tried_d, tried_q;  // the access in S1 went through the cache's S0 in the cycle before
  logic answers_older;     // an answer of this cycle is that of an older access
  logic may_go, may_answer, taken_idle;
  logic misplaced;         // the access in S1 was looked up in a set of another colour than its own

  logic accept, held, again, at_once;

  assign at_once = xlat_rsp_i.fault.cause != FaultNone || xlat_rsp_i.req.probe;
  assign cache_go_o = xlat_rsp_valid_i && !at_once && tried_q && cache_s1_open_i && may_go && !misplaced;
  assign xlat_rsp_ready_o = at_once ? may_answer : tried_q && cache_s1_open_i && may_go && !misplaced;
  assign held = xlat_s1_busy_i && !tried_q;
  assign again = held && xlat_rsp_valid_i && may_go && !at_once;

  // The access that enters S1: the incoming one, or with HitLatency 2 the one before it.
  cache_req_t incoming, front;
  logic [IdBits-1:0] front_id;
  assign incoming = '{
          write: req_i.access == AccessStore,
          uncached: 1'b0,
          through: 1'b0,
          strb: req_i.strb,
          addr: req_i.va[PaMax-1:0],
          wdata: req_i.wdata
      };
  if (Cfg.HitLatency == 8'd2) begin : gen_front
    always_ff @(posedge clk_i) begin
      if (req_ready_o) begin
        front <= incoming;
        front_id <= req_i.id;
      end
    end
  end else begin : gen_no_front
    assign front = incoming;
    assign front_id = req_i.id;
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
          through: req_i.through,
          va: req_i.va
      };
  assign req_ready_o = xlat_req_ready_i;
  assign xlat_ahead_go_o = cache_req_ready_i && !held;
  assign accept = xlat_ahead_valid_i && xlat_ahead_go_o;

  assign cache_req_valid_o = held ? again : xlat_ahead_valid_i;
  always_comb begin
    cache_req_id_o = front_id;
    cache_req_o = front;
    if (held) begin
      cache_req_id_o = xlat_rsp_i.req.id;
      cache_req_o = '{
          write: xlat_rsp_i.req.access == AccessStore,
          uncached: 1'b0,
          through: 1'b0,
          strb: body_q.strb,
          addr: Colours ? xlat_rsp_i.pa : xlat_rsp_i.req.va[PaMax-1:0],
          wdata: body_q.wdata
      };
    end
  end
  if (Colours) begin : gen_colours
    logic [IndexBits-1:PageBits] looked_q;
    always_ff @(posedge clk_i) looked_q <= cache_req_o.addr[IndexBits-1:PageBits];
    assign misplaced = looked_q != xlat_rsp_i.pa[IndexBits-1:PageBits];
  end else begin : gen_no_colours
    assign misplaced = 1'b0;
  end
  assign cache_pa_o = xlat_rsp_i.pa;
  assign cache_uncached_o = !xlat_rsp_i.cacheable;
  assign cache_through_o = xlat_rsp_i.through;

  always_comb begin
    body_d = body_q;
    if (accept) body_d = '{strb: front.strb, wdata: front.wdata};
    tried_d = accept || (again && cache_req_ready_i);
  end

  // ------------------------------------------------------------------ accesses the cache has taken over

  assign taken = '{
          id: xlat_rsp_i.req.id,
          access: xlat_rsp_i.req.access,
          user: xlat_rsp_i.req.user,
          va: xlat_rsp_i.req.va,
          pa: xlat_rsp_i.pa
      };
  if (Cfg.Misses == 0) begin : gen_one
    logic valid_d, valid_q;
    always_comb begin
      valid_d = valid_q;
      if (cache_done_valid_i) valid_d = 1'b0;
      if (cache_go_o && !cache_hit_i) valid_d = 1'b1;
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) valid_q <= 1'b0;
      else valid_q <= valid_d;
      if (!valid_q) older <= taken;
    end
    assign may_go = !valid_q;
    assign may_answer = !valid_q;
    assign answers_older = valid_q;
    assign taken_idle = !valid_q;
    logic unused;
    assign unused = ^{cache_older_i, cache_done_id_i};
  end else begin : gen_many
    logic [IdBits:0] count_d, count_q;
    (* ram_style = "distributed", no_rw_check *) taken_t taken_mem[2**IdBits];
    always_comb begin
      count_d = count_q;
      if (cache_done_valid_i) count_d = count_q - 1'b1;
      if (cache_go_o && !cache_hit_i) count_d = count_q + 1'b1;  // not both: S1 has one of them
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) count_q <= '0;
      else count_q <= count_d;
      if (cache_go_o) taken_mem[taken.id] <= taken;
    end
    assign older = taken_mem[cache_done_id_i];
    assign may_go = 1'b1;
    assign may_answer = !cache_older_i;
    assign answers_older = cache_older_i;
    assign taken_idle = count_q == '0;
  end

  always_comb begin
    rsp_valid_o = cache_done_valid_i || (cache_go_o && cache_hit_i) ||
        (xlat_rsp_valid_i && may_answer && at_once);
    rsp_o.id = xlat_rsp_i.req.id;
    rsp_o.rdata = cache_rdata_i;
    rsp_o.pa = xlat_rsp_i.pa;
    rsp_o.cacheable = xlat_rsp_i.cacheable;
    rsp_o.through = xlat_rsp_i.through;
    rsp_o.fault = xlat_rsp_i.fault;
    if (answers_older) begin
      rsp_o.id = older.id;
      rsp_o.pa = older.pa;
      rsp_o.fault.cause = cache_done_err_i ? FaultBus : FaultNone;
      rsp_o.fault.access = older.access;
      rsp_o.fault.user = older.user;
      rsp_o.fault.va = older.va;
      rsp_o.fault.by_entry = 1'b0;
    end
  end

  assign idle_o = xlat_idle_i && taken_idle;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) tried_q <= 1'b0;
    else tried_q <= tried_d;
  end
  always_ff @(posedge clk_i) body_q <= body_d;

endmodule
