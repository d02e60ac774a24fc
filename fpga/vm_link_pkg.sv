// SPDX-License-Identifier: Apache-2.0
//
// The host link's numbers: frames, commands and answers as docs/board.md lists them byte by byte. All fields of several
// bytes are little endian.
package vm_link_pkg;
  import vm_pkg::*;

  localparam logic [7:0] Version = 8'd1;
  localparam logic [7:0] StartByte = 8'hA5;
  localparam int unsigned BufferBits = 10;  // a payload has at most 2**BufferBits bytes
  typedef logic [BufferBits:0] length_t;

  // Opcodes; those with bit 7 set are accesses.
  typedef enum logic [7:0] {
    OpWord   = 8'h01,
    OpReset  = 8'h02,
    OpRead   = 8'h10,
    OpWrite  = 8'h11,
    OpFill   = 8'h12,
    OpDigest = 8'h13,
    OpCtl    = 8'h20,
    OpFence  = 8'h21,
    OpArrayRead  = 8'h22,
    OpArrayWrite = 8'h23
  } opcode_e;

  // A command with its fields; of those that its opcode does not have, flags and data are 0 and the others anything.
  typedef struct packed {
    logic [63:0] data1;
    logic [63:0] data;    // of an access in byte lanes, of others the first byte lowest
    logic [15:0] number;  // bytes of memory, ASID, set
    logic [63:0] addr;    // sign extended; way and word of an array
    logic [7:0]  flags;   // or index, register, array
    logic [7:0]  op;
  } command_t;

  // The answer to a command there is none of; the rest of the batch is not looked at.
  localparam logic [7:0] AnswerUnknown = 8'hEE;

  // What the receiver of frames has refused, in counters that stop at their largest value.
  typedef struct packed {
    logic [15:0] overrun;     // bytes that came while a frame was being executed
    logic [15:0] gap;         // frames that stopped in the middle
    logic [15:0] framing;     // bytes without a stop bit
    logic [15:0] bad_length;
    logic [15:0] bad_crc;
  } refused_t;

  // Of frames that came whole.
  typedef struct packed {
    logic [15:0] unknown;   // commands there are none of, or cut short
    logic [15:0] repeated;  // the kept answer was sent again
    logic [15:0] executed;
  } executed_t;

  function automatic logic [15:0] bump(logic [15:0] count);
    return (count == '1) ? count : count + 1'b1;
  endfunction

  // CRC-16 of a frame behind its start byte: polynomial 0x1021, most significant bit first, from 0xFFFF.
  function automatic logic [15:0] crc16(logic [15:0] crc, logic [7:0] data);
    logic [15:0] c;
    c = crc ^ {data, 8'h00};
    for (int unsigned i = 0; i < 8; i++) c = {c[14:0], 1'b0} ^ (c[15] ? 16'h1021 : 16'h0000);
    return c;
  endfunction

  // CRC-32 of memory: polynomial 0xEDB88320, least significant bit first, from all ones, inverted at the end.
  function automatic logic [31:0] crc32(logic [31:0] crc, logic [7:0] data);
    logic [31:0] c;
    c = crc ^ {24'h0, data};
    for (int unsigned i = 0; i < 8; i++) c = {1'b0, c[31:1]} ^ (c[0] ? 32'hEDB8_8320 : 32'h0);
    return c;
  endfunction

  // Bytes of a physical address on this machine's link.
  function automatic int unsigned pa_bytes(machine_t cfg);
    return (32'(cfg.BusBits) + 7) / 8;
  endfunction

endpackage
