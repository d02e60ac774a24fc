// SPDX-License-Identifier: Apache-2.0
//
// What an SC or AMO writes, in the lanes of the access: a doubleword, or either word of it. Combinational.
module vm_amo
  import vm_pkg::*;
(
    input  atomic_e     op_i,
    input  logic        double_i,   // a doubleword
    input  logic        high_i,     // else the word in the upper lanes
    input  logic [63:0] old_i,
    input  logic [63:0] operand_i,
    output logic [63:0] result_o
);

  // Words are widened by their sign, which keeps the order of unsigned ones too.
  function automatic logic [63:0] value(logic [63:0] lanes, logic double, logic high);
    logic [31:0] word;
    if (double) return lanes;
    word = high ? lanes[63:32] : lanes[31:0];
    return {{32{word[31]}}, word};
  endfunction

  logic [63:0] a, b, result;
  logic is_signed, less;
  assign a = value(old_i, double_i, high_i);
  assign b = value(operand_i, double_i, high_i);
  assign is_signed = op_i == AtomicMin || op_i == AtomicMax;
  assign less = {a[63] ^ is_signed, a[62:0]} < {b[63] ^ is_signed, b[62:0]};

  always_comb begin
    unique case (op_i)
      AtomicAdd: result = a + b;
      AtomicXor: result = a ^ b;
      AtomicAnd: result = a & b;
      AtomicOr: result = a | b;
      AtomicMin, AtomicMinu: result = less ? a : b;
      AtomicMax, AtomicMaxu: result = less ? b : a;
      default: result = b;  // swap, SC
    endcase
  end
  assign result_o = double_i ? result : {2{result[31:0]}};

endmodule
