// SPDX-License-Identifier: Apache-2.0
//
// The word whose bit of select_i is set; zero if none is, the OR of them if several are. Combinational.
//
// A boundary for synthesis: what selects comes late here, and a mapper that looks for the shortest path through it all
// would repeat it for every bit of the word (Yosys with abc9: 21 LUT4 a bit of a 4-way cache's word, instead of 5).
(* keep_hierarchy *)
module vm_onehot_mux #(
    parameter int unsigned Count = 1,
    parameter int unsigned Width = 1
) (
    input  logic [Count-1:0]            select_i,
    input  logic [Count-1:0][Width-1:0] word_i,
    output logic [Width-1:0]            word_o
);

  always_comb begin
    word_o = '0;
    for (int unsigned i = 0; i < Count; i++) begin
      if (select_i[i]) word_o |= word_i[i];
    end
  end

endmodule
