// SPDX-License-Identifier: Apache-2.0
//
// What the flow can do at best, measured with it: small circuits, each with a clock of its own, so that one place and route gives
// the Fmax of all. fpga/report.py names them.
module vm_bounds #(
    localparam int unsigned Count = 7
) (
    input  logic [Count-1:0] clk_i,
    input  logic [Count-1:0] chain_i,
    output logic [Count-1:0] chain_o
);

  for (genvar k = 0; k < 4; k++) begin : gen_path
    vm_bound_path #(
        .Kind(k)
    ) u_path (
        .clk_i  (clk_i[k]),
        .chain_i(chain_i[k]),
        .chain_o(chain_o[k])
    );
  end

  vm_bound_hit #(
      .TlbOnly(1)
  ) u_tlb (
      .clk_i  (clk_i[4]),
      .chain_i(chain_i[4]),
      .chain_o(chain_o[4])
  );
  for (genvar l = 1; l < 3; l++) begin : gen_hit
    vm_bound_hit #(
        .Latency(l)
    ) u_hit (
        .clk_i  (clk_i[4+l]),
        .chain_i(chain_i[4+l]),
        .chain_o(chain_o[4+l])
    );
  end

endmodule
