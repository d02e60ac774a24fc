// SPDX-License-Identifier: Apache-2.0
//
// The rules of Wishbone B4 that the bus adapter keeps, and those of the slave it relies on. Bit n of broken_o is set from the
// breach of rule n to the next reset.
//
//   0  CYC and STB are low in reset
//   1  STB comes with CYC only, and with at least one SEL
//   2  a transfer holds until it is taken: pipelined until STALL is low, classic until the answer
//   3  CYC holds until every transfer is answered
//   4  ACK and ERR answer a transfer, never both at once. A slave may answer in the cycle of the transfer
module vm_wishbone_rules #(
    parameter bit          Pipelined = 1'b1,
    parameter int unsigned DataBits  = 64,
    parameter int unsigned AddrBits  = 56
) (
    input logic                                 clk_i,
    input logic                                 rst_ni,
    input logic                                 cyc_i,
    input logic                                 stb_i,
    input logic                                 we_i,
    input logic [AddrBits-1:$clog2(DataBits/8)] adr_i,
    input logic [DataBits/8-1:0]                sel_i,
    input logic [DataBits-1:0]                  dat_i,    // of the master
    input logic                                 stall_i,
    input logic                                 ack_i,
    input logic                                 err_i,
    output logic [4:0]                          broken_o
);

  function automatic void broken(int unsigned rule, string sentence);
    if (!broken_o[rule]) $display("Wishbone rule %0d: %s", rule, sentence);
    broken_o[rule] <= 1'b1;
  endfunction
  logic reset_q = 1'b0;  // the edge before saw reset
  always_ff @(posedge clk_i) begin
    reset_q <= !rst_ni;
    if (!rst_ni && !reset_q) broken_o <= '0;
  end

  logic [9:0] due_q;  // transfers taken, not answered
  logic answer, taken, wait_q;
  assign answer = ack_i || err_i;
  assign taken = stb_i && (Pipelined ? !stall_i : answer);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      due_q <= '0;
      wait_q <= 1'b0;
    end else begin
      due_q <= due_q + 10'(taken) - 10'(answer);
      wait_q <= stb_i && !taken;
    end
  end

  assert property (@(posedge clk_i) !rst_ni && reset_q |-> !cyc_i && !stb_i)
  else broken(0, "CYC and STB are low in reset");
  assert property (@(posedge clk_i) disable iff (!rst_ni) stb_i |-> cyc_i && sel_i != '0)
  else broken(1, "STB comes with CYC and SEL");
  assert property (@(posedge clk_i) disable iff (!rst_ni) wait_q |-> stb_i && $stable({we_i, adr_i, sel_i}))
  else broken(2, "a transfer holds until it is taken");
  assert property (@(posedge clk_i) disable iff (!rst_ni) wait_q && we_i |-> $stable(dat_i))
  else broken(2, "the data of a transfer holds until it is taken");
  assert property (@(posedge clk_i) disable iff (!rst_ni) due_q != '0 |-> cyc_i)
  else broken(3, "CYC holds until the last answer");
  assert property (@(posedge clk_i) disable iff (!rst_ni) answer |-> (due_q != '0 || taken) && !(ack_i && err_i))
  else broken(4, "ACK or ERR answers a transfer");

endmodule
