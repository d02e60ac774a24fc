// SPDX-License-Identifier: Apache-2.0
//
// In front of a core port: cuts an access that does not lie in one aligned unit (unit_bytes) into pieces that do.
//
// An access inside one unit passes through combinationally, at no cost. Any other is taken when the port is empty
// and done in two rounds: first every piece is translated (probe), then every piece is performed at the physical
// address found. So nothing takes effect before the last byte is known to be allowed, whatever happens to the
// tables meanwhile (R34, X28, M19). The first fault ends it; its va is the first byte of the access in that piece.
// A bus error on the data of a later piece is reported after the earlier pieces were performed.
//
// An LR, SC or AMO is taken when the port is empty, too. One that is no aligned word or doubleword is refused, before any
// translation (R34); the others are translated (probe), then performed by vm_rmw at the physical address found.
//
// Latency of n pieces: n probes and n physical accesses, each offered 2 cycles after the answer of the one before; the
// core is answered in the cycle of the last, or of the first fault. Of an atomic: the probe is offered in the cycle after
// acceptance, or it is refused in that cycle; it is offered to vm_rmw in the cycle after the probe's answer, and the core is
// answered in the cycle of its answer.
module vm_split
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic      block_i,  // accept nothing from the core
    output logic      idle_o,
    input  logic      core_req_valid_i,
    output logic      core_req_ready_o,
    input  core_req_t core_req_i,
    output logic      core_rsp_valid_o,
    output core_rsp_t core_rsp_o,

    output logic      unit_req_valid_o,
    input  logic      unit_req_ready_i,
    output unit_req_t unit_req_o,
    input  logic      unit_rsp_valid_i,
    input  unit_rsp_t unit_rsp_i,
    input  logic      port_idle_i,

    // To vm_rmw (Atomics); the payload holds until the answer
    output logic        atomic_valid_o,
    input  logic        atomic_ready_i,
    output atomic_req_t atomic_o,
    input  logic        atomic_rsp_valid_i,
    input  atomic_rsp_t atomic_rsp_i
);

  localparam int unsigned Unit = unit_bytes(Cfg);
  localparam int unsigned OffBits = $clog2(Unit);
  localparam int unsigned MaxPieces = (8 + 2 * Unit - 2) / Unit;
  localparam int unsigned MaskBits = MaxPieces * Unit;

  typedef enum logic [3:0] {
    StPass,
    StProbe,
    StProbeWait,
    StAccess,
    StAccessWait,
    StNext,    // between two pieces
    StRefuse,  // atomics
    StAtomic,
    StAtomicWait
  } state_e;

  // Bytes of an access, counted from the start of its first unit.
  function automatic logic [MaskBits-1:0] byte_mask(logic [VaMax-1:0] va, logic [1:0] size);
    return MaskBits'((32'd1 << (32'd1 << size)) - 1) << va[OffBits-1:0];
  endfunction

  // The part of it in one unit, in byte lanes.
  function automatic logic [7:0] unit_strb(logic [Unit-1:0] bytes, logic [VaMax-1:0] va);
    return (Unit == 8) ? 8'(bytes) : (va[2] ? {4'(bytes), 4'b0} : {4'b0, 4'(bytes)});
  endfunction

  state_e state_d, state_q;
  core_req_t req_d, req_q;
  logic probing_d, probing_q;  // first round
  logic [1:0] piece_d, piece_q;
  logic [MaxPieces-1:0][PaMax-1:0] pa_d, pa_q;
  logic [3:0] cacheable_d, cacheable_q, through_d, through_q;
  logic [63:0] rdata_d, rdata_q;

  logic [MaskBits-1:0] req_mask, mask;
  logic split, atomic;
  assign req_mask = byte_mask(core_req_i.va, core_req_i.size);
  assign atomic = Cfg.Atomics && core_req_i.atomic != AtomicNone;
  assign split = req_mask[MaskBits-1:Unit] != '0 || atomic;

  function automatic logic misaligned(logic [VaMax-1:0] va, logic [1:0] size);
    return size < 2'd2 || va[1:0] != '0 || (size == 2'd3 && va[2]);
  endfunction
  // Of what was taken.
  logic is_atomic;
  assign is_atomic = Cfg.Atomics && req_q.atomic != AtomicNone;

  logic [VaMax-1:0] piece_va_d, piece_va_q;  // first byte of the piece; a register, as it feeds the TLB in S0
  logic [7:0] piece_strb;
  logic last_piece;
  logic [VaMax-1:0] next_va;
  assign mask = byte_mask(req_q.va, req_q.size);
  assign next_va = {piece_va_q[VaMax-1:OffBits] + 1'b1, OffBits'(0)};
  always_comb begin
    piece_strb = unit_strb(mask[Unit*32'(piece_q)+:Unit], piece_va_q);
    last_piece = 1'b1;
    for (int unsigned i = 1; i < MaxPieces; i++) begin
      if (i > 32'(piece_q) && mask[Unit*i+:Unit] != '0) last_piece = 1'b0;
    end
  end

  always_comb begin
    state_d = state_q;
    req_d = req_q;
    probing_d = probing_q;
    piece_d = piece_q;
    piece_va_d = piece_va_q;
    pa_d = pa_q;
    cacheable_d = cacheable_q;
    through_d = through_q;
    rdata_d = rdata_q;

    core_req_ready_o = 1'b0;
    core_rsp_valid_o = 1'b0;
    core_rsp_o = '{id: unit_rsp_i.id, rdata: unit_rsp_i.rdata, fault: unit_rsp_i.fault};
    // The last piece brings its own lanes, the pieces before it theirs; a bus error names the virtual address.
    for (int unsigned i = 0; i < 8; i++) begin
      if (state_q == StAccessWait && !piece_strb[i]) core_rsp_o.rdata[8*i+:8] = rdata_q[8*i+:8];
    end
    if (state_q == StAccessWait) core_rsp_o.fault.va = piece_va_q;
    if (Cfg.Atomics && (state_q == StRefuse || state_q == StAtomicWait)) begin
      core_rsp_o = '{id: req_q.id, rdata: atomic_rsp_i.data, fault: '0};
      if (state_q == StRefuse) core_rsp_o.fault.cause = FaultMisaligned;
      else if (atomic_rsp_i.err) core_rsp_o.fault.cause = FaultBus;
      core_rsp_o.fault.access = req_q.access;
      core_rsp_o.fault.user = req_q.user;
      core_rsp_o.fault.va = req_q.va;
    end

    unit_req_valid_o = 1'b0;
    unit_req_o = '{
        id: req_q.id,
        access: req_q.access,
        user: req_q.user,
        sum: req_q.sum,
        mxr: req_q.mxr,
        atomic: is_atomic,
        amo: is_atomic && req_q.atomic >= AtomicSwap,
        probe: state_q == StProbe,
        phys: state_q == StAccess,
        uncached: !cacheable_q[piece_q],
        through: through_q[piece_q],
        strb: piece_strb,
        va: (state_q == StAccess) ? VaMax'(pa_q[piece_q]) : piece_va_q,
        wdata: req_q.wdata
    };

    unique case (state_q)
      StPass: begin
        unit_req_valid_o = core_req_valid_i && !split && !block_i;
        unit_req_o = '{
            id: core_req_i.id,
            access: core_req_i.access,
            user: core_req_i.user,
            sum: core_req_i.sum,
            mxr: core_req_i.mxr,
            atomic: 1'b0,
            amo: 1'b0,
            probe: 1'b0,
            phys: 1'b0,
            uncached: 1'b0,
            through: 1'b0,
            strb: unit_strb(req_mask[Unit-1:0], core_req_i.va),
            va: core_req_i.va,
            wdata: core_req_i.wdata
        };
        core_req_ready_o = !block_i && (split ? port_idle_i : unit_req_ready_i);
        core_rsp_valid_o = unit_rsp_valid_i;
        req_d = core_req_i;
        probing_d = 1'b1;
        piece_d = '0;
        piece_va_d = core_req_i.va;
        if (core_req_valid_i && split && core_req_ready_o) begin
          state_d = (atomic && misaligned(core_req_i.va, core_req_i.size)) ? StRefuse : StProbe;
        end
      end
      StProbe: begin
        unit_req_valid_o = 1'b1;
        if (unit_req_ready_i) state_d = StProbeWait;
      end
      StProbeWait: begin
        cacheable_d[piece_q] = unit_rsp_i.cacheable;
        through_d[piece_q] = unit_rsp_i.through;
        pa_d[piece_q] = unit_rsp_i.pa;  // the last cycle here is the one of the answer
        if (unit_rsp_valid_i) begin
          core_rsp_valid_o = unit_rsp_i.fault.cause != FaultNone;
          state_d = core_rsp_valid_o ? StPass : is_atomic ? StAtomic : StNext;
        end
      end
      StAccess: begin
        unit_req_valid_o = 1'b1;
        if (unit_req_ready_i) state_d = StAccessWait;
      end
      StAccessWait: begin
        rdata_d = core_rsp_o.rdata;
        if (unit_rsp_valid_i) begin
          core_rsp_valid_o = last_piece || unit_rsp_i.fault.cause != FaultNone;
          state_d = core_rsp_valid_o ? StPass : StNext;
        end
      end
      StNext: begin
        piece_d = piece_q + 2'd1;
        piece_va_d = next_va;
        if (last_piece) begin
          piece_d = '0;
          piece_va_d = req_q.va;
          probing_d = 1'b0;
        end
        state_d = probing_d ? StProbe : StAccess;
      end
      StRefuse: begin
        core_rsp_valid_o = Cfg.Atomics;
        state_d = StPass;
      end
      StAtomic: if (!Cfg.Atomics || atomic_ready_i) state_d = StAtomicWait;
      StAtomicWait: begin
        core_rsp_valid_o = atomic_rsp_valid_i;
        if (!Cfg.Atomics || atomic_rsp_valid_i) state_d = StPass;
      end
      default: state_d = StPass;
    endcase
  end

  assign idle_o = state_q == StPass && port_idle_i;
  assign atomic_valid_o = Cfg.Atomics && state_q == StAtomic;
  assign atomic_o = '{
          op: req_q.atomic,
          cacheable: cacheable_q[0],
          strb: unit_strb(mask[Unit-1:0], req_q.va),
          addr: pa_q[0],
          wdata: req_q.wdata
      };

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StPass;
    else state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    req_q <= req_d;
    probing_q <= probing_d;
    piece_q <= piece_d;
    piece_va_q <= piece_va_d;
    pa_q <= pa_d;
    cacheable_q <= cacheable_d;
    through_q <= through_d;
    rdata_q <= rdata_d;
  end

endmodule
