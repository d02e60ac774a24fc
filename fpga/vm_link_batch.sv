// SPDX-License-Identifier: Apache-2.0
//
// Takes the payload of a frame apart into its commands, and has them executed one after the other, each when the one before has
// been answered. Ends at the end of the payload, behind the first access that faults, and at a command there is none of.
//
// Between the frame's block RAM, whose output is late in the cycle, and all that depends on a byte there is a register: a
// byte takes three cycles, of which the line leaves it hundreds.
module vm_link_batch
  import vm_pkg::*;
  import vm_link_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic                  start_i,    // one cycle
    output logic                  done_o,     // one cycle
    output logic                  unknown_o,  // with done_o: it ended at a command there is none of, or cut short
    input  length_t               length_i,
    output logic [BufferBits-1:0] addr_o,
    input  logic [7:0]            data_i,     // the byte that addr_o named a cycle before
    input  logic                  full_i,     // there is no room for an answer any more

    output logic       command_valid_o,  // one cycle; command_o stays as it is until command_done_i
    output command_t   command_o,
    input  logic       command_done_i,   // one cycle
    input  logic       command_last_i,   // with it: nothing behind this command is done
    output logic       byte_valid_o,     // what is behind the command, for one that writes it
    output logic       byte_end_o,       // there is nothing more
    output logic [7:0] byte_o,
    input  logic       byte_take_i
);

  localparam int unsigned PaBytes = pa_bytes(Cfg);

  // Fields in the order in which a command has them.
  typedef enum logic [3:0] {
    StIdle,
    StOpcode,
    StDecode,
    StFlags,
    StAddr,
    StShort,
    StData,
    StData1,
    StBegin,
    StExecute
  } state_e;

  // ------------------------------------------------------------------ byte by byte

  length_t pos_d, pos_q;
  logic [1:0] have_d, have_q;  // of the byte at pos: read, and in byte_q
  logic [7:0] byte_q;
  logic take;
  assign addr_o = pos_q[BufferBits-1:0];
  assign byte_valid_o = have_q[1] && !byte_end_o;
  assign byte_end_o = pos_q == length_i;
  assign byte_o = byte_q;
  always_comb begin
    pos_d = take ? pos_q + 1'b1 : pos_q;
    have_d = take ? '0 : {have_q[0], 1'b1};
    if (start_i) begin
      pos_d = '0;
      have_d = '0;
    end
  end

  // ------------------------------------------------------------------ what a command consists of

  state_e state_d, state_q, next_field;
  command_t command_d, command_q;
  logic [3:0] count_d, count_q;  // bytes of the field that were taken
  logic [3:0] addr_bytes, data_bytes;
  logic has_flags, has_addr, has_short, has_data, has_data1, known;
  logic [7:0] op;
  logic [2:0] lane;  // of the next byte of data

  assign command_o = command_q;
  assign command_valid_o = state_q == StBegin;
  assign op = command_q.op;
  assign lane = 3'(count_q) + (op[7] ? command_q.addr[2:0] : 3'd0);

  always_comb begin
    has_flags = 1'b0;
    has_addr = 1'b0;
    has_short = 1'b0;
    has_data = 1'b0;
    has_data1 = 1'b0;
    known = 1'b1;
    addr_bytes = 4'(PaBytes);
    data_bytes = 4'd8;
    if (op[7]) begin  // an access
      has_flags = op[1];
      has_addr = 1'b1;
      addr_bytes = op[0] ? 4'd8 : 4'd5;
      has_data = op[6:5] == AccessStore || op[1];
      data_bytes = 4'd1 << op[4:3];
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

  always_comb begin
    state_d = state_q;
    command_d = command_q;
    count_d = count_q;
    take = 1'b0;
    done_o = 1'b0;
    unknown_o = 1'b0;
    unique case (state_q)
      StIdle: if (start_i) state_d = StOpcode;
      StOpcode: begin
        count_d = '0;
        command_d.flags = '0;
        command_d.data = '0;
        if (byte_end_o) begin
          done_o = 1'b1;
          state_d = StIdle;
        end else if (byte_valid_o) begin
          take = 1'b1;
          command_d.op = byte_q;
          state_d = StDecode;
        end
      end
      StDecode: begin
        state_d = next_field;
        if (!known || full_i) begin
          done_o = 1'b1;
          unknown_o = 1'b1;
          state_d = StIdle;
        end
      end
      StFlags, StAddr, StShort, StData, StData1: begin
        if (byte_end_o) begin  // cut short
          done_o = 1'b1;
          unknown_o = 1'b1;
          state_d = StIdle;
        end else if (byte_valid_o) begin
          take = 1'b1;
          count_d = count_q + 1'b1;
          unique case (state_q)
            StFlags: begin
              command_d.flags = byte_q;
              count_d = '0;
              state_d = next_field;
            end
            StAddr: begin
              // The highest byte so far is the sign.
              command_d.addr = (count_q == '0) ? 64'($signed(byte_q)) :
                  ((command_q.addr & ~({64{1'b1}} << (8 * count_q))) | (64'($signed(byte_q)) << (8 * count_q)));
              if (count_d == addr_bytes) begin
                count_d = '0;
                state_d = next_field;
              end
            end
            StShort: begin
              command_d.number = {byte_q, command_q.number[15:8]};
              if (count_d == 4'd2) begin
                count_d = '0;
                state_d = next_field;
              end
            end
            StData: begin
              command_d.data[8*lane+:8] = byte_q;
              if (count_d == data_bytes) begin
                count_d = '0;
                state_d = next_field;
              end
            end
            default: begin
              command_d.data1 = {byte_q, command_q.data1[63:8]};
              if (count_d == 4'd8) begin
                count_d = '0;
                state_d = next_field;
              end
            end
          endcase
        end
      end
      StBegin: state_d = StExecute;
      default: begin  // StExecute
        take = byte_take_i;
        if (command_done_i) begin
          state_d = StOpcode;
          if (command_last_i) begin
            done_o = 1'b1;
            state_d = StIdle;
          end
        end
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
    pos_q <= pos_d;
    have_q <= have_d;
    byte_q <= data_i;
    command_q <= command_d;
    count_q <= count_d;
  end

endmodule
