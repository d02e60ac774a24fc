// SPDX-License-Identifier: Apache-2.0
//
// Every request is answered once: no answer without a request that is outstanding.
module vm_answers
  import vm_dpi_pkg::*;
#(
    parameter string Name = ""
) (
    input logic clk_i,
    input logic rst_ni,
    input logic request_i,  // a request is transferred
    input logic answer_i
);

  logic [15:0] outstanding_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) outstanding_q <= '0;
    else outstanding_q <= outstanding_q + 16'(request_i) - 16'(answer_i && outstanding_q != 0);
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni) answer_i |-> outstanding_q != 0)
  else vm_assert_failed({"H4 ", Name, ": no answer without a request"});

endmodule
