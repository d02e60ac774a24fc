// SPDX-License-Identifier: Apache-2.0
//
// Joins the three sources of memory traffic on the one memory port: round robin, combinational, no latency.
// A request that was offered and not yet accepted keeps its turn (nothing is retracted); after a write request
// its data beats go out before the next request. Responses are told apart by src and always taken.
module vm_mem_arb
  import vm_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    // Index = mem_src_e
    input  logic       [2:0] req_valid_i,
    output logic       [2:0] req_ready_o,
    input  mem_req_t   [2:0] req_i,
    input  logic       [2:0] w_valid_i,
    output logic       [2:0] w_ready_o,
    input  mem_wdata_t [2:0] w_i,
    output logic       [2:0] rsp_valid_o,

    output logic       mem_req_valid_o,
    input  logic       mem_req_ready_i,
    output mem_req_t   mem_req_o,
    output logic       mem_w_valid_o,
    input  logic       mem_w_ready_i,
    output mem_wdata_t mem_w_o,
    input  logic       mem_rsp_valid_i,
    input  mem_src_e   mem_rsp_src_i
);

  logic [1:0] grant, grant_q, last_d, last_q;
  logic hold_d, hold_q;        // the grant of the last cycle stands
  logic writing_d, writing_q;  // data beats of last_q's write are going out

  always_comb begin
    grant = last_q;
    for (int i = 3; i >= 1; i--) begin
      if (req_valid_i[(32'(last_q)+i)%3]) grant = 2'((32'(last_q) + i) % 3);
    end
    if (hold_q) grant = grant_q;
  end

  assign mem_req_valid_o = req_valid_i[grant] && !writing_q;
  assign mem_req_o = req_i[grant];
  assign mem_w_valid_o = w_valid_i[last_q] && writing_q;
  assign mem_w_o = w_i[last_q];

  always_comb begin
    req_ready_o = '0;
    req_ready_o[grant] = mem_req_ready_i && !writing_q;
    w_ready_o = '0;
    w_ready_o[last_q] = mem_w_ready_i && writing_q;
    rsp_valid_o = '0;
    for (int unsigned s = 0; s < 3; s++) rsp_valid_o[s] = mem_rsp_valid_i && 32'(mem_rsp_src_i) == s;
    hold_d = mem_req_valid_o && !mem_req_ready_i;
    last_d = last_q;
    writing_d = writing_q;
    if (mem_req_valid_o && mem_req_ready_i) begin
      last_d = grant;
      writing_d = mem_req_o.write;
    end
    if (mem_w_valid_o && mem_w_ready_i && mem_w_o.last) writing_d = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      grant_q <= '0;
      last_q <= '0;
      hold_q <= 1'b0;
      writing_q <= 1'b0;
    end else begin
      grant_q <= grant;
      last_q <= last_d;
      hold_q <= hold_d;
      writing_q <= writing_d;
    end
  end

endmodule
