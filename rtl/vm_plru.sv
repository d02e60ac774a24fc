// SPDX-License-Identifier: Apache-2.0
//
// Tree pseudo-LRU of one set, combinational. The Ways-1 bits form a heap: node 0 is the root, the children of
// node i are 2i+1 (lower ways) and 2i+2 (upper ways). A bit points to the half to be replaced next: 0 = lower.
// Touching a way turns every node on its path away from it.
module vm_plru
  import vm_pkg::*;
#(
    parameter  int unsigned Ways = 4,               // power of two
    localparam int unsigned WayBits = idx_bits(Ways),
    localparam int unsigned StateBits = (Ways > 1) ? Ways - 1 : 1
) (
    input  logic [StateBits-1:0] state_i,
    input  logic [WayBits-1:0]   touch_way_i,
    output logic [StateBits-1:0] touched_o,  // state after touch_way_i was used
    output logic [WayBits-1:0]   victim_o
);

  if (Ways < 2) begin : gen_direct
    logic unused;
    assign unused = ^{state_i, touch_way_i};
    assign touched_o = '0;
    assign victim_o = '0;
  end else begin : gen_tree
    always_comb begin
      int unsigned node;
      victim_o = '0;
      node = 0;
      for (int unsigned l = 0; l < WayBits; l++) begin
        victim_o[WayBits-1-l] = state_i[node[WayBits-1:0]];
        node = 2 * node + 1 + 32'(state_i[node[WayBits-1:0]]);
      end
    end
    always_comb begin
      int unsigned node;
      touched_o = state_i;
      node = 0;
      for (int unsigned l = 0; l < WayBits; l++) begin
        touched_o[node[WayBits-1:0]] = !touch_way_i[WayBits-1-l];
        node = 2 * node + 1 + 32'(touch_way_i[WayBits-1-l]);
      end
    end
  end

endmodule
