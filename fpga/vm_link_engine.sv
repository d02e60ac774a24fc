// SPDX-License-Identifier: Apache-2.0
//
// Executes a command of the host link, and appends its answer. Bytes that a write has behind it are taken one by one.
module vm_link_engine
  import vm_pkg::*;
  import vm_link_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic       command_valid_i,  // one cycle; the command stays as it is until command_done_o
    input  command_t   command_i,
    output logic       command_done_o,   // one cycle
    output logic       command_last_o,   // with it: an access that faulted, behind which nothing is done
    input  logic       byte_valid_i,
    input  logic       byte_end_i,
    input  logic [7:0] byte_i,
    output logic       byte_take_o,
    output logic       append_o,
    output logic [7:0] out_o,

    output logic [7:0]  word_index_o,  // OpWord: the word is there in the next cycle but one
    input  logic [63:0] word_i,
    output logic        reset_o,       // one cycle: the machine goes through reset
    input  logic        reset_busy_i,

    output logic [1:0] core_req_valid_o,  // [0] fetch, [1] data
    input  logic [1:0] core_req_ready_i,
    output core_req_t  core_req_o,
    input  logic [1:0] core_rsp_valid_i,
    input  core_rsp_t [1:0] core_rsp_i,
    input  piece_t [1:0] pieces_i,
    input  events_t    events_i,
    input  logic       mem_read_i,        // a request is accepted on the memory port
    input  logic       mem_write_i,

    output logic       host_req_valid_o,
    input  logic       host_req_ready_i,
    output host_req_t  host_req_o,
    input  logic       host_rsp_valid_i,
    input  host_rsp_t  host_rsp_i,
    output logic       ctl_req_valid_o,
    input  logic       ctl_req_ready_i,
    output ctl_req_t   ctl_req_o,
    input  logic       ctl_rsp_valid_i,
    input  ctl_rsp_t   ctl_rsp_i,
    output logic       fence_req_valid_o,
    input  logic       fence_req_ready_i,
    output fence_req_t fence_req_o,
    input  logic       fence_rsp_valid_i,
    input  fence_rsp_t fence_rsp_i,
    output logic       array_req_valid_o,
    input  logic       array_req_ready_i,
    output array_req_t array_req_o,
    input  logic       array_rsp_valid_i,
    input  array_rsp_t array_rsp_i
);

  localparam int unsigned PaBytes = pa_bytes(Cfg);
  localparam int unsigned AnswerBytes = 30;

  typedef enum logic [2:0] {
    StIdle,
    StRequest,
    StWait,
    StCompose,
    StAnswer,
    StLanes
  } state_e;

  state_e state_d, state_q;
  logic access, answers;
  logic [7:0] op, flags;
  assign op = command_i.op;
  assign flags = command_i.flags;
  assign access = op[7];
  // Without the flags of an extended access there is no atomic.
  assign answers = op[6:5] != AccessStore || (op[1] && flags[3:0] != AtomicNone);

  // ------------------------------------------------------------------ requests

  logic port;  // 1: data
  logic physical, physical_done, physical_error, physical_append;
  logic [31:0] physical_crc;
  logic [7:0] physical_out;
  assign port = op[6:5] != AccessFetch || (op[1] && flags[3:0] != AtomicNone);
  assign physical = !access && (op == OpRead || op == OpWrite || op == OpFill || op == OpDigest);

  vm_link_physical #(
      .Cfg(Cfg)
  ) u_physical (
      .clk_i,
      .rst_ni,
      .start_i    (state_q == StIdle && command_valid_i && physical),
      .op_i       (opcode_e'(op)),
      .addr_i     (command_i.addr[PaMax-1:0]),
      .count_i    (command_i.number),
      .pattern_i  (command_i.data),
      .done_o     (physical_done),
      .error_o    (physical_error),
      .crc_o      (physical_crc),
      .in_valid_i (byte_valid_i),
      .in_end_i   (byte_end_i),
      .in_i       (byte_i),
      .in_take_o  (byte_take_o),
      .out_valid_o(physical_append),
      .out_o      (physical_out),
      .host_req_valid_o,
      .host_req_ready_i,
      .host_req_o,
      .host_rsp_valid_i,
      .host_rsp_i
  );

  assign core_req_valid_o = (state_q == StRequest && access) ? {port, !port} : 2'b00;
  assign core_req_o = '{
          id: '0,
          access: access_e'(op[6:5]),
          atomic: op[1] ? atomic_e'(flags[3:0]) : AtomicNone,
          user: op[2],
          sum: op[1] && flags[4],
          mxr: op[1] && flags[5],
          size: op[4:3],
          va: command_i.addr,
          wdata: command_i.data
      };
  assign ctl_req_valid_o = state_q == StRequest && op == OpCtl;
  assign ctl_req_o = '{id: '0, user: flags[7], index: ctl_reg_e'(flags[3:0]), data: command_i.data};
  assign fence_req_valid_o = state_q == StRequest && op == OpFence;
  assign fence_req_o = '{
          id: '0,
          user: flags[7],
          op: fence_op_e'(flags[2:0]),
          by_addr: flags[3],
          by_asid: flags[4],
          globals: flags[5],
          addr: command_i.addr,
          asid: command_i.number
      };
  assign array_req_valid_o = state_q == StRequest && (op == OpArrayRead || op == OpArrayWrite);
  assign array_req_o = '{
          flip: 1'b0,
          write: op == OpArrayWrite,
          array: array_e'({1'b0, flags[2:0]}),
          index: command_i.number,
          way: command_i.addr[7:0],
          word: command_i.addr[15:8],
          data0: command_i.data,
          data1: command_i.data1
      };
  assign word_index_o = flags;
  assign reset_o = state_q == StIdle && command_valid_i && op == OpReset;

  // ------------------------------------------------------------------ what is seen of an access

  typedef struct packed {
    logic [3:0] writes;  // accepted on the memory port; stop at the largest value, as all here
    logic [3:0] reads;
    logic [15:0] cycles;  // from acceptance to the answer
    logic [PaMax-1:0] pa;  // of the first piece
    logic has_pa;
    logic walk;
    logic l2_hit;
    logic l1_miss;
    logic l1_hit;
  } seen_t;
  seen_t seen_d, seen_q;
  core_rsp_t rsp_d, rsp_q;
  port_events_t port_events;
  logic accepted, answered, faulted;
  assign port_events = events_i.mmu.port[port];
  assign accepted = |(core_req_valid_o & core_req_ready_i);
  assign answered = core_rsp_valid_i[port];
  assign faulted = rsp_q.fault.cause != FaultNone;

  always_comb begin
    seen_d = seen_q;
    if (state_q == StIdle) seen_d = '0;
    if (access && (accepted || state_q == StWait)) begin
      if (mem_read_i && seen_q.reads != '1) seen_d.reads = seen_q.reads + 1'b1;
      if (mem_write_i && seen_q.writes != '1) seen_d.writes = seen_q.writes + 1'b1;
      if (state_q == StWait && seen_q.cycles != '1) seen_d.cycles = seen_q.cycles + 1'b1;
      seen_d.walk = seen_q.walk || events_i.mmu.walker.walk;
      seen_d.l2_hit = seen_q.l2_hit || port_events.l2_hit;
      seen_d.l1_miss = seen_q.l1_miss || port_events.l1_miss;
      seen_d.l1_hit = seen_q.l1_hit || port_events.l1_base || port_events.l1_super;
      if (pieces_i[port].valid && !seen_q.has_pa) begin
        seen_d.has_pa = 1'b1;
        seen_d.pa = pieces_i[port].pa;
      end
    end
  end

  // ------------------------------------------------------------------ answers

  logic [8*AnswerBytes-1:0] answer_d, answer_q;  // the first byte lowest
  logic [4:0] left_d, left_q;                    // bytes of it that are still to be appended
  logic [3:0] count_d, count_q;                  // cycles of a word; bytes of data that were appended
  logic [2:0] lane;                              // of the next of them

  assign lane = 3'(count_q) + command_i.addr[2:0];

  function automatic logic [8*AnswerBytes-1:0] fault_answer(seen_t seen, fault_t fault);
    return {seen.cycles, fault.code, fault.pte, fault.pte_addr, fault.va, 1'b0, fault.by_entry, fault.level,
            fault.user, fault.access, 4'b0, fault.cause, 1'b1, 2'b0, seen.has_pa, seen.walk, seen.l2_hit, seen.l1_miss,
            seen.l1_hit};
  endfunction

  function automatic logic [8*AnswerBytes-1:0] access_answer(seen_t seen);
    logic [8*AnswerBytes-1:0] a;
    a = '0;
    a[7:0] = {3'b0, seen.has_pa, seen.walk, seen.l2_hit, seen.l1_miss, seen.l1_hit};
    a[8+:8*PaBytes] = seen.pa[8*PaBytes-1:0];
    a[8+8*PaBytes+:16] = seen.cycles;
    a[24+8*PaBytes+:8] = {seen.writes, seen.reads};
    return a;
  endfunction

  always_comb begin
    state_d = state_q;
    rsp_d = rsp_q;
    count_d = count_q;
    answer_d = answer_q;
    left_d = left_q;
    append_o = physical_append;
    out_o = physical_out;
    command_done_o = 1'b0;
    command_last_o = 1'b0;
    unique case (state_q)
      StIdle: begin
        count_d = '0;
        if (command_valid_i) state_d = (physical || op == OpWord || op == OpReset) ? StWait : StRequest;
      end
      StRequest:
      if (accepted || (ctl_req_valid_o && ctl_req_ready_i) || (fence_req_valid_o && fence_req_ready_i) ||
          (array_req_valid_o && array_req_ready_i)) begin
        state_d = StWait;
      end
      StWait:
      if (access) begin
        rsp_d = core_rsp_i[port];
        if (answered) state_d = StCompose;
      end else begin
        left_d = 5'd1;
        unique case (op)
          OpWord: begin
            // The index is there since StIdle, the word two cycles later.
            count_d = count_q + 1'b1;
            answer_d = (8*AnswerBytes)'(word_i);
            left_d = 5'd8;
            if (count_q == 4'd2) state_d = StAnswer;
          end
          OpReset: begin
            answer_d = '0;
            if (!reset_busy_i) state_d = StAnswer;
          end
          OpCtl: begin
            answer_d = (8*AnswerBytes)'(ctl_rsp_i.refused);
            if (ctl_rsp_valid_i) state_d = StAnswer;
          end
          OpFence: begin
            answer_d = (8*AnswerBytes)'(fence_rsp_i.refused);
            if (fence_rsp_valid_i) state_d = StAnswer;
          end
          OpArrayRead: begin
            answer_d = (8*AnswerBytes)'({array_rsp_i.data1, array_rsp_i.data0});
            left_d = 5'd16;
            if (array_rsp_valid_i) state_d = StAnswer;
          end
          OpArrayWrite: begin
            answer_d = '0;
            if (array_rsp_valid_i) state_d = StAnswer;
          end
          default: begin
            answer_d = (8*AnswerBytes)'(physical_error);
            if (op == OpDigest) begin
              answer_d = (8*AnswerBytes)'({7'h0, physical_error, physical_crc});
              left_d = 5'd5;
            end
            if (physical_done) state_d = StAnswer;
          end
        endcase
      end
      // An answer of the machine comes late in its cycle: what becomes of it is decided in the next.
      StCompose: begin
        answer_d = faulted ? fault_answer(seen_q, rsp_q.fault) : access_answer(seen_q);
        left_d = faulted ? 5'(AnswerBytes) : 5'(PaBytes + 4);
        state_d = StAnswer;
      end
      StAnswer: begin
        append_o = 1'b1;
        out_o = answer_q[7:0];
        answer_d = answer_q >> 8;
        left_d = left_q - 1'b1;
        count_d = '0;
        if (left_q == 5'd1) begin
          if (access && answers && !faulted) begin
            state_d = StLanes;
          end else begin
            state_d = StIdle;
            command_done_o = 1'b1;
            command_last_o = access && faulted;
          end
        end
      end
      default: begin  // StLanes
        append_o = 1'b1;
        out_o = rsp_q.rdata[8*lane+:8];
        count_d = count_q + 1'b1;
        if (count_d == 4'd1 << op[4:3]) begin
          state_d = StIdle;
          command_done_o = 1'b1;
        end
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
    rsp_q <= rsp_d;
    count_q <= count_d;
    answer_q <= answer_d;
    left_q <= left_d;
    seen_q <= seen_d;
  end

  logic unused;
  assign unused = ^{ctl_rsp_i.id, fence_rsp_i.id, rsp_q.id, port_events.outcome, events_i};

endmodule
