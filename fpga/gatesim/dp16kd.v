// SPDX-License-Identifier: Apache-2.0
//
// DP16KD: block RAM of an ECP5, 18 Kbit with two ports, as Yosys infers it (share/lattice/brams_16kd.txt) and Lattice
// describes it (FPGA-TN-02204). The simulation library of Yosys has a black box only. tests/gates compares this
// model with the behaviour that it is inferred from.
//
// 512 words of four bytes of 9 bits; ports of 1, 2 and 4 bits do not reach the ninth. Addresses count bits: AD[13:5]
// the word, AD[4:3] the byte, AD[2:0] the bit. A port of 18 bits has the write enables of its bytes in AD[1:0], one
// of 36 in AD[3:0]. A port of 36 bits uses the pins of both: port A writes {DIB, DIA}, port B reads {DOB, DOA}.
//
// What a port reads while the other one writes it is not defined: here it is the complement of what was there, so
// that a design that uses it is found. With VM_RANDOM_START nothing has a value from the start, as after a
// reset in the middle of work.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3,
        DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3,
        DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3,
        DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3,
        DOB2, DOB1, DOB0
);

  parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
  parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG";
  parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC";
  parameter [39:0] CSDECODE_A = "0b000", CSDECODE_B = "0b000";
  parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
  parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB";
  parameter GSR = "ENABLED";
  // A row is 16 half words, 20 bits for each.
  parameter [319:0]
      INITVAL_00 = 320'd0, INITVAL_01 = 320'd0, INITVAL_02 = 320'd0, INITVAL_03 = 320'd0, INITVAL_04 = 320'd0,
      INITVAL_05 = 320'd0, INITVAL_06 = 320'd0, INITVAL_07 = 320'd0, INITVAL_08 = 320'd0, INITVAL_09 = 320'd0,
      INITVAL_0A = 320'd0, INITVAL_0B = 320'd0, INITVAL_0C = 320'd0, INITVAL_0D = 320'd0, INITVAL_0E = 320'd0,
      INITVAL_0F = 320'd0, INITVAL_10 = 320'd0, INITVAL_11 = 320'd0, INITVAL_12 = 320'd0, INITVAL_13 = 320'd0,
      INITVAL_14 = 320'd0, INITVAL_15 = 320'd0, INITVAL_16 = 320'd0, INITVAL_17 = 320'd0, INITVAL_18 = 320'd0,
      INITVAL_19 = 320'd0, INITVAL_1A = 320'd0, INITVAL_1B = 320'd0, INITVAL_1C = 320'd0, INITVAL_1D = 320'd0,
      INITVAL_1E = 320'd0, INITVAL_1F = 320'd0, INITVAL_20 = 320'd0, INITVAL_21 = 320'd0, INITVAL_22 = 320'd0,
      INITVAL_23 = 320'd0, INITVAL_24 = 320'd0, INITVAL_25 = 320'd0, INITVAL_26 = 320'd0, INITVAL_27 = 320'd0,
      INITVAL_28 = 320'd0, INITVAL_29 = 320'd0, INITVAL_2A = 320'd0, INITVAL_2B = 320'd0, INITVAL_2C = 320'd0,
      INITVAL_2D = 320'd0, INITVAL_2E = 320'd0, INITVAL_2F = 320'd0, INITVAL_30 = 320'd0, INITVAL_31 = 320'd0,
      INITVAL_32 = 320'd0, INITVAL_33 = 320'd0, INITVAL_34 = 320'd0, INITVAL_35 = 320'd0, INITVAL_36 = 320'd0,
      INITVAL_37 = 320'd0, INITVAL_38 = 320'd0, INITVAL_39 = 320'd0, INITVAL_3A = 320'd0, INITVAL_3B = 320'd0,
      INITVAL_3C = 320'd0, INITVAL_3D = 320'd0, INITVAL_3E = 320'd0, INITVAL_3F = 320'd0;

  reg [35:0] mem[0:511];
  wire [17:0] dia = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
      DIA3, DIA2, DIA1, DIA0};
  wire [17:0] dib = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
      DIB3, DIB2, DIB1, DIB0};

  // Port A is 0, port B is 1.
  genvar p, b;
  generate
    for (p = 0; p < 2; p = p + 1) begin : gen_port
      localparam Width = (p == 0) ? DATA_WIDTH_A : DATA_WIDTH_B;
      localparam OutReg = (p == 0) ? REGMODE_A == "OUTREG" : REGMODE_B == "OUTREG";
      localparam Falling = (p == 0) ? CLKAMUX == "INV" : CLKBMUX == "INV";
      localparam NoChange = (p == 0) ? WRITEMODE_A == "NORMAL" : WRITEMODE_B == "NORMAL";
      localparam Through = (p == 0) ? WRITEMODE_A == "WRITETHROUGH" : WRITEMODE_B == "WRITETHROUGH";
      localparam [39:0] Decode = (p == 0) ? CSDECODE_A : CSDECODE_B;
      // The value of a digit '0' or '1' is its lowest bit.
      localparam [2:0] Select = {Decode[16], Decode[8], Decode[0]};
      localparam [35:0] Ones = 36'hFFFFFFFFF >> (36 - Width);

      wire clk_pin = (p == 0) ? CLKA : CLKB;
      wire clk = Falling ? ~clk_pin : clk_pin;
      wire rst = (p == 0) ? RSTA : RSTB;
      wire enable = (p == 0) ? CEA : CEB;
      wire enable_register = (p == 0) ? OCEA : OCEB;
      wire we = (p == 0) ? WEA : WEB;
      wire [2:0] cs = (p == 0) ? {CSA2, CSA1, CSA0} : {CSB2, CSB1, CSB0};
      wire [13:0] ad = (p == 0)
          ? {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0}
          : {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
      wire [35:0] data = (p == 1) ? {18'd0, dib} : (Width == 36) ? {dib, dia} : {18'd0, dia};

      wire on = enable && cs == Select;
      wire write = on && we && !(RESETMODE == "SYNC" && rst);
      // Where in its word what it addresses begins, and which bits a write changes there.
      wire [5:0] half = (Width < 36 && ad[4]) ? 6'd18 : 6'd0;
      wire [5:0] byte_at = (Width < 18 && ad[3]) ? 6'd9 : 6'd0;
      wire [2:0] bit_at = (Width == 1) ? ad[2:0]
                        : (Width == 2) ? {ad[2:1], 1'b0}
                        : (Width == 4) ? {ad[2], 2'b00}
                        : 3'd0;
      wire [5:0] at = half + byte_at + {3'd0, bit_at};
      wire [35:0] bytes = (Width == 36) ? {{9{ad[3]}}, {9{ad[2]}}, {9{ad[1]}}, {9{ad[0]}}}
                        : (Width == 18) ? {18'd0, {9{ad[1]}}, {9{ad[0]}}}
                        : Ones;
      wire [35:0] mask = bytes << at;
      wire [35:0] new_word = (mem[ad[13:5]] & ~mask) | ((data << at) & mask);
      wire clash = gen_port[1-p].write && ad[13:5] == gen_port[1-p].ad[13:5];
      wire [35:0] seen = mem[ad[13:5]] ^ (clash ? gen_port[1-p].mask : 36'd0);
      wire [35:0] through = (we && Through) ? new_word : seen;
      wire [35:0] next = (through >> at) & Ones;
      wire load = on && !(we && NoChange);

      if (Width >= 9) begin : gen_bytes
        for (b = 0; b < Width / 9; b = b + 1) begin : gen_byte
          always @(posedge clk) if (write && bytes[9*b]) mem[ad[13:5]][at + 9 * b+:9] <= data[9*b+:9];
        end
      end else begin : gen_bits
        always @(posedge clk) if (write) mem[ad[13:5]][at+:Width] <= data[Width-1:0];
      end

      reg [35:0] latch, out_reg;
      if (RESETMODE == "SYNC") begin : gen_sync
        always @(posedge clk) begin
          if (rst) latch <= 36'd0;
          else if (load) latch <= next;
          if (rst) out_reg <= 36'd0;
          else if (enable_register) out_reg <= latch;
        end
      end else begin : gen_async
        always @(posedge clk or posedge rst) begin
          if (rst) latch <= 36'd0;
          else if (load) latch <= next;
        end
        always @(posedge clk or posedge rst) begin
          if (rst) out_reg <= 36'd0;
          else if (enable_register) out_reg <= latch;
        end
      end
      wire [35:0] out = OutReg ? out_reg : latch;

`ifndef VM_RANDOM_START
      initial begin
        latch = 36'd0;
        out_reg = 36'd0;
      end
`endif
    end
  endgenerate

  wire [17:0] doa = (DATA_WIDTH_B == 36) ? gen_port[1].out[17:0] : gen_port[0].out[17:0];
  wire [17:0] dob = (DATA_WIDTH_B == 36) ? gen_port[1].out[35:18] : gen_port[1].out[17:0];
  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3,
        DOA2, DOA1, DOA0} = doa;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3,
        DOB2, DOB1, DOB0} = dob;

`ifndef VM_RANDOM_START
  localparam [20479:0] Contents = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37,
    INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E,
    INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25,
    INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
    INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13,
    INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
    INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
    INITVAL_00};
  integer i;
  initial for (i = 0; i < 512; i = i + 1) mem[i] = {Contents[40*i+20+:18], Contents[40*i+:18]};
`endif

endmodule
