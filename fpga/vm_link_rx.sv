// SPDX-License-Identifier: Apache-2.0
//
// Receiver of frames: start byte, sequence number, length, payload, CRC. Only a frame that is whole and has the right
// CRC is shown (frame_valid_o, until frame_done_i); of any other nothing is left but a count, and the next start byte
// is looked for. A frame that stops in the middle is given up after GapClocks cycles.
module vm_link_rx
  import vm_link_pkg::*;
#(
    parameter int unsigned GapClocks = 100_000
) (
    input logic clk_i,
    input logic rst_ni,

    input logic       byte_valid_i,
    input logic       byte_error_i,
    input logic [7:0] byte_i,

    output logic                  frame_valid_o,
    input  logic                  frame_done_i,
    output logic [7:0]            seq_o,
    output length_t               length_o,  // of the payload
    input  logic [BufferBits-1:0] addr_i,    // of the payload byte that data_o has in the next cycle
    output logic [7:0]            data_o,

    output refused_t refused_o
);

  typedef enum logic [2:0] {
    StHunt,
    StSeq,
    StLength0,
    StLength1,
    StPayload,
    StCrc0,
    StCrc1,
    StWhole
  } state_e;
  localparam int unsigned GapBits = $clog2(GapClocks + 1);

  state_e state_d, state_q;
  logic [7:0] seq_d, seq_q, low_d, low_q;  // low: first byte of a length or CRC
  length_t length_d, length_q, count_d, count_q;
  logic [15:0] crc_d, crc_q;
  logic [GapBits-1:0] gap_d, gap_q;
  refused_t refused_d, refused_q;
  logic [15:0] said;  // the length or the CRC
  logic store;

  logic [7:0] buffer_mem[2**BufferBits];
  always_ff @(posedge clk_i) begin
    if (store) buffer_mem[count_q[BufferBits-1:0]] <= byte_i;
    data_o <= buffer_mem[addr_i];
  end

  assign frame_valid_o = state_q == StWhole;
  assign seq_o = seq_q;
  assign length_o = length_q;
  assign refused_o = refused_q;
  assign said = {byte_i, low_q};
  assign store = byte_valid_i && state_q == StPayload;

  always_comb begin
    state_d = state_q;
    seq_d = seq_q;
    low_d = byte_valid_i ? byte_i : low_q;
    length_d = length_q;
    count_d = count_q;
    crc_d = byte_valid_i ? crc16(crc_q, byte_i) : crc_q;
    gap_d = (byte_valid_i || state_q == StHunt || state_q == StWhole) ? '0 : gap_q + 1'b1;
    refused_d = refused_q;
    unique case (state_q)
      StHunt: begin
        crc_d = '1;
        count_d = '0;
        if (byte_valid_i && byte_i == StartByte) state_d = StSeq;
      end
      StSeq:
      if (byte_valid_i) begin
        seq_d = byte_i;
        state_d = StLength0;
      end
      StLength0: if (byte_valid_i) state_d = StLength1;
      StLength1:
      if (byte_valid_i) begin
        length_d = said[BufferBits:0];
        state_d = StPayload;
        if (said == '0 || said > 16'(2 ** BufferBits)) begin
          state_d = StHunt;
          refused_d.bad_length = bump(refused_q.bad_length);
        end
      end
      StPayload:
      if (byte_valid_i) begin
        count_d = count_q + 1'b1;
        if (count_d == length_q) state_d = StCrc0;
      end
      StCrc0: begin
        crc_d = crc_q;
        if (byte_valid_i) state_d = StCrc1;
      end
      StCrc1: begin
        crc_d = crc_q;
        if (byte_valid_i) begin
          state_d = StWhole;
          if (said != crc_q) begin
            state_d = StHunt;
            refused_d.bad_crc = bump(refused_q.bad_crc);
          end
        end
      end
      default: begin
        if (byte_valid_i) refused_d.overrun = bump(refused_q.overrun);
        if (frame_done_i) state_d = StHunt;
      end
    endcase
    if (byte_error_i) begin
      refused_d.framing = bump(refused_q.framing);
      if (state_q != StWhole) state_d = StHunt;
    end
    if (gap_q == GapBits'(GapClocks)) begin
      refused_d.gap = bump(refused_q.gap);
      state_d = StHunt;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StHunt;
      refused_q <= '0;
    end else begin
      state_q <= state_d;
      refused_q <= refused_d;
    end
    seq_q <= seq_d;
    low_q <= low_d;
    length_q <= length_d;
    count_q <= count_d;
    crc_q <= crc_d;
    gap_q <= gap_d;
  end

endmodule
