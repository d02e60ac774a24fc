// SPDX-License-Identifier: Apache-2.0
//
// The rules of the memory port beyond the handshakes (rtl/vm_pkg.sv, mem_req_t).
module vm_mem_rules
  import vm_pkg::*;
  import vm_dpi_pkg::*;
#(
    parameter bit Wrap = 1'b0  // reads may begin in the middle of a line
) (
    input logic clk_i,
    input logic rst_ni,
    input logic req_i,  // transfers
    input mem_req_t req_payload_i,
    input logic w_i,
    input mem_wdata_t w_payload_i,
    input logic rsp_i,
    input mem_rsp_t rsp_payload_i
);

  logic [2**(MemIdBits+2)-1:0] outstanding_q;  // by id and source
  logic [8:0] beats_q;        // write data still owed
  logic write;
  logic [7:0] below;          // lanes below the address
  logic unused;
  assign unused = ^{w_payload_i.data, rsp_payload_i.rdata, rsp_payload_i.err};
  assign write = req_i && req_payload_i.write;
  assign below = (8'd1 << req_payload_i.addr[2:0]) - 8'd1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      outstanding_q <= '0;
      beats_q <= '0;
    end else begin
      if (rsp_i && rsp_payload_i.last) outstanding_q[{rsp_payload_i.id, rsp_payload_i.src}] <= 1'b0;
      if (req_i) outstanding_q[{req_payload_i.id, req_payload_i.src}] <= 1'b1;
      beats_q <= beats_q + (write ? 9'(req_payload_i.len) + 9'd1 : 9'd0) - 9'(w_i && beats_q != 0);
    end
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   req_i |-> !outstanding_q[{req_payload_i.id, req_payload_i.src}])
  else vm_assert_failed("H5 mem_req: at most one request of a source and id is outstanding");

  assert property (@(posedge clk_i) disable iff (!rst_ni) w_i |-> beats_q != 0)
  else vm_assert_failed("H6 mem_w: data beats follow a write request");

  assert property (@(posedge clk_i) disable iff (!rst_ni) w_i |-> w_payload_i.last == (beats_q == 9'd1))
  else vm_assert_failed("H6 mem_w: last marks the last beat of the request");

  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   req_i && req_payload_i.len != 0 |-> req_payload_i.strb == 8'hFF && req_payload_i.addr[2:0] == 0)
  else vm_assert_failed("H7 mem_req: a burst takes whole, aligned beats");

  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   req_i && (!Wrap || req_payload_i.write) |-> (req_payload_i.addr[10:3] & req_payload_i.len) == '0)
  else vm_assert_failed("H7 mem_req: a burst begins at the beginning of its line");

  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   req_i |-> req_payload_i.strb[req_payload_i.addr[2:0]] && (req_payload_i.strb & below) == 0)
  else vm_assert_failed("H8 mem_req: the address is that of the first lane taken");

endmodule
