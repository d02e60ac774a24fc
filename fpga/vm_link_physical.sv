// SPDX-License-Identifier: Apache-2.0
//
// The host link's commands on physical memory, as accesses of the host port, one aligned unit at a time: read, write,
// fill with copies of a pattern, digest (CRC-32). A hole or bus error is remembered (error_o) and the rest goes on, as
// memory next to it may be good.
module vm_link_physical
  import vm_pkg::*;
  import vm_link_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic             start_i,    // one cycle; the others must be there in it
    input  opcode_e          op_i,
    input  logic [PaMax-1:0] addr_i,
    input  logic [15:0]      count_i,    // bytes
    input  logic [63:0]      pattern_i,  // in byte lanes
    output logic             done_o,     // one cycle; error_o and crc_o are valid from then on
    output logic             error_o,
    output logic [31:0]      crc_o,

    input  logic       in_valid_i,  // what is written
    input  logic       in_end_i,    // there will be nothing more
    input  logic [7:0] in_i,
    output logic       in_take_o,
    output logic       out_valid_o,  // what was read
    output logic [7:0] out_o,

    output logic      host_req_valid_o,
    input  logic      host_req_ready_i,
    output host_req_t host_req_o,
    input  logic      host_rsp_valid_i,
    input  host_rsp_t host_rsp_i
);

  localparam logic [2:0] LastLane = 3'(unit_bytes(Cfg) - 1);  // of a unit

  typedef enum logic [2:0] {
    StIdle,
    StGather,
    StRequest,
    StWait,
    StEmit
  } state_e;

  state_e state_d, state_q;
  opcode_e op_d, op_q;
  logic [PaMax-1:0] addr_d, addr_q;    // of the next byte
  logic [PaMax-1:0] first_d, first_q;  // of the request's first byte
  logic [15:0] left_d, left_q;         // bytes
  logic [7:0] strb_d, strb_q;
  logic [63:0] data_d, data_q;
  logic [31:0] crc_d, crc_q;
  logic error_d, error_q;
  logic write, last_lane, step;

  assign write = op_q == OpWrite || op_q == OpFill;
  assign last_lane = (addr_q[2:0] & LastLane) == LastLane;
  // Bytes of a request are gathered one a cycle, from the batch or the pattern, or for a read only as lanes.
  assign step = state_q == StGather && left_q != '0 && (op_q != OpWrite || in_valid_i);
  assign in_take_o = step && op_q == OpWrite;
  assign out_valid_o = state_q == StEmit && op_q == OpRead && strb_q[addr_q[2:0]];
  assign out_o = data_q[8*addr_q[2:0]+:8];
  assign error_o = error_q;
  assign crc_o = ~crc_q;
  assign host_req_valid_o = state_q == StRequest;
  assign host_req_o = '{id: '0, write: write, strb: strb_q, addr: first_q, wdata: data_q};

  always_comb begin
    state_d = state_q;
    op_d = op_q;
    addr_d = addr_q;
    first_d = first_q;
    left_d = left_q;
    strb_d = strb_q;
    data_d = data_q;
    crc_d = crc_q;
    error_d = error_q;
    done_o = 1'b0;
    unique case (state_q)
      StIdle:
      if (start_i) begin
        op_d = op_i;
        addr_d = addr_i;
        first_d = addr_i;
        left_d = count_i;
        strb_d = '0;
        data_d = pattern_i;
        crc_d = '1;
        error_d = 1'b0;
        state_d = StGather;
      end
      StGather: begin
        if (left_q == '0 || (op_q == OpWrite && !in_valid_i && in_end_i)) begin
          done_o = 1'b1;
          state_d = StIdle;
        end else if (step) begin
          strb_d[addr_q[2:0]] = 1'b1;
          if (op_q == OpWrite) data_d[8*addr_q[2:0]+:8] = in_i;
          addr_d = addr_q + 1'b1;
          left_d = left_q - 1'b1;
          if (last_lane || left_q == 16'd1) state_d = StRequest;
        end
      end
      StRequest: if (host_req_ready_i) state_d = StWait;
      StWait:
      if (host_rsp_valid_i) begin
        error_d = error_q || host_rsp_i.err;
        if (!write) begin
          data_d = host_rsp_i.rdata;
          addr_d = first_q;
          state_d = StEmit;
        end else begin
          first_d = addr_q;
          strb_d = '0;
          state_d = StGather;
        end
      end
      default: begin  // StEmit
        crc_d = crc32(crc_q, out_o);
        addr_d = addr_q + 1'b1;
        strb_d[addr_q[2:0]] = 1'b0;
        if (strb_d == '0) begin
          first_d = addr_d;
          state_d = StGather;
        end
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
    op_q <= op_d;
    addr_q <= addr_d;
    first_q <= first_d;
    left_q <= left_d;
    strb_q <= strb_d;
    data_q <= data_d;
    crc_q <= crc_d;
    error_q <= error_d;
  end

  logic unused;
  assign unused = ^host_rsp_i.id;

endmodule
