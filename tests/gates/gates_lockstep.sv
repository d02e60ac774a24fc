// SPDX-License-Identifier: Apache-2.0
//
// The netlist that Yosys made of gates_rams.sv in lockstep with the RAMs as they are written; and two DP16KD
// with what Yosys does not infer of the RTL: registers behind the outputs, chip selects and the other edge of the clock;
// a port that reads what it writes.
module gates_lockstep #(
    localparam int unsigned Count = 16,
    localparam int unsigned WidthMax = 72
) (
    input logic clk_i,
    input logic rst_i,
    input logic write_i,
    input logic late_i,
    input logic [7:0] strobe_i,
    input logic [15:0] waddr_i,
    input logic [63:0] wdata_i,
    input logic read_i,
    input logic [15:0] raddr_i,
    input logic [Count-1:0][WidthMax-1:0] rdata_i,  // of gates_rams as it is written
    input logic [Count-1:0] defined_i,
    output logic [31:0] compared_o,
    output logic [31:0] wrong_o
);

  // A bit for each RAM: it was read, and has been wrong.
  assign compared_o[31:Count+2] = '0;
  assign wrong_o[31:Count+2] = '0;

  logic [WidthMax-1:0] wdata;
  assign wdata = {wdata_i[7:0], wdata_i};

  logic [Count-1:0][WidthMax-1:0] rdata;
  logic [Count-1:0] unused_defined;
  vm_netlist u_netlist (
      .*,
      .wdata_i(wdata),
      .rdata_o(rdata),
      .defined_o(unused_defined)
  );
  for (genvar r = 0; r < Count; r++) begin : gen_compare
    assign compared_o[r] = defined_i[r];
    assign wrong_o[r] = defined_i[r] && rdata[r] != rdata_i[r];
  end

  // Port A writes 18 bits where chip select is 5; port B reads 9 bits through a register; both at the falling edge.
  logic [17:0] direct_mem[1024];
  logic [8:0] direct_latch, direct_reg, direct_block;
  logic direct_good_q = 1'b0, direct_defined_q = 1'b0;
  logic select_a, clash;
  assign select_a = strobe_i[4:2] == 3'd5;
  assign clash = write_i && select_a && waddr_i[9:0] == raddr_i[10:1] && strobe_i[raddr_i[0]];
  always_ff @(negedge clk_i) begin
    if (write_i && select_a) begin
      if (strobe_i[0]) direct_mem[waddr_i[9:0]][8:0] <= wdata_i[8:0];
      if (strobe_i[1]) direct_mem[waddr_i[9:0]][17:9] <= wdata_i[17:9];
    end
    if (rst_i) direct_latch <= '0;
    else if (read_i) direct_latch <= direct_mem[raddr_i[10:1]][9*raddr_i[0]+:9];
    if (rst_i) direct_reg <= '0;
    else if (strobe_i[7]) direct_reg <= direct_latch;
    if (rst_i) {direct_good_q, direct_defined_q} <= {2{late_i}};
    else if (read_i) direct_good_q <= late_i && !clash;
    if (!rst_i && strobe_i[7]) direct_defined_q <= direct_good_q;
  end
  DP16KD #(
      .DATA_WIDTH_A(18),
      .DATA_WIDTH_B(9),
      .REGMODE_B("OUTREG"),
      .CSDECODE_A("0b101"),
      .CSDECODE_B("0b000"),
      .CLKAMUX("INV"),
      .CLKBMUX("INV"),
      .RESETMODE("SYNC")
  ) u_direct (
      .CLKA(clk_i), .CEA(1'b1), .OCEA(1'b1), .WEA(write_i), .RSTA(1'b0),
      .CSA2(strobe_i[4]), .CSA1(strobe_i[3]), .CSA0(strobe_i[2]),
      .ADA13(waddr_i[9]), .ADA12(waddr_i[8]), .ADA11(waddr_i[7]), .ADA10(waddr_i[6]), .ADA9(waddr_i[5]),
      .ADA8(waddr_i[4]), .ADA7(waddr_i[3]), .ADA6(waddr_i[2]), .ADA5(waddr_i[1]), .ADA4(waddr_i[0]),
      .ADA3(1'b0), .ADA2(1'b0), .ADA1(strobe_i[1]), .ADA0(strobe_i[0]),
      .DIA17(wdata_i[17]), .DIA16(wdata_i[16]), .DIA15(wdata_i[15]), .DIA14(wdata_i[14]), .DIA13(wdata_i[13]),
      .DIA12(wdata_i[12]), .DIA11(wdata_i[11]), .DIA10(wdata_i[10]), .DIA9(wdata_i[9]), .DIA8(wdata_i[8]),
      .DIA7(wdata_i[7]), .DIA6(wdata_i[6]), .DIA5(wdata_i[5]), .DIA4(wdata_i[4]), .DIA3(wdata_i[3]),
      .DIA2(wdata_i[2]), .DIA1(wdata_i[1]), .DIA0(wdata_i[0]),
      .CLKB(clk_i), .CEB(read_i), .OCEB(strobe_i[7]), .WEB(1'b0), .RSTB(rst_i), .CSB2(1'b0), .CSB1(1'b0), .CSB0(1'b0),
      .ADB13(raddr_i[10]), .ADB12(raddr_i[9]), .ADB11(raddr_i[8]), .ADB10(raddr_i[7]), .ADB9(raddr_i[6]),
      .ADB8(raddr_i[5]), .ADB7(raddr_i[4]), .ADB6(raddr_i[3]), .ADB5(raddr_i[2]), .ADB4(raddr_i[1]),
      .ADB3(raddr_i[0]), .ADB2(1'b0), .ADB1(1'b0), .ADB0(1'b0),
      .DOB8(direct_block[8]), .DOB7(direct_block[7]), .DOB6(direct_block[6]), .DOB5(direct_block[5]),
      .DOB4(direct_block[4]), .DOB3(direct_block[3]), .DOB2(direct_block[2]), .DOB1(direct_block[1]),
      .DOB0(direct_block[0])
  );
  assign compared_o[Count] = direct_defined_q;
  assign wrong_o[Count] = direct_defined_q && direct_block != direct_reg;

  // Port A alone: 9 bits, reads what it writes.
  logic [8:0] through_mem[2048];
  logic [8:0] through, through_block;
  logic through_defined_q = 1'b0;
  always_ff @(posedge clk_i) begin
    if (write_i && strobe_i[0]) through_mem[waddr_i[10:0]] <= wdata_i[8:0];
    if (write_i && strobe_i[0]) through <= wdata_i[8:0];
    else if (read_i || strobe_i[0]) through <= through_mem[waddr_i[10:0]];
    if (late_i && strobe_i[0]) through_defined_q <= 1'b1;
  end
  DP16KD #(
      .DATA_WIDTH_A(9),
      .DATA_WIDTH_B(9),
      .WRITEMODE_A("WRITETHROUGH"),
      .RESETMODE("ASYNC")
  ) u_through (
      .CLKA(clk_i), .CEA(read_i || strobe_i[0]), .OCEA(1'b0), .WEA(write_i && strobe_i[0]), .RSTA(1'b0),
      .CSA2(1'b0), .CSA1(1'b0), .CSA0(1'b0),
      .ADA13(waddr_i[10]), .ADA12(waddr_i[9]), .ADA11(waddr_i[8]), .ADA10(waddr_i[7]), .ADA9(waddr_i[6]),
      .ADA8(waddr_i[5]), .ADA7(waddr_i[4]), .ADA6(waddr_i[3]), .ADA5(waddr_i[2]), .ADA4(waddr_i[1]),
      .ADA3(waddr_i[0]), .ADA2(1'b0), .ADA1(1'b0), .ADA0(1'b0),
      .DIA8(wdata_i[8]), .DIA7(wdata_i[7]), .DIA6(wdata_i[6]), .DIA5(wdata_i[5]), .DIA4(wdata_i[4]),
      .DIA3(wdata_i[3]), .DIA2(wdata_i[2]), .DIA1(wdata_i[1]), .DIA0(wdata_i[0]),
      .CLKB(1'b0), .CEB(1'b0), .WEB(1'b0),
      .DOA8(through_block[8]), .DOA7(through_block[7]), .DOA6(through_block[6]), .DOA5(through_block[5]),
      .DOA4(through_block[4]), .DOA3(through_block[3]), .DOA2(through_block[2]), .DOA1(through_block[1]),
      .DOA0(through_block[0])
  );
  assign compared_o[Count+1] = through_defined_q;
  assign wrong_o[Count+1] = through_defined_q && through_block != through;

endmodule
