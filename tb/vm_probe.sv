// SPDX-License-Identifier: Apache-2.0
//
// Gives a name to something that is true inside a module, for a monitor that is bound elsewhere.
module vm_probe #(
    parameter int unsigned Width = 1
) (
    input logic [Width-1:0] value_i
);
  logic unused;
  assign unused = ^value_i;
endmodule
