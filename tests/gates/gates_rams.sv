// SPDX-License-Identifier: Apache-2.0
//
// RAMs of the widths, depths and styles that a DP16KD can be, all on the same random inputs. This module is simulated
// as it is, and beside it as the netlist that Yosys makes of it (gates_lockstep.sv).
module gates_rams #(
    localparam int unsigned Count = 16,
    localparam int unsigned WidthMax = 72
) (
    input logic clk_i,
    input logic rst_i,
    input logic write_i,
    input logic late_i,  // memory with contents may be written
    input logic [7:0] strobe_i,
    input logic [15:0] waddr_i,
    input logic [WidthMax-1:0] wdata_i,
    input logic read_i,
    input logic [15:0] raddr_i,
    output logic [Count-1:0][WidthMax-1:0] rdata_o,
    output logic [Count-1:0] defined_o
);

  typedef struct packed {
    logic [15:0] width;
    logic [15:0] addr_bits;
    logic [15:0] strobe_bits;
    logic [3:0] style;
  } ram_t;

  localparam ram_t [Count-2:0] Rams = '{
    '{16'd64, 16'd9, 16'd64, 4'd0},  // data of a cache
    '{16'd64, 16'd9, 16'd8, 4'd0},
    '{16'd65, 16'd9, 16'd65, 4'd0},  // with parity
    '{16'd36, 16'd9, 16'd9, 4'd0},
    '{16'd18, 16'd10, 16'd9, 4'd0},
    '{16'd9, 16'd11, 16'd9, 4'd0},
    '{16'd4, 16'd12, 16'd4, 4'd0},
    '{16'd2, 16'd13, 16'd2, 4'd0},
    '{16'd1, 16'd14, 16'd1, 4'd0},
    '{16'd8, 16'd13, 16'd8, 4'd0},  // four blocks
    '{16'd36, 16'd9, 16'd36, 4'd1},
    '{16'd18, 16'd10, 16'd9, 4'd2},
    '{16'd20, 16'd9, 16'd20, 4'd3},
    '{16'd18, 16'd10, 16'd18, 4'd4},
    '{16'd18, 16'd10, 16'd18, 4'd6}
  };

  for (genvar r = 0; r < Count - 1; r++) begin : gen_ram
    localparam int unsigned Width = 32'(Rams[Count-2-r].width);
    localparam int unsigned Bits = 32'(Rams[Count-2-r].addr_bits);
    localparam int unsigned Strobe = 32'(Rams[Count-2-r].strobe_bits);
    localparam int unsigned Style = 32'(Rams[Count-2-r].style);
    logic [Width-1:0] rdata;
    gates_ram #(
        .Width(Width),
        .AddrBits(Bits),
        .StrobeBits(Strobe),
        .Style(Style)
    ) u_ram (
        .clk_i,
        .rst_i,
        .write_i(write_i && (late_i || Style != 3)),
        .strobe_i(strobe_i[Width/Strobe-1:0]),
        .waddr_i(waddr_i[Bits-1:0]),
        .wdata_i(wdata_i[Width-1:0]),
        .read_i,
        .raddr_i(raddr_i[Bits-1:0]),
        .rdata_o(rdata),
        .defined_o(defined_o[r])
    );
    assign rdata_o[r] = WidthMax'(rdata);
  end

  // Both ports read and write.
  localparam int unsigned BothBits = 10;
  (* ram_style = "block", no_rw_check *) logic [17:0] both_mem[2**BothBits];
  logic [17:0] both_a, both_b;
  logic clash, read_a_q = 1'b0, read_b_q = 1'b0, good_a_q = 1'b0, good_b_q = 1'b0;
  logic write_a, write_b;
  assign write_a = write_i && strobe_i[0];
  assign write_b = write_i && strobe_i[1] && late_i;
  assign clash = waddr_i[BothBits-1:0] == raddr_i[BothBits-1:0];
  always_ff @(posedge clk_i) begin
    if (write_a) both_mem[waddr_i[BothBits-1:0]] <= wdata_i[17:0];
    else if (read_i) both_a <= both_mem[waddr_i[BothBits-1:0]];
  end
  always_ff @(posedge clk_i) begin
    if (write_b && !(write_a && clash)) both_mem[raddr_i[BothBits-1:0]] <= wdata_i[35:18];
    else if (read_i && !(write_b && write_a && clash)) both_b <= both_mem[raddr_i[BothBits-1:0]];
  end
  always_ff @(posedge clk_i) begin
    if (read_i && !write_a) {read_a_q, good_a_q} <= {1'b1, !(clash && write_b)};
    if (read_i && !write_b) {read_b_q, good_b_q} <= {1'b1, !(clash && write_a)};
  end
  assign rdata_o[Count-1] = {18'd0, both_b, 18'd0, both_a};
  assign defined_o[Count-1] = read_a_q && read_b_q && good_a_q && good_b_q;

endmodule
