// SPDX-License-Identifier: Apache-2.0
//
// The sequencer of everything that must not overlap with accesses: control writes, fences, cache maintenance, array
// accesses. One at a time: accepted into a register (control before fence before array, when they come together),
// then the core ports are blocked from the next cycle on, the accesses in flight end, the operation is carried out,
// and answered. So what was accepted before an operation sees the old world, what is accepted after it the new one,
// and a second fence waits in its channel: it is neither merged nor lost (M4, R23).
//
//   StIdle -> StDrain -> StAct -> StRespond
//
// StDrain lasts until idle_i (at least one cycle). StAct lasts 1 cycle for a control write, a refused request and a
// fence of everything or of one page; one cycle per set of the larger TLB for other scopes; as long as the
// cache takes for maintenance and array accesses. A control write that makes the TLBs forget one address space goes
// through them like a fence by ASID, after 1 cycle of its own. What concerns translations waits in StAct while the L2 TLB is
// still being swept (inv_busy_i). A user-mode fence is refused (R26).
module vm_seq
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0,
    parameter bit HasCaches = 1'b1  // 0: the caches are someone else's, cache operations are refused
) (
    input logic clk_i,
    input logic rst_ni,

    output logic block_o,
    input  logic idle_i,
    output logic drained_o,  // the accesses before it have ended: the operation is carried out from the next cycle on

    input  logic       ctl_req_valid_i,
    output logic       ctl_req_ready_o,
    input  ctl_req_t   ctl_req_i,
    output logic       ctl_rsp_valid_o,
    output ctl_rsp_t   ctl_rsp_o,
    input  logic       fence_req_valid_i,
    output logic       fence_req_ready_o,
    input  fence_req_t fence_req_i,
    output logic       fence_rsp_valid_o,
    output fence_rsp_t fence_rsp_o,
    output logic [4:0] fence_done_o,  // event: answered and not refused, one bit for each fence_op_e
    input  logic       array_req_valid_i,
    output logic       array_req_ready_o,
    input  array_req_t array_req_i,
    output logic       array_rsp_valid_o,
    output array_rsp_t array_rsp_o,

    output logic     ctl_apply_o,
    output ctl_req_t ctl_o,
    input  logic     ctl_refused_i,
    input  logic     ctl_forget_all_i,
    input  logic     ctl_forget_asid_i,
    input  context_t context_i,

    output tlb_inv_t tlb_inv_o,
    input  logic     inv_busy_i,

    // [0] instruction cache, [1] data cache
    output logic       [1:0] maint_valid_o,
    output maint_req_t       maint_o,
    input  logic       [1:0] maint_done_i,

    // Array port of fetch TLB, data TLB (combinational), L2 TLB and walk caches (no answer), and of the caches
    output array_req_t       array_o,
    output logic       [3:0] tlb_array_valid_o,
    input  array_rsp_t [1:0] tlb_array_rsp_i,
    output logic       [1:0] cache_array_valid_o,
    output logic             cache_array_is_tag_o,
    input  logic       [1:0] cache_array_done_i,
    input  array_rsp_t [1:0] cache_array_rsp_i,
    output logic       [1:0] lower_array_valid_o,  // L2 and L3 cache
    input  logic       [1:0] lower_array_done_i
);

  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned VaBits = 32'(Cfg.VaBits);
  localparam int unsigned ISets = (Cfg.Itlb.Ways != 0) ? 32'(Cfg.Itlb.Sets) : 1;
  localparam int unsigned DSets = (Cfg.Dtlb.Ways != 0) ? 32'(Cfg.Dtlb.Sets) : 1;
  localparam int unsigned ScanSets = (ISets > DSets) ? ISets : DSets;
  localparam int unsigned ScanW = idx_bits(ScanSets);

  typedef enum logic [1:0] {
    StIdle,
    StDrain,
    StAct,
    StRespond
  } state_e;

  typedef enum logic [1:0] {
    KindCtl,
    KindFence,
    KindArray
  } kind_e;

  state_e state_d, state_q;
  kind_e kind_d, kind_q;
  ctl_req_t ctl_d, ctl_q;
  fence_req_t fence_d, fence_q;
  array_req_t array_d, array_q;
  array_rsp_t array_rsp_d, array_rsp_q;
  logic refused_d, refused_q;
  logic [ScanW-1:0] scan_d, scan_q;
  logic second_d, second_q;  // FetchSync: the instruction cache's turn

  logic forget_d, forget_q;  // a control write's address space is being forgotten
  logic by_asid, scan_last, scan_all, inv_wait, va_legal, pa_legal, array_cache;
  logic is_tlb_array, is_shared_array, is_lower_array, is_l3_array;
  assign by_asid = fence_q.by_asid && Cfg.AsidBits != 0;
  assign scan_all = !by_asid && fence_q.globals;
  assign scan_last = scan_q == ScanW'(ScanSets - 1);
  assign inv_wait = inv_busy_i && ((kind_q == KindFence && fence_q.op == FenceTlb) ||
      (kind_q == KindCtl && ctl_q.index >= CtlRoot) || (kind_q == KindArray && is_shared_array));

  // An address that the mode in force does not have (Bare: the widest) is translated by nothing (R21, X22).
  always_comb begin
    va_legal = 1'b1;
    for (int unsigned l = 32'(Cfg.Format.MinLevels); l <= 32'(Cfg.Format.Levels); l++) begin
      if (Cfg.Format.MinLevels == Cfg.Format.Levels ||
          l == (context_i.translate ? 32'(context_i.levels) : 32'(Cfg.Format.Levels))) begin
        va_legal = !upper_bad(Cfg.Format.UpperVa, fence_q.addr, PageBits + index_lsb(Cfg.Format, l));
      end
    end
  end
  // A line that no address on the bus can name is in no cache; its low bits must not pick another one.
  assign pa_legal = !fence_q.by_addr || (fence_q.addr >> Cfg.BusBits) == '0;
  assign is_tlb_array = array_q.array == ArrayItlb || array_q.array == ArrayDtlb;
  // The walker's: its arrays only flip bits.
  assign is_shared_array = Cfg.Parity && (array_q.array == ArrayL2Tlb || array_q.array == ArrayWalkCache);
  assign is_lower_array = array_q.array >= ArrayL2CacheTag;
  assign is_l3_array = array_q.array == ArrayL3CacheTag || array_q.array == ArrayL3CacheData;
  assign array_cache = array_q.array == ArrayDcacheTag || array_q.array == ArrayDcacheData;

  assign block_o = state_q != StIdle;
  assign drained_o = state_q == StDrain && idle_i;
  assign ctl_req_ready_o = state_q == StIdle;
  assign fence_req_ready_o = state_q == StIdle && !ctl_req_valid_i;
  assign array_req_ready_o = state_q == StIdle && !ctl_req_valid_i && !fence_req_valid_i;

  assign ctl_o = ctl_q;
  assign array_o = array_q;
  assign cache_array_is_tag_o = array_q.array == ArrayIcacheTag || array_q.array == ArrayDcacheTag ||
      array_q.array == ArrayL2CacheTag || array_q.array == ArrayL3CacheTag;

  always_comb begin
    state_d = state_q;
    kind_d = kind_q;
    ctl_d = ctl_q;
    fence_d = fence_q;
    array_d = array_q;
    array_rsp_d = array_rsp_q;
    refused_d = refused_q;
    scan_d = scan_q;
    second_d = second_q;
    forget_d = forget_q;
    ctl_apply_o = 1'b0;
    tlb_inv_o = '0;
    tlb_inv_o.compare = state_q == StAct;  // from a register: the TLBs' keys are chosen with it
    tlb_inv_o.vpn = VaMax'(fence_q.addr[VaBits-1:PageBits]);
    tlb_inv_o.asid = fence_q.asid;
    tlb_inv_o.by_vpn = fence_q.by_addr;
    tlb_inv_o.by_asid = by_asid;
    tlb_inv_o.globals = fence_q.globals;
    if (kind_q == KindCtl) begin
      tlb_inv_o.asid = context_i.asid;
      tlb_inv_o.by_vpn = 1'b0;
      tlb_inv_o.by_asid = forget_q;
      tlb_inv_o.globals = !forget_q;
    end
    if (!tlb_inv_o.by_vpn) tlb_inv_o.vpn = VaMax'(scan_q);
    maint_valid_o = '0;
    maint_o = '{
        clean: fence_q.op == CacheClean || fence_q.op == CacheCleanInvalidate ||
            (fence_q.op == FetchSync && !second_q),
        invalidate: fence_q.op == CacheInvalidate || fence_q.op == CacheCleanInvalidate ||
            (fence_q.op == FetchSync && second_q),
        by_addr: fence_q.by_addr,
        addr: fence_q.addr[PaMax-1:0]
    };
    tlb_array_valid_o = '0;
    cache_array_valid_o = '0;
    lower_array_valid_o = '0;

    unique case (state_q)
      StIdle: begin
        scan_d = '0;
        second_d = 1'b0;
        forget_d = 1'b0;
        refused_d = 1'b0;
        ctl_d = ctl_req_i;
        fence_d = fence_req_i;
        array_d = array_req_i;
        if (ctl_req_valid_i) begin
          kind_d = KindCtl;
          state_d = StDrain;
        end else if (fence_req_valid_i) begin
          kind_d = KindFence;
          state_d = StDrain;
        end else if (array_req_valid_i) begin
          kind_d = KindArray;
          state_d = StDrain;
        end
      end
      StDrain: if (idle_i) state_d = StAct;
      StAct: begin
        unique case (kind_q)
          KindCtl: begin
            if (forget_q) begin
              tlb_inv_o.start = scan_q == '0;
              tlb_inv_o.set_valid = 1'b1;
              scan_d = scan_q + 1'b1;
              if (scan_last) state_d = StRespond;
            end else if (!inv_wait) begin
              ctl_apply_o = 1'b1;
              refused_d = ctl_refused_i;
              tlb_inv_o.start = !ctl_refused_i && ctl_forget_all_i;
              tlb_inv_o.all = tlb_inv_o.start;
              forget_d = !ctl_refused_i && ctl_forget_asid_i && !ctl_forget_all_i;
              if (!forget_d) state_d = StRespond;
            end
          end
          KindFence: begin
            if (fence_q.user || (!HasCaches && fence_q.op != FenceTlb)) begin
              refused_d = 1'b1;
              state_d = StRespond;
            end else if (inv_wait && scan_q == '0) begin
              state_d = StAct;
            end else if (fence_q.op == FenceTlb) begin
              tlb_inv_o.start = scan_q == '0 && (!fence_q.by_addr || va_legal);
              tlb_inv_o.all = !fence_q.by_addr && scan_all;
              tlb_inv_o.set_valid = (fence_q.by_addr && va_legal) || (!fence_q.by_addr && !scan_all);
              scan_d = scan_q + 1'b1;
              if (fence_q.by_addr || scan_all || scan_last) state_d = StRespond;
            end else if (!pa_legal) begin
              state_d = StRespond;
            end else begin
              maint_valid_o[!second_q] = 1'b1;
              if (maint_done_i[!second_q]) begin
                second_d = 1'b1;
                if (fence_q.op != FetchSync || second_q) state_d = StRespond;
              end
            end
          end
          default: begin
            if (is_shared_array) begin
              array_rsp_d = '0;
              if (!inv_wait) begin
                tlb_array_valid_o[3:2] = {array_q.array == ArrayWalkCache, array_q.array == ArrayL2Tlb};
                state_d = StRespond;
              end
            end else if (is_lower_array) begin
              array_rsp_d = '0;
              lower_array_valid_o[is_l3_array] = 1'b1;
              if (lower_array_done_i[is_l3_array]) state_d = StRespond;
            end else if (is_tlb_array) begin
              tlb_array_valid_o[1:0] = {array_q.array == ArrayDtlb, array_q.array == ArrayItlb};
              array_rsp_d = tlb_array_rsp_i[array_q.array == ArrayDtlb];
              state_d = StRespond;
            end else begin
              cache_array_valid_o[array_cache] = 1'b1;
              array_rsp_d = cache_array_rsp_i[array_cache];
              if (cache_array_done_i[array_cache]) state_d = StRespond;
            end
            if (!Cfg.ArrayPort) state_d = StRespond;
          end
        endcase
      end
      StRespond: state_d = StIdle;
      default: state_d = StIdle;
    endcase
  end

  assign ctl_rsp_valid_o = state_q == StRespond && kind_q == KindCtl;
  assign ctl_rsp_o = '{id: ctl_q.id, refused: refused_q};
  assign fence_rsp_valid_o = state_q == StRespond && kind_q == KindFence;
  assign fence_rsp_o = '{id: fence_q.id, refused: refused_q};
  assign fence_done_o = (fence_rsp_valid_o && !refused_q) ? 5'd1 << fence_q.op : '0;
  assign array_rsp_valid_o = state_q == StRespond && kind_q == KindArray;
  assign array_rsp_o = Cfg.ArrayPort ? array_rsp_q : '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    kind_q <= kind_d;
    ctl_q <= ctl_d;
    fence_q <= fence_d;
    array_q <= array_d;
    array_rsp_q <= array_rsp_d;
    refused_q <= refused_d;
    scan_q <= scan_d;
    second_q <= second_d;
    forget_q <= forget_d;
  end

endmodule
