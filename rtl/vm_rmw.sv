// SPDX-License-Identifier: Apache-2.0
//
// Makes a read-modify-write one indivisible access of the data cache: the walker's compare-and-set (X11, R13), and the
// core's LR, SC and AMOs (R35). From the acceptance of one to its answer it owns S0 of the cache, so nothing comes
// in between. The cache sees ordinary reads and writes of one client, at physical addresses. The walker's reads
// pass through.
//
//   StPass     reads of the walker; accepts a compare-and-set or an atomic as the read of its data. The walker first
//   StRead     that read was turned away: again
//   StWait     the data comes
//   StCompute  of an atomic only: what will be written. An LR, an SC without reservation, an error: answer
//   StDecide   compare-and-set: not as expected, or an error: answer. Otherwise offer the write
//   StWrite    the write is done: answer
//
// Latency: the read's, and 1 cycle if nothing is written; else the write's, from that cycle on for a compare-and-set and
// from the next one for an atomic.
module vm_rmw
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    // The walk port. slot_i: as walk_slot_i of vm_cache
    input  logic      slot_i,
    input  logic      req_valid_i,
    output logic      req_ready_o,
    input  walk_req_t req_i,
    output logic      rsp_valid_o,
    output logic      retry_o,
    output walk_rsp_t rsp_o,

    // The core's atomics, translated. Valid comes from a register, and the payload holds until the answer
    input  logic        atomic_valid_i,
    output logic        atomic_ready_o,
    input  atomic_req_t atomic_i,
    output logic        atomic_rsp_valid_o,
    output atomic_rsp_t atomic_rsp_o,
    output atomic_events_t events_o,

    // What else ends a reservation: the answer to a store of the host, and whatever the sequencer does
    input logic             host_store_i,
    input logic [PaMax-1:0] host_addr_i,
    input logic             forget_i,

    // The data cache, as its client "walk"
    output logic        cache_slot_o,
    output logic        cache_req_valid_o,
    input  logic        cache_req_ready_i,
    output cache_req_t  cache_req_o,
    input  logic        cache_rsp_valid_i,
    input  logic        cache_retry_i,
    input  logic [63:0] cache_rdata_i,
    input  logic        cache_err_i
);

  typedef enum logic [2:0] {
    StPass,
    StRead,
    StWait,
    StCompute,
    StDecide,
    StWrite
  } state_e;

  state_e state_d, state_q;
  logic [63:0] found_d, found_q;
  logic err_d, err_q;
  logic same_d, same_q;
  logic pick;  // an atomic begins, if the cache takes it
  logic core;  // what goes on is an atomic
  logic lr, sc, reserved;
  logic [63:0] result_q;

  assign pick = Cfg.Atomics && atomic_valid_i && !slot_i && state_q == StPass;
  assign lr = atomic_i.op == AtomicLr;
  assign sc = atomic_i.op == AtomicSc;

  always_comb begin
    same_d = same_q;
    if (state_q == StWait) begin
      same_d = 1'b1;
      for (int unsigned i = 0; i < 8; i++) begin
        if (req_i.strb[i] && cache_rdata_i[8*i+:8] != req_i.expected[8*i+:8]) same_d = 1'b0;
      end
    end
  end

  // ------------------------------------------------------------------ state machine

  logic ends;      // an atomic has nothing to write
  logic writes;    // what was accepted goes on to its write
  assign ends = lr || err_q || (sc && !reserved);
  assign writes = core || (!err_q && same_q);

  if (!Cfg.Format.HwAd && !Cfg.Atomics) begin : gen_pass
    logic unused;
    assign unused = ^{state_q, found_q, err_q, same_q, pick, ends, cache_retry_i, req_i};
    assign state_d = StPass;
    assign found_d = '0;
    assign err_d = 1'b0;
  end else begin : gen_rmw
    always_comb begin
      state_d = state_q;
      found_d = found_q;
      err_d = err_q;
      unique case (state_q)
        StPass: if ((pick || (req_valid_i && req_i.cas)) && cache_req_ready_i) state_d = StWait;
        StRead: if (cache_req_ready_i) state_d = StWait;
        StWait: begin
          found_d = cache_rdata_i;
          err_d = cache_err_i;
          if (cache_rsp_valid_i) state_d = core ? StCompute : StDecide;
          else if (cache_retry_i) state_d = StRead;
        end
        StCompute: state_d = ends ? StPass : StDecide;
        StDecide: begin
          if (!writes) state_d = StPass;
          else if (cache_req_ready_i) state_d = StWrite;
        end
        StWrite: begin
          if (cache_rsp_valid_i) state_d = StPass;
          else if (cache_retry_i) state_d = StDecide;
        end
        default: state_d = StPass;
      endcase
    end
  end

  // ------------------------------------------------------------------ the cache, and the walker's answers

  // The answer to a read of the walker may come after an atomic was accepted behind it, and turned away.
  logic walker_waits;
  assign walker_waits = state_q == StPass || (Cfg.Atomics && state_q == StRead && core);

  always_comb begin
    cache_slot_o = slot_i || (Cfg.Atomics && atomic_valid_i) || state_q != StPass;
    cache_req_valid_o = (state_q == StPass) ? req_valid_i || pick
                                            : state_q == StRead || (state_q == StDecide && writes);
    req_ready_o = state_q == StPass && cache_req_ready_i;
    cache_req_o = '{
        write: state_q == StDecide,
        uncached: !req_i.cacheable,
        through: req_i.through,
        strb: req_i.strb,
        addr: req_i.addr,
        wdata: Cfg.Format.HwAd ? req_i.desired : '0
    };
    if (core) begin
      cache_req_o.uncached = !atomic_i.cacheable;
      cache_req_o.through = 1'b0;
      cache_req_o.strb = atomic_i.strb;
      cache_req_o.addr = atomic_i.addr;
      cache_req_o.wdata = result_q;
    end
    rsp_valid_o = cache_rsp_valid_i;
    rsp_o = '{data: cache_rdata_i, err: cache_err_i, success: 1'b0};
    retry_o = cache_retry_i;
    if (!walker_waits) begin
      retry_o = 1'b0;
      rsp_valid_o = !core && ((state_q == StDecide && !writes) || (state_q == StWrite && cache_rsp_valid_i));
      rsp_o.data = found_q;
      rsp_o.err = err_q || (state_q == StWrite && cache_err_i);
      rsp_o.success = state_q == StWrite && !cache_err_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StPass;
    else state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    found_q <= found_d;
    err_q <= err_d;
    same_q <= same_d;
  end

  // ------------------------------------------------------------------ atomics

  if (Cfg.Atomics) begin : gen_atomics
    logic core_q, written;
    logic [63:0] result;
    assign core = (state_q == StPass) ? pick : core_q;
    assign written = state_q == StWrite && cache_rsp_valid_i;
    assign atomic_ready_o = pick && cache_req_ready_i;
    assign atomic_rsp_valid_o = core_q && ((state_q == StCompute && ends) || written);
    // An SC answers 0 if it has stored, else 1; in its lanes.
    assign atomic_rsp_o.data =
        sc ? ((state_q == StWrite) ? 64'd0 : {31'd0, !atomic_i.strb[0], 31'd0, 1'b1}) : found_q;
    assign events_o.done = atomic_rsp_valid_o && !atomic_rsp_o.err;
    assign events_o.sc_failed = events_o.done && sc && state_q == StCompute;
    assign atomic_rsp_o.err = err_q || (state_q == StWrite && cache_err_i);

    vm_amo u_amo (
        .op_i     (atomic_i.op),
        .double_i (&atomic_i.strb),
        .high_i   (!atomic_i.strb[0]),
        .old_i    (found_q),
        .operand_i(atomic_i.wdata),
        .result_o (result)
    );

    vm_reservation #(
        .Cfg(Cfg)
    ) u_reservation (
        .clk_i,
        .rst_ni,
        .addr_i     (atomic_i.addr),
        .reserved_o (reserved),
        .load_i     (core_q && lr && state_q == StCompute),
        .good_i     (!err_q),
        .end_i      (forget_i || (sc && atomic_rsp_valid_o)),
        .update_i   (!core_q && written && !cache_err_i),
        .update_addr_i(req_i.addr),
        .host_store_i,
        .host_addr_i
    );

    always_ff @(posedge clk_i) begin
      if (state_q == StPass) core_q <= pick;
      result_q <= result;
    end
  end else begin : gen_no_atomics
    logic unused;
    assign unused = ^{atomic_i, atomic_valid_i, host_store_i, host_addr_i, forget_i, lr, sc};
    assign core = 1'b0;
    assign reserved = 1'b0;
    assign result_q = '0;
    assign atomic_ready_o = 1'b0;
    assign atomic_rsp_valid_o = 1'b0;
    assign atomic_rsp_o = '0;
    assign events_o = '0;
  end

endmodule
