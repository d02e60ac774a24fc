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

  // The value of a digit '0' or '1' is its lowest bit.
  localparam [2:0] SelectA = {CSDECODE_A[16], CSDECODE_A[8], CSDECODE_A[0]};
  localparam [2:0] SelectB = {CSDECODE_B[16], CSDECODE_B[8], CSDECODE_B[0]};

  localparam [35:0] OnesA = 36'hFFFFFFFFF >> (36 - DATA_WIDTH_A);
  localparam [35:0] OnesB = 36'hFFFFFFFFF >> (36 - DATA_WIDTH_B);

  reg [35:0] mem[0:511];
  wire [13:0] ada = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire [13:0] adb = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  wire [17:0] dia = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4,
      DIA3, DIA2, DIA1, DIA0};
  wire [17:0] dib = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4,
      DIB3, DIB2, DIB1, DIB0};
  wire [35:0] data_a = (DATA_WIDTH_A == 36) ? {dib, dia} : {18'd0, dia};
  wire [35:0] data_b = {18'd0, dib};
  genvar byte_a, byte_b;

  // ---------------------------------------------------------------- port A
  wire clk_a = (CLKAMUX == "INV") ? ~CLKA : CLKA;
  wire on_a = CEA && {CSA2, CSA1, CSA0} == SelectA;
  wire write_a = on_a && WEA && !(RESETMODE == "SYNC" && RSTA);
  // Where in its word what it addresses begins, and which bits a write changes there.
  wire [5:0] half_a = (DATA_WIDTH_A < 36 && ada[4]) ? 6'd18 : 6'd0;
  wire [5:0] byte_at_a = (DATA_WIDTH_A < 18 && ada[3]) ? 6'd9 : 6'd0;
  wire [2:0] bit_at_a = (DATA_WIDTH_A == 1) ? ada[2:0]
                      : (DATA_WIDTH_A == 2) ? {ada[2:1], 1'b0}
                      : (DATA_WIDTH_A == 4) ? {ada[2], 2'b00}
                      : 3'd0;
  wire [5:0] at_a = half_a + byte_at_a + {3'd0, bit_at_a};
  wire [35:0] bytes_a = (DATA_WIDTH_A == 36) ? {{9{ada[3]}}, {9{ada[2]}}, {9{ada[1]}}, {9{ada[0]}}}
                      : (DATA_WIDTH_A == 18) ? {18'd0, {9{ada[1]}}, {9{ada[0]}}}
                      : OnesA;
  wire [35:0] mask_a = bytes_a << at_a;
  wire [35:0] new_a = (mem[ada[13:5]] & ~mask_a) | ((data_a << at_a) & mask_a);
  wire clash_a = write_b && ada[13:5] == adb[13:5];
  wire [35:0] seen_a = mem[ada[13:5]] ^ (clash_a ? mask_b : 36'd0);
  wire [35:0] through_a = (WEA && WRITEMODE_A == "WRITETHROUGH") ? new_a : seen_a;
  wire [35:0] next_a = (through_a >> at_a) & OnesA;
  wire load_a = on_a && !(WEA && WRITEMODE_A == "NORMAL");

  generate
    if (DATA_WIDTH_A >= 9) begin : gen_bytes_a
      for (byte_a = 0; byte_a < DATA_WIDTH_A / 9; byte_a = byte_a + 1) begin : gen_byte
        always @(posedge clk_a)
          if (write_a && bytes_a[9*byte_a]) mem[ada[13:5]][at_a + 9 * byte_a+:9] <= data_a[9*byte_a+:9];
      end
    end else begin : gen_bits_a
      always @(posedge clk_a) if (write_a) mem[ada[13:5]][at_a+:DATA_WIDTH_A] <= data_a[DATA_WIDTH_A-1:0];
    end
  endgenerate

  reg [35:0] latch_a, reg_a;
  generate
    if (RESETMODE == "SYNC") begin : gen_sync_a
      always @(posedge clk_a) begin
        if (RSTA) latch_a <= 36'd0;
        else if (load_a) latch_a <= next_a;
        if (RSTA) reg_a <= 36'd0;
        else if (OCEA) reg_a <= latch_a;
      end
    end else begin : gen_async_a
      always @(posedge clk_a or posedge RSTA) begin
        if (RSTA) latch_a <= 36'd0;
        else if (load_a) latch_a <= next_a;
      end
      always @(posedge clk_a or posedge RSTA) begin
        if (RSTA) reg_a <= 36'd0;
        else if (OCEA) reg_a <= latch_a;
      end
    end
  endgenerate
  wire [35:0] out_a = (REGMODE_A == "OUTREG") ? reg_a : latch_a;

  // ---------------------------------------------------------------- port B
  wire clk_b = (CLKBMUX == "INV") ? ~CLKB : CLKB;
  wire on_b = CEB && {CSB2, CSB1, CSB0} == SelectB;
  wire write_b = on_b && WEB && !(RESETMODE == "SYNC" && RSTB);
  // Where in its word what it addresses begins, and which bits a write changes there.
  wire [5:0] half_b = (DATA_WIDTH_B < 36 && adb[4]) ? 6'd18 : 6'd0;
  wire [5:0] byte_at_b = (DATA_WIDTH_B < 18 && adb[3]) ? 6'd9 : 6'd0;
  wire [2:0] bit_at_b = (DATA_WIDTH_B == 1) ? adb[2:0]
                      : (DATA_WIDTH_B == 2) ? {adb[2:1], 1'b0}
                      : (DATA_WIDTH_B == 4) ? {adb[2], 2'b00}
                      : 3'd0;
  wire [5:0] at_b = half_b + byte_at_b + {3'd0, bit_at_b};
  wire [35:0] bytes_b = (DATA_WIDTH_B == 36) ? {{9{adb[3]}}, {9{adb[2]}}, {9{adb[1]}}, {9{adb[0]}}}
                      : (DATA_WIDTH_B == 18) ? {18'd0, {9{adb[1]}}, {9{adb[0]}}}
                      : OnesB;
  wire [35:0] mask_b = bytes_b << at_b;
  wire [35:0] new_b = (mem[adb[13:5]] & ~mask_b) | ((data_b << at_b) & mask_b);
  wire clash_b = write_a && adb[13:5] == ada[13:5];
  wire [35:0] seen_b = mem[adb[13:5]] ^ (clash_b ? mask_a : 36'd0);
  wire [35:0] through_b = (WEB && WRITEMODE_B == "WRITETHROUGH") ? new_b : seen_b;
  wire [35:0] next_b = (through_b >> at_b) & OnesB;
  wire load_b = on_b && !(WEB && WRITEMODE_B == "NORMAL");

  generate
    if (DATA_WIDTH_B >= 9) begin : gen_bytes_b
      for (byte_b = 0; byte_b < DATA_WIDTH_B / 9; byte_b = byte_b + 1) begin : gen_byte
        always @(posedge clk_b)
          if (write_b && bytes_b[9*byte_b]) mem[adb[13:5]][at_b + 9 * byte_b+:9] <= data_b[9*byte_b+:9];
      end
    end else begin : gen_bits_b
      always @(posedge clk_b) if (write_b) mem[adb[13:5]][at_b+:DATA_WIDTH_B] <= data_b[DATA_WIDTH_B-1:0];
    end
  endgenerate

  reg [35:0] latch_b, reg_b;
  generate
    if (RESETMODE == "SYNC") begin : gen_sync_b
      always @(posedge clk_b) begin
        if (RSTB) latch_b <= 36'd0;
        else if (load_b) latch_b <= next_b;
        if (RSTB) reg_b <= 36'd0;
        else if (OCEB) reg_b <= latch_b;
      end
    end else begin : gen_async_b
      always @(posedge clk_b or posedge RSTB) begin
        if (RSTB) latch_b <= 36'd0;
        else if (load_b) latch_b <= next_b;
      end
      always @(posedge clk_b or posedge RSTB) begin
        if (RSTB) reg_b <= 36'd0;
        else if (OCEB) reg_b <= latch_b;
      end
    end
  endgenerate
  wire [35:0] out_b = (REGMODE_B == "OUTREG") ? reg_b : latch_b;

  wire [17:0] doa = (DATA_WIDTH_B == 36) ? out_b[17:0] : out_a[17:0];
  wire [17:0] dob = (DATA_WIDTH_B == 36) ? out_b[35:18] : out_b[17:0];
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
  initial begin
    for (i = 0; i < 512; i = i + 1) mem[i] = {Contents[40*i+20+:18], Contents[40*i+:18]};
    latch_a = 36'd0;
    latch_b = 36'd0;
    reg_a = 36'd0;
    reg_b = 36'd0;
  end
`endif

endmodule
