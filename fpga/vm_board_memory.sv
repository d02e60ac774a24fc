// SPDX-License-Identifier: Apache-2.0
//
// Block RAM behind the memory port of vm_top: [Base, Base + Bytes). Everything else answers with a bus error. One request
// at a time, two cycles for each beat read, one for each beat written. clear_i makes all of it zero.
module vm_board_memory
  import vm_pkg::*;
#(
    parameter logic [PaMax-1:0] Base = '0,       // a multiple of Bytes
    parameter int unsigned      Bytes = 262_144  // a power of two, of lines at least
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic clear_i,  // one cycle
    output logic busy_o,   // not idle

    input  logic       req_valid_i,
    output logic       req_ready_o,
    input  mem_req_t   req_i,
    input  logic       w_valid_i,
    output logic       w_ready_o,
    input  mem_wdata_t w_i,
    output logic       rsp_valid_o,
    input  logic       rsp_ready_i,
    output mem_rsp_t   rsp_o
);

  localparam int unsigned Words = Bytes / 8;
  localparam int unsigned IndexBits = $clog2(Words);
  localparam logic [PaMax-1:0] Inside = PaMax'(Bytes) - 1'b1;  // bits of an address that are not Base's

  typedef enum logic [2:0] {
    StIdle,
    StRead,
    StAnswer,
    StWrite,
    StDone,
    StClear
  } state_e;

  state_e state_d, state_q;
  mem_req_t req_d, req_q;
  logic [IndexBits-1:0] index_d, index_q;
  logic err_d, err_q;
  logic write;
  logic [7:0] strb;
  logic [63:0] wdata, rdata;

  if (Bytes < 64 || (Bytes & (Bytes - 1)) != 0 || (Base & Inside) != '0) begin : gen_bad
    $error("Bytes: the memory is a power of two of at least a line, and Base a multiple of it");
  end

  assign write = state_q == StClear || (state_q == StWrite && w_valid_i && !err_q);
  assign strb = (state_q == StClear) ? '1 : req_q.strb;
  assign wdata = (state_q == StClear) ? '0 : w_i.data;

  // A memory for each byte lane.
  for (genvar b = 0; b < 8; b++) begin : gen_lane
    (* no_rw_check *) logic [7:0] byte_mem[Words];
    logic [7:0] read_q;
    always_ff @(posedge clk_i) begin
      if (write && strb[b]) byte_mem[index_q] <= wdata[8*b+:8];
      read_q <= byte_mem[index_q];
    end
    assign rdata[8*b+:8] = read_q;
  end

  assign busy_o = state_q != StIdle;
  assign req_ready_o = state_q == StIdle && !clear_i;
  assign w_ready_o = state_q == StWrite;
  assign rsp_valid_o = state_q == StAnswer || state_q == StDone;
  assign rsp_o = '{
          src: req_q.src,
          id: req_q.id,
          rdata: (err_q || req_q.write) ? '0 : rdata,
          err: err_q,
          last: req_q.write || req_q.len == '0
      };

  always_comb begin
    state_d = state_q;
    req_d = req_q;
    index_d = index_q;
    err_d = err_q;
    unique case (state_q)
      StIdle: begin
        req_d = req_i;
        index_d = clear_i ? '0 : req_i.addr[3+:IndexBits];
        // A burst is a line, and lines do not cross the ends.
        err_d = (req_i.addr & ~Inside) != Base;
        if (clear_i) state_d = StClear;
        else if (req_valid_i) state_d = req_i.write ? StWrite : StRead;
      end
      StRead: state_d = StAnswer;
      StAnswer:
      if (rsp_ready_i) begin
        index_d = index_q + 1'b1;
        req_d.len = req_q.len - 1'b1;
        state_d = (req_q.len == '0) ? StIdle : StRead;
      end
      StWrite:
      if (w_valid_i) begin
        index_d = index_q + 1'b1;
        if (w_i.last) state_d = StDone;
      end
      StDone: if (rsp_ready_i) state_d = StIdle;
      default: begin  // StClear
        index_d = index_q + 1'b1;
        if (&index_q) state_d = StIdle;
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
    req_q <= req_d;
    index_q <= index_d;
    err_q <= err_d;
  end

endmodule
