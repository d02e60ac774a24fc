// SPDX-License-Identifier: Apache-2.0
//
// The memory of vm_demo: what vm_demo_pkg says, read-only. A write answers with a bus error. One request at a time; csapp14
// asks for single beats only.
module vm_demo_memory
  import vm_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

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

  typedef enum logic [1:0] {
    StIdle,
    StRead,
    StWrite,
    StAnswer
  } state_e;

  state_e state_d, state_q;
  mem_rsp_t rsp_d, rsp_q;
  logic [13:3] word_q;

  assign req_ready_o = state_q == StIdle;
  assign w_ready_o = state_q == StWrite;
  assign rsp_valid_o = state_q == StAnswer;
  assign rsp_o = rsp_q;

  always_comb begin
    state_d = state_q;
    rsp_d = rsp_q;
    unique case (state_q)
      StIdle: begin
        rsp_d.src = req_i.src;
        rsp_d.rdata = '0;
        rsp_d.err = req_i.write || req_i.addr >= vm_demo_pkg::MemoryBytes;
        rsp_d.last = 1'b1;
        if (req_valid_i) state_d = req_i.write ? StWrite : StRead;
      end
      StRead: begin
        if (!rsp_q.err) rsp_d.rdata = vm_demo_pkg::memory({word_q, 3'b0});
        state_d = StAnswer;
      end
      StWrite: if (w_valid_i && w_i.last) state_d = StAnswer;
      default: if (rsp_ready_i) state_d = StIdle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
    rsp_q <= rsp_d;
    if (req_ready_o) word_q <= req_i.addr[13:3];
  end

  logic unused;
  assign unused = ^w_i.data;

endmodule
