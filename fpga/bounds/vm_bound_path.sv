// SPDX-License-Identifier: Apache-2.0
//
// The least that a path can be on this FPGA: from flip-flops (or a memory) through one thing into a flip-flop. What feeds it is
// a serial chain, so that nothing is constant; what it gives is folded behind its flip-flops.
module vm_bound_path #(
    parameter int unsigned Kind = 0,  // 0 one LUT, 1 comparison of 20 bits, 2 LUT RAM, 3 block RAM
    parameter int unsigned Width = 20
) (
    input  logic clk_i,
    input  logic chain_i,
    output logic chain_o
);

  localparam int unsigned Addr = (Kind == 3) ? 10 : 4;
  localparam int unsigned Inputs = 2 * Width + 2 * Addr + 1;

  logic [Inputs-1:0] chain_q;
  logic [Width-1:0] a, b, out_d, out_q, fold_q;
  logic [Addr-1:0] read, write;
  logic we;

  assign {we, write, read, b, a} = chain_q;

  if (Kind == 0) begin : gen_lut
    for (genvar i = 0; i < Width; i++) begin : gen_bit
      assign out_d[i] = (a[i] & b[i]) ^ (a[(i+1)%Width] | b[(i+1)%Width]);
    end
  end else if (Kind == 1) begin : gen_compare
    assign out_d = Width'(a == b);
  end else if (Kind == 2) begin : gen_lut_ram
    (* ram_style = "distributed" *) logic [Width-1:0] word_mem[2**Addr];
    always_ff @(posedge clk_i) if (we) word_mem[write] <= a;
    assign out_d = word_mem[read];
  end else begin : gen_block_ram
    (* ram_style = "block", no_rw_check *) logic [Width-1:0] word_mem[2**Addr];
    logic [Width-1:0] read_q;
    always_ff @(posedge clk_i) begin
      if (we) word_mem[write] <= a;
      read_q <= word_mem[read];
    end
    assign out_d = read_q;
  end

  always_ff @(posedge clk_i) begin
    chain_q <= {chain_q[Inputs-2:0], chain_i};
    out_q <= out_d;
    fold_q <= (fold_q << 1) ^ out_q;
  end
  assign chain_o = fold_q[Width-1];

  logic unused;
  assign unused = ^{we, write, read, b};

endmodule
