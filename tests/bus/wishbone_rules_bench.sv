// SPDX-License-Identifier: Apache-2.0
//
// The rules of Wishbone B4 alone: a test plays master and slave, well and badly.
module wishbone_rules_bench #(
    parameter bit Pipelined = 1'b1
) (
    input  logic        clk,
    input  logic        rst_n,
    input  logic        cyc,
    input  logic        stb,
    input  logic        we,
    input  logic [31:3] adr,
    input  logic [7:0]  sel,
    input  logic [63:0] dat,
    input  logic        stall,
    input  logic        ack,
    input  logic        err,
    output logic [4:0]  broken
);

  vm_wishbone_rules #(
      .Pipelined(Pipelined),
      .DataBits (64),
      .AddrBits (32)
  ) u_rules (
      .clk_i   (clk),
      .rst_ni  (rst_n),
      .cyc_i   (cyc),
      .stb_i   (stb),
      .we_i    (we),
      .adr_i   (adr),
      .sel_i   (sel),
      .dat_i   (dat),
      .stall_i (stall),
      .ack_i   (ack),
      .err_i   (err),
      .broken_o(broken)
  );

endmodule
