// SPDX-License-Identifier: Apache-2.0
//
// Sender of frames. A payload is appended byte by byte after clear_i; send_i starts the frame with this sequence number,
// and again sends the same payload once more. Nothing is appended while busy_o.
module vm_link_tx
  import vm_link_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input  logic       clear_i,
    input  logic       append_i,
    input  logic [7:0] data_i,
    output logic       full_o,   // there is no room for the largest answer any more
    input  logic       send_i,
    input  logic [7:0] seq_i,
    output logic       busy_o,

    output logic       byte_valid_o,
    input  logic       byte_ready_i,
    output logic [7:0] byte_o
);

  typedef enum logic [3:0] {
    StIdle,
    StStart,
    StSeq,
    StLength0,
    StLength1,
    StFetch,
    StPayload,
    StCrc0,
    StCrc1
  } state_e;
  localparam int unsigned AnswerMax = 32;  // bytes of the largest answer but a read's

  state_e state_d, state_q;
  length_t length_d, length_q, count_d, count_q;
  logic [15:0] crc_d, crc_q;
  logic [7:0] payload;
  logic sent;

  logic [7:0] buffer_mem[2**BufferBits];
  always_ff @(posedge clk_i) begin
    if (append_i && !length_q[BufferBits]) buffer_mem[length_q[BufferBits-1:0]] <= data_i;
    payload <= buffer_mem[count_q[BufferBits-1:0]];
  end

  assign full_o = length_q > length_t'(2 ** BufferBits - AnswerMax);
  assign busy_o = state_q != StIdle;
  assign byte_valid_o = state_q != StIdle && state_q != StFetch;
  assign sent = byte_valid_o && byte_ready_i;

  always_comb begin
    unique case (state_q)
      StStart: byte_o = StartByte;
      StSeq: byte_o = seq_i;
      StLength0: byte_o = length_q[7:0];
      StLength1: byte_o = 8'(length_q >> 8);
      StCrc0: byte_o = crc_q[7:0];
      StCrc1: byte_o = crc_q[15:8];
      default: byte_o = payload;
    endcase
  end

  always_comb begin
    state_d = state_q;
    length_d = length_q;
    count_d = count_q;
    crc_d = sent ? crc16(crc_q, byte_o) : crc_q;
    if (clear_i) length_d = '0;
    else if (append_i && !length_q[BufferBits]) length_d = length_q + 1'b1;
    unique case (state_q)
      StIdle: if (send_i) state_d = StStart;
      StStart: begin
        count_d = '0;
        crc_d = '1;
        if (sent) state_d = StSeq;
      end
      StSeq: if (sent) state_d = StLength0;
      StLength0: if (sent) state_d = StLength1;
      StLength1: if (sent) state_d = (length_q == '0) ? StCrc0 : StFetch;
      StFetch: state_d = StPayload;
      StPayload:
      if (sent) begin
        count_d = count_q + 1'b1;
        state_d = (count_d == length_q) ? StCrc0 : StFetch;
      end
      StCrc0: begin
        crc_d = crc_q;
        if (sent) state_d = StCrc1;
      end
      default: begin
        crc_d = crc_q;
        if (sent) state_d = StIdle;
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      length_q <= '0;
    end else begin
      state_q <= state_d;
      length_q <= length_d;
    end
    count_q <= count_d;
    crc_q <= crc_d;
  end

endmodule
