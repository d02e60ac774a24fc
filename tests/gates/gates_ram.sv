// SPDX-License-Identifier: Apache-2.0
//
// A block RAM as the RTL writes it down: one port writes, the other reads a cycle later (rtl/vm_cache_array.sv). Style
// chooses what else the block can do; in a single port (NoChange and below) waddr_i is the address of both.
// `defined_o`: rdata_o is what the last read gave, and that read did not meet a write of the same address.
module gates_ram #(
    parameter int unsigned Width = 1,
    parameter int unsigned AddrBits = 1,
    parameter int unsigned StrobeBits = 1,  // that one write enable is for
    parameter int unsigned Style = 0
) (
    input logic clk_i,
    input logic rst_i,
    input logic write_i,
    input logic [Width/StrobeBits-1:0] strobe_i,
    input logic [AddrBits-1:0] waddr_i,
    input logic [Width-1:0] wdata_i,
    input logic read_i,
    input logic [AddrBits-1:0] raddr_i,
    output logic [Width-1:0] rdata_o,
    output logic defined_o
);

  localparam int unsigned Plain = 0, ResetSync = 1, ResetAsync = 2, Contents = 3;
  localparam int unsigned NoChange = 4, Through = 5;  // and ReadFirst = 6
  localparam bit Single = Style >= NoChange;
  localparam int unsigned Strobes = Width / StrobeBits;

  logic clash;
  assign clash = !Single && write_i && strobe_i != '0 && waddr_i == raddr_i;

  if (Style == Contents) begin : gen_contents
    (* ram_style = "block", no_rw_check *) logic [Width-1:0] mem[2**AddrBits];
    initial begin
      for (int unsigned i = 0; i < 2 ** AddrBits; i++) mem[i] = Width'(i * 32'h9E3779B1 >> 5);
    end
    always_ff @(posedge clk_i) begin
      if (write_i && strobe_i[0]) mem[waddr_i] <= wdata_i;
      if (read_i) rdata_o <= mem[raddr_i];
    end
  end else begin : gen_plain
    (* ram_style = "block", no_rw_check *) logic [Width-1:0] mem[2**AddrBits];
    if (Style == Plain) begin : gen_read
      always_ff @(posedge clk_i) begin
        if (read_i) rdata_o <= mem[raddr_i];
      end
    end else if (Style == ResetSync) begin : gen_read
      always_ff @(posedge clk_i) begin
        if (rst_i) rdata_o <= '0;
        else if (read_i) rdata_o <= mem[raddr_i];
      end
    end else if (Style == ResetAsync) begin : gen_read
      always_ff @(posedge clk_i or posedge rst_i) begin
        if (rst_i) rdata_o <= '0;
        else if (read_i) rdata_o <= mem[raddr_i];
      end
    end else if (Style == NoChange) begin : gen_read
      always_ff @(posedge clk_i) begin
        if (read_i && !write_i) rdata_o <= mem[waddr_i];
      end
    end else if (Style == Through) begin : gen_read
      always_ff @(posedge clk_i) begin
        if (write_i || read_i) rdata_o <= write_i ? wdata_i : mem[waddr_i];
      end
    end else begin : gen_read
      always_ff @(posedge clk_i) begin
        if (write_i || read_i) rdata_o <= mem[waddr_i];
      end
    end
    always_ff @(posedge clk_i) begin
      for (int unsigned s = 0; s < Strobes; s++) begin
        if (write_i && strobe_i[s]) mem[waddr_i][StrobeBits*s+:StrobeBits] <= wdata_i[StrobeBits*s+:StrobeBits];
      end
    end
  end

  logic read_q = 1'b0, good_q = 1'b0;
  assign defined_o = read_q && good_q;
  always_ff @(posedge clk_i) begin
    if (read_i && !(Style == NoChange && write_i)) begin
      read_q <= 1'b1;
      good_q <= !clash;
    end
  end

endmodule
