// SPDX-License-Identifier: Apache-2.0
//
// The memories of vm_l1. Tags with their valid bits, line states and pseudo-LRU in LUT RAM (read asynchronously),
// data in block RAM with byte enables (read synchronously).
//
//   lookup     set_i -> valid_o, tag_o in the same cycle; set_i, word_i -> data_o of every way in the next
//   second     state_set_i -> state_valid_o, dirty_o, victim_o in the same cycle: for replacement and maintenance
//   writes     visible to what reads in the next cycle. A data byte that is written while it is read comes out
//              undefined; the cache forwards it
//
// RAM has no reset: the owner sweeps all sets (meta_write_i all ones, meta_tag_i), after reset with sweep_plru_i.
module vm_l1_array
  import vm_pkg::*;
#(
    parameter  int unsigned Sets = 64,
    parameter  int unsigned Ways = 4,
    parameter  int unsigned Words = 8,   // of 64 bits, in a line
    parameter  int unsigned TagW = 22,
    localparam int unsigned SetW = idx_bits(Sets),
    localparam int unsigned WordIdxW = idx_bits(Words)
) (
    input logic clk_i,

    input  logic [SetW-1:0]           set_i,
    input  logic [WordIdxW-1:0]       word_i,
    output logic [Ways-1:0]           valid_o,
    output logic [Ways-1:0][TagW-1:0] tag_o,
    output logic [Ways-1:0][63:0]     data_o,

    input  logic [SetW-1:0] state_set_i,
    output logic [Ways-1:0] state_valid_o,
    output logic [Ways-1:0] dirty_o,
    output logic [Ways-1:0] victim_o,  // one hot: the lowest invalid way, else pseudo-LRU

    input logic [Ways-1:0]     write_way_i,
    input logic [SetW-1:0]     write_set_i,
    input logic [WordIdxW-1:0] write_word_i,
    input logic [7:0]          write_strb_i,
    input logic [63:0]         write_data_i,

    // Line state of the ways meta_way_i; with meta_tag_i also the tag and the valid bit that lookups see.
    input logic [Ways-1:0] meta_way_i,
    input logic            meta_tag_i,
    input logic [SetW-1:0] meta_set_i,
    input logic            meta_valid_i,
    input logic            meta_dirty_i,
    input logic [TagW-1:0] meta_new_tag_i,

    input logic            touch_i,
    input logic [Ways-1:0] touch_way_i,
    input logic [SetW-1:0] touch_set_i,
    input logic            sweep_plru_i  // of meta_set_i
);

  localparam int unsigned WayBits = idx_bits(Ways);
  localparam int unsigned AddrW = idx_bits(Sets * Words);

  logic [AddrW-1:0] read_addr, write_addr;
  assign read_addr = AddrW'(set_i) * AddrW'(Words) + AddrW'(word_i);
  assign write_addr = AddrW'(write_set_i) * AddrW'(Words) + AddrW'(write_word_i);

  for (genvar w = 0; w < Ways; w++) begin : gen_way
    (* ram_style = "distributed", no_rw_check *) logic [TagW:0] tag_mem[Sets];      // {valid, tag}
    (* ram_style = "distributed", no_rw_check *) logic [1:0] state_mem[Sets];       // {valid, dirty}
    (* ram_style = "block", no_rw_check *) logic [63:0] data_mem[Sets*Words];

    always_ff @(posedge clk_i) begin
      if (meta_way_i[w] && meta_tag_i) tag_mem[meta_set_i] <= {meta_valid_i, meta_new_tag_i};
    end
    always_ff @(posedge clk_i) begin
      if (meta_way_i[w]) state_mem[meta_set_i] <= {meta_valid_i, meta_dirty_i};
    end
    always_ff @(posedge clk_i) begin
      for (int unsigned b = 0; b < 8; b++) begin
        if (write_way_i[w] && write_strb_i[b]) data_mem[write_addr][8*b+:8] <= write_data_i[8*b+:8];
      end
      data_o[w] <= data_mem[read_addr];
    end

    assign {valid_o[w], tag_o[w]} = tag_mem[set_i];
    assign {state_valid_o[w], dirty_o[w]} = state_mem[state_set_i];
  end

  // ------------------------------------------------------------------ replacement

  logic [WayBits-1:0] plru_victim;

  if (Ways > 1) begin : gen_plru
    (* ram_style = "distributed", no_rw_check *) logic [Ways-2:0] plru_mem[Sets];
    logic [Ways-2:0] touched, unused_touched;
    logic [WayBits-1:0] touch_idx, unused_victim;
    logic [SetW-1:0] plru_set;

    always_comb begin
      touch_idx = '0;
      for (int unsigned w = 0; w < Ways; w++) begin
        if (touch_way_i[w]) touch_idx |= WayBits'(w);
      end
    end
    assign plru_set = sweep_plru_i ? meta_set_i : touch_set_i;
    always_ff @(posedge clk_i) begin
      if (touch_i || sweep_plru_i) plru_mem[plru_set] <= sweep_plru_i ? '0 : touched;
    end

    vm_plru #(
        .Ways(Ways)
    ) u_plru_victim (
        .state_i    (plru_mem[state_set_i]),
        .touch_way_i('0),
        .touched_o  (unused_touched),
        .victim_o   (plru_victim)
    );
    vm_plru #(
        .Ways(Ways)
    ) u_plru_touch (
        .state_i    (plru_mem[touch_set_i]),
        .touch_way_i(touch_idx),
        .touched_o  (touched),
        .victim_o   (unused_victim)
    );
    logic unused;
    assign unused = ^{unused_touched, unused_victim};
  end else begin : gen_no_plru
    logic unused;
    assign unused = ^{touch_i, touch_way_i, touch_set_i, sweep_plru_i};
    assign plru_victim = '0;
  end

  always_comb begin
    victim_o = Ways'(1) << plru_victim;
    for (int w = Ways - 1; w >= 0; w--) begin
      if (!state_valid_o[w]) victim_o = Ways'(1) << w;
    end
  end

endmodule
