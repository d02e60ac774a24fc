// SPDX-License-Identifier: Apache-2.0
//
// Executes the commands of a frame one after the other, each when the one before has been answered, and appends their
// answers. Ends at the end of the batch, behind the first access that faults, and at a command there is none of.
module vm_link_engine
  import vm_pkg::*;
  import vm_link_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                  start_i,   // one cycle
    output logic                  done_o,    // one cycle
    output logic                  unknown_o, // with done_o: it ended at a command there is none of, or cut short
    input  length_t               length_i,
    output logic [BufferBits-1:0] in_addr_o,
    input  logic [7:0]            in_i,      // the byte that in_addr_o named a cycle before
    output logic                  append_o,
    output logic [7:0]            out_o,
    input  logic                  full_i,

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

  // Fields in the order in which a command has them.
  typedef enum logic [3:0] {
    StIdle,
    StOpcode,
    StFlags,
    StAddr,
    StShort,
    StData,
    StData1,
    StBegin,
    StRequest,
    StWait,
    StAnswer,
    StLanes
  } state_e;

  // ------------------------------------------------------------------ the batch, byte by byte

  length_t pos_d, pos_q;
  logic have_d, have_q, take, in_valid, in_end;
  assign in_addr_o = pos_q[BufferBits-1:0];
  assign in_valid = have_q && pos_q != length_i;
  assign in_end = pos_q == length_i;
  always_comb begin
    pos_d = take ? pos_q + 1'b1 : pos_q;
    have_d = !take;
    if (start_i) begin
      pos_d = '0;
      have_d = 1'b0;
    end
  end

  // ------------------------------------------------------------------ what a command consists of

  state_e state_d, state_q, next_field;
  logic [7:0] op_d, op_q, flags_d, flags_q;
  logic [63:0] addr_d, addr_q, data_d, data_q, data1_d, data1_q;
  logic [15:0] short_d, short_q;
  logic [3:0] count_d, count_q;  // bytes of the field that were taken
  logic [3:0] addr_bytes, data_bytes;
  logic has_flags, has_addr, has_short, has_data, has_data1, known;
  logic [7:0] op;  // in StOpcode the new one
  logic access, stores, answers;
  logic [3:0] size;
  logic [2:0] lane;  // of the next byte of data

  assign op = (state_q == StOpcode) ? in_i : op_q;
  assign access = op[7];
  assign size = 4'd1 << op[4:3];
  // Without the flags of an extended access there is no atomic.
  assign stores = op[6:5] == AccessStore || op[1];
  assign lane = 3'(count_q) + (op_q[7] ? addr_q[2:0] : 3'd0);
  assign answers = op_q[6:5] != AccessStore || (op_q[1] && flags_q[3:0] != AtomicNone);

  always_comb begin
    has_flags = 1'b0;
    has_addr = 1'b0;
    has_short = 1'b0;
    has_data = 1'b0;
    has_data1 = 1'b0;
    known = 1'b1;
    addr_bytes = 4'(PaBytes);
    data_bytes = 4'd8;
    if (access) begin
      has_flags = op[1];
      has_addr = 1'b1;
      addr_bytes = op[0] ? 4'd8 : 4'd5;
      has_data = stores;
      data_bytes = size;
    end else begin
      unique case (op)
        OpWord: has_flags = 1'b1;
        OpReset: ;
        OpRead, OpWrite, OpDigest: begin
          has_addr = 1'b1;
          has_short = 1'b1;
        end
        OpFill: begin
          has_addr = 1'b1;
          has_short = 1'b1;
          has_data = 1'b1;
        end
        OpCtl: begin
          has_flags = 1'b1;
          has_data = 1'b1;
        end
        OpFence: begin
          has_flags = 1'b1;
          has_addr = 1'b1;
          addr_bytes = 4'd8;
          has_short = 1'b1;
        end
        OpArrayRead: begin
          has_flags = 1'b1;
          has_addr = 1'b1;
          addr_bytes = 4'd2;  // way, word
          has_short = 1'b1;
        end
        OpArrayWrite: begin
          has_flags = 1'b1;
          has_addr = 1'b1;
          addr_bytes = 4'd2;
          has_short = 1'b1;
          has_data = 1'b1;
          has_data1 = 1'b1;
        end
        default: known = 1'b0;
      endcase
    end
    // The next field behind this one, or the command begins.
    next_field = StBegin;
    if (has_data1 && state_q < StData1) next_field = StData1;
    if (has_data && state_q < StData) next_field = StData;
    if (has_short && state_q < StShort) next_field = StShort;
    if (has_addr && state_q < StAddr) next_field = StAddr;
    if (has_flags && state_q < StFlags) next_field = StFlags;
  end

  // ------------------------------------------------------------------ requests

  logic port;  // 1: data
  logic physical, physical_done, physical_error, physical_take, physical_append;
  logic [31:0] physical_crc;
  logic [7:0] physical_out;
  assign port = op_q[6:5] != AccessFetch || (op_q[1] && flags_q[3:0] != AtomicNone);
  assign physical = !op_q[7] && (op_q == OpRead || op_q == OpWrite || op_q == OpFill || op_q == OpDigest);

  vm_link_physical #(
      .Cfg(Cfg)
  ) u_physical (
      .clk_i,
      .rst_ni,
      .start_i    (state_q == StBegin && physical),
      .op_i       (opcode_e'(op_q)),
      .addr_i     (addr_q[PaMax-1:0]),
      .count_i    (short_q),
      .pattern_i  (data_q),
      .done_o     (physical_done),
      .error_o    (physical_error),
      .crc_o      (physical_crc),
      .in_valid_i (in_valid),
      .in_end_i   (in_end),
      .in_i,
      .in_take_o  (physical_take),
      .out_valid_o(physical_append),
      .out_o      (physical_out),
      .host_req_valid_o,
      .host_req_ready_i,
      .host_req_o,
      .host_rsp_valid_i,
      .host_rsp_i
  );

  assign core_req_valid_o = (state_q == StRequest && op_q[7]) ? {port, !port} : 2'b00;
  assign core_req_o = '{
          id: '0,
          access: access_e'(op_q[6:5]),
          atomic: op_q[1] ? atomic_e'(flags_q[3:0]) : AtomicNone,
          user: op_q[2],
          sum: op_q[1] && flags_q[4],
          mxr: op_q[1] && flags_q[5],
          size: op_q[4:3],
          va: addr_q,
          wdata: data_q
      };
  assign ctl_req_valid_o = state_q == StRequest && op_q == OpCtl;
  assign ctl_req_o = '{id: '0, user: flags_q[7], index: ctl_reg_e'(flags_q[3:0]), data: data_q};
  assign fence_req_valid_o = state_q == StRequest && op_q == OpFence;
  assign fence_req_o = '{
          id: '0,
          user: flags_q[7],
          op: fence_op_e'(flags_q[2:0]),
          by_addr: flags_q[3],
          by_asid: flags_q[4],
          globals: flags_q[5],
          addr: addr_q,
          asid: short_q
      };
  assign array_req_valid_o = state_q == StRequest && (op_q == OpArrayRead || op_q == OpArrayWrite);
  assign array_req_o = '{
          flip: 1'b0,
          write: op_q == OpArrayWrite,
          array: array_e'({1'b0, flags_q[2:0]}),
          index: short_q,
          way: addr_q[7:0],
          word: addr_q[15:8],
          data0: data_q,
          data1: data1_q
      };
  assign word_index_o = flags_q;
  assign reset_o = state_q == StBegin && op_q == OpReset;

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
  core_rsp_t rsp;
  port_events_t port_events;
  logic accepted, answered;
  assign rsp = core_rsp_i[port];
  assign port_events = events_i.mmu.port[port];
  assign accepted = |(core_req_valid_o & core_req_ready_i);
  assign answered = state_q == StWait && op_q[7] && core_rsp_valid_i[port];

  always_comb begin
    seen_d = seen_q;
    if (state_q == StOpcode) seen_d = '0;
    if (op_q[7] && (accepted || state_q == StWait)) begin
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
  logic [3:0] lanes_d, lanes_q;                  // bytes of data behind it
  logic faulted;
  assign faulted = op_q[7] && rsp.fault.cause != FaultNone;

  function automatic logic [8*AnswerBytes-1:0] fault_answer(seen_t seen, fault_t fault);
    return {seen.cycles, fault.code, fault.pte, fault.pte_addr, fault.va, 1'b0, fault.by_entry, fault.level,
            fault.user, fault.access, 4'b0, fault.cause, 1'b1, 2'b0, seen.has_pa, seen.walk, seen.l2_hit, seen.l1_miss,
            seen.l1_hit};
  endfunction
  localparam int unsigned FaultBytes = AnswerBytes;

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
    op_d = op_q;
    flags_d = flags_q;
    addr_d = addr_q;
    short_d = short_q;
    data_d = data_q;
    data1_d = data1_q;
    count_d = count_q;
    answer_d = answer_q;
    left_d = left_q;
    lanes_d = lanes_q;
    take = physical_take;
    append_o = physical_append;
    out_o = physical_out;
    done_o = 1'b0;
    unknown_o = 1'b0;
    unique case (state_q)
      StIdle: if (start_i) state_d = StOpcode;
      StOpcode: begin
        count_d = '0;
        flags_d = '0;
        data_d = '0;
        left_d = '0;
        if (in_end) begin
          done_o = 1'b1;
          state_d = StIdle;
        end else if (in_valid) begin
          take = 1'b1;
          op_d = in_i;
          state_d = next_field;
          if (!known || full_i) begin
            append_o = 1'b1;
            out_o = AnswerUnknown;
            done_o = 1'b1;
            unknown_o = 1'b1;
            state_d = StIdle;
          end
        end
      end
      StFlags, StAddr, StShort, StData, StData1: begin
        if (in_end) begin  // cut short
          append_o = 1'b1;
          out_o = AnswerUnknown;
          done_o = 1'b1;
          unknown_o = 1'b1;
          state_d = StIdle;
        end else if (in_valid) begin
          take = 1'b1;
          count_d = count_q + 1'b1;
          unique case (state_q)
            StFlags: begin
              flags_d = in_i;
              count_d = '0;
              state_d = next_field;
            end
            StAddr: begin
              // The highest byte so far is the sign.
              addr_d = (count_q == '0) ? 64'($signed(in_i)) :
                  ((addr_q & ~({64{1'b1}} << (8 * count_q))) | (64'($signed(in_i)) << (8 * count_q)));
              if (count_d == addr_bytes) begin
                count_d = '0;
                state_d = next_field;
              end
            end
            StShort: begin
              short_d = {in_i, short_q[15:8]};
              if (count_d == 4'd2) begin
                count_d = '0;
                state_d = next_field;
              end
            end
            StData: begin
              // The data of an access travels in byte lanes; others have their first byte lowest.
              data_d[8*lane+:8] = in_i;
              if (count_d == data_bytes) begin
                count_d = '0;
                state_d = next_field;
              end
            end
            default: begin
              data1_d = {in_i, data1_q[63:8]};
              if (count_d == 4'd8) begin
                count_d = '0;
                state_d = next_field;
              end
            end
          endcase
        end
      end
      StBegin: state_d = (physical || op_q == OpWord || op_q == OpReset) ? StWait : StRequest;
      StRequest:
      if (|(core_req_valid_o & core_req_ready_i) || (ctl_req_valid_o && ctl_req_ready_i) ||
          (fence_req_valid_o && fence_req_ready_i) || (array_req_valid_o && array_req_ready_i)) begin
        state_d = StWait;
      end
      StWait: begin
        lanes_d = '0;
        count_d = '0;
        if (answered) begin
          state_d = StAnswer;
          answer_d = faulted ? fault_answer(seen_d, rsp.fault) : access_answer(seen_d);
          left_d = faulted ? 5'(FaultBytes) : 5'(PaBytes + 4);
          lanes_d = (answers && !faulted) ? size : '0;
          data_d = rsp.rdata;
        end
        if (!op_q[7]) begin
          unique case (op_q)
            OpWord: begin
              // Index in the cycle of StBegin, word two later.
              count_d = count_q + 1'b1;
              answer_d = (8*AnswerBytes)'(word_i);
              left_d = 5'd8;
              if (count_q == 4'd2) state_d = StAnswer;
            end
            OpReset: begin
              answer_d = '0;
              left_d = 5'd1;
              if (!reset_busy_i) state_d = StAnswer;
            end
            OpCtl: begin
              answer_d = (8*AnswerBytes)'(ctl_rsp_i.refused);
              left_d = 5'd1;
              if (ctl_rsp_valid_i) state_d = StAnswer;
            end
            OpFence: begin
              answer_d = (8*AnswerBytes)'(fence_rsp_i.refused);
              left_d = 5'd1;
              if (fence_rsp_valid_i) state_d = StAnswer;
            end
            OpArrayRead: begin
              answer_d = (8*AnswerBytes)'({array_rsp_i.data1, array_rsp_i.data0});
              left_d = 5'd16;
              if (array_rsp_valid_i) state_d = StAnswer;
            end
            OpArrayWrite: begin
              answer_d = '0;
              left_d = 5'd1;
              if (array_rsp_valid_i) state_d = StAnswer;
            end
            default: begin
              answer_d = (8*AnswerBytes)'(physical_error);
              left_d = 5'd1;
              if (op_q == OpDigest) begin
                answer_d = (8*AnswerBytes)'({7'h0, physical_error, physical_crc});
                left_d = 5'd5;
              end
              if (physical_done) state_d = StAnswer;
            end
          endcase
        end
      end
      StAnswer: begin
        append_o = 1'b1;
        out_o = answer_q[7:0];
        answer_d = answer_q >> 8;
        left_d = left_q - 1'b1;
        if (left_q == 5'd1) state_d = (lanes_q != '0) ? StLanes : StOpcode;
        // Behind an access that faulted nothing is done.
        if (left_q == 5'd1 && op_q[7] && count_q[3]) begin
          done_o = 1'b1;
          state_d = StIdle;
        end
      end
      default: begin  // StLanes
        append_o = 1'b1;
        out_o = data_q[8*lane+:8];
        count_d = count_q + 1'b1;
        if (count_d == lanes_q) state_d = StOpcode;
      end
    endcase
    // A fault is remembered in a bit of the count that nothing else has then.
    if (answered) count_d = {faulted, 3'b0};
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
    pos_q <= pos_d;
    have_q <= have_d;
    op_q <= op_d;
    flags_q <= flags_d;
    addr_q <= addr_d;
    short_q <= short_d;
    data_q <= data_d;
    data1_q <= data1_d;
    count_q <= count_d;
    answer_q <= answer_d;
    left_q <= left_d;
    lanes_q <= lanes_d;
    seen_q <= seen_d;
  end

  logic unused;
  assign unused = ^{ctl_rsp_i.id, fence_rsp_i.id, rsp.id, port_events.outcome, events_i};

endmodule
