// SPDX-License-Identifier: Apache-2.0
//
// The memories of one cache: tags, valid and dirty bits and pseudo-LRU state in LUT RAM (read asynchronously), data in
// block RAM (read synchronously). One set is looked at at a time.
//
//   tag side   set_i -> valid_o, tag_o, dirty_o, plru_o in the same cycle
//   data side  set_i, read_word_i -> read_data_o of every way in the next cycle
//
// RAM has no reset: the owner sweeps all sets with sweep_i, after reset with sweep_plru_i.
// Data words are written whole, so the block RAM needs no byte enables; a word that is written in the cycle it is
// read comes out undefined, and the cache forwards the written one instead.
//
// Parity: tag and valid bit of a line are one word with a parity bit, the dirty bit is kept twice, each data word has a
// parity bit. A line whose tag word is wrong does not show as valid, and one with either dirty bit set shows as dirty. A
// line that is not valid has both dirty bits clear.
module vm_cache_array
  import vm_pkg::*;
#(
    parameter  int unsigned Sets = 1,
    parameter  int unsigned Ways = 1,
    parameter  int unsigned Words = 1,    // data words in a line
    parameter  int unsigned WordW = 64,
    parameter  int unsigned TagW = 1,
    parameter  bit          Parity = 1'b0,
    localparam int unsigned SetW = idx_bits(Sets),
    localparam int unsigned WordIdxW = idx_bits(Words),
    localparam int unsigned WayBits = idx_bits(Ways),
    localparam int unsigned PlruW = (Ways > 1) ? Ways - 1 : 1
) (
    input logic clk_i,

    input  logic [SetW-1:0]           set_i,
    output logic [Ways-1:0]           valid_o,
    output logic [Ways-1:0][TagW-1:0] tag_o,
    output logic [Ways-1:0]           dirty_o,
    output logic [Ways-1:0]           upset_o,   // the tag word has wrong parity
    output logic [PlruW-1:0]          plru_o,    // what was used last

    input  logic [WordIdxW-1:0]        read_word_i,
    output logic [Ways-1:0][WordW-1:0] read_data_o,
    output logic [Ways-1:0]            read_upset_o,  // and this its parity

    input logic                write_i,
    input logic [WayBits-1:0]  write_way_i,
    input logic [SetW-1:0]     write_set_i,
    input logic [WordIdxW-1:0] write_word_i,
    input logic [WordW-1:0]    write_data_i,

    // Line state of meta_way_i in meta_set_i. tag_write_i makes it valid, invalidate_i (stronger) invalid.
    input logic               tag_write_i,
    input logic               dirty_write_i,
    input logic [WayBits-1:0] meta_way_i,
    input logic [SetW-1:0]    meta_set_i,
    input logic [TagW-1:0]    meta_tag_i,
    input logic               meta_dirty_i,
    input logic               invalidate_i,
    // Bit flip_bit_i turns over: of the tag word of meta_way_i in meta_set_i, which is set_i (above it: of the two dirty bits),
    // or, with write_i, of the data word that was read in the cycle before.
    input logic       flip_tag_i,
    input logic       flip_data_i,
    input logic [7:0] flip_bit_i,
    // Invalidate every way of meta_set_i; with sweep_plru_i also forget what was used last.
    input logic               sweep_i,
    input logic               sweep_plru_i,

    input logic               touch_i,
    input logic [WayBits-1:0] touch_way_i,
    input logic [SetW-1:0]    touch_set_i,
    output logic [PlruW-1:0]  touched_o     // what plru_o of that set becomes
);

  localparam int unsigned AddrW = idx_bits(Sets * Words);
  localparam int unsigned DataW = WordW + 32'(Parity);

  logic [AddrW-1:0] read_addr, write_addr;
  assign read_addr = AddrW'(set_i) * AddrW'(Words) + AddrW'(read_word_i);
  assign write_addr = AddrW'(write_set_i) * AddrW'(Words) + AddrW'(write_word_i);

  for (genvar w = 0; w < Ways; w++) begin : gen_way
    logic mine;
    assign mine = meta_way_i == WayBits'(w);

    if (Parity) begin : gen_parity
      localparam int unsigned LineW = TagW + 2;  // parity, valid, tag
      (* ram_style = "distributed", no_rw_check *) logic [LineW-1:0] line_mem[Sets];
      (* ram_style = "distributed", no_rw_check *) logic [1:0] dirty_mem[Sets];
      logic [LineW-1:0] line;
      logic [1:0] dirty;
      logic [LineW+1:0] flip;
      logic valid, ending;
      assign flip = (LineW + 2)'(1) << flip_bit_i;
      assign ending = invalidate_i || sweep_i;
      always_ff @(posedge clk_i) begin
        if (((tag_write_i || invalidate_i || flip_tag_i) && mine) || sweep_i) begin
          line_mem[meta_set_i] <= flip_tag_i ? line ^ flip[LineW-1:0] : {^{!ending, meta_tag_i}, !ending, meta_tag_i};
        end
      end
      always_ff @(posedge clk_i) begin
        if (((tag_write_i || dirty_write_i || invalidate_i || flip_tag_i) && mine) || sweep_i) begin
          dirty_mem[meta_set_i] <= flip_tag_i ? dirty ^ flip[LineW+:2] : {2{meta_dirty_i && !ending}};
        end
      end
      assign line = line_mem[set_i];
      assign dirty = dirty_mem[set_i];
      assign upset_o[w] = ^line;
      assign {valid, tag_o[w]} = line[TagW:0];
      assign valid_o[w] = valid && !upset_o[w];
      assign dirty_o[w] = |dirty;
    end else begin : gen_no_parity
      (* ram_style = "distributed", no_rw_check *) logic [TagW-1:0] tag_mem[Sets];
      (* ram_style = "distributed", no_rw_check *) logic valid_mem[Sets];
      (* ram_style = "distributed", no_rw_check *) logic dirty_mem[Sets];
      always_ff @(posedge clk_i) begin
        if (tag_write_i && mine) tag_mem[meta_set_i] <= meta_tag_i;
      end
      always_ff @(posedge clk_i) begin
        if (((tag_write_i || invalidate_i) && mine) || sweep_i) begin
          valid_mem[meta_set_i] <= !invalidate_i && !sweep_i;
        end
      end
      always_ff @(posedge clk_i) begin
        if ((tag_write_i || dirty_write_i) && mine) dirty_mem[meta_set_i] <= meta_dirty_i;
      end
      assign tag_o[w] = tag_mem[set_i];
      assign valid_o[w] = valid_mem[set_i];
      assign dirty_o[w] = dirty_mem[set_i];
      assign upset_o[w] = 1'b0;
      logic unused;
      assign unused = ^{flip_tag_i, flip_bit_i};
    end

    (* no_rw_check *) logic [DataW-1:0] data_mem[Sets*Words];
    logic [DataW-1:0] read_word;
    always_ff @(posedge clk_i) begin
      if (write_i && write_way_i == WayBits'(w)) begin
        data_mem[write_addr] <= (Parity && flip_data_i) ? read_word ^ (DataW'(1) << flip_bit_i)
                                                        : DataW'({^write_data_i, write_data_i});
      end
      read_word <= data_mem[read_addr];
    end
    assign read_data_o[w] = read_word[WordW-1:0];
    assign read_upset_o[w] = Parity && ^read_word;
  end

  // ------------------------------------------------------------------ replacement

  if (Ways > 1) begin : gen_plru
    (* ram_style = "distributed", no_rw_check *) logic [PlruW-1:0] plru_mem[Sets];
    logic [WayBits-1:0] unused_victim;
    logic [SetW-1:0] plru_set;

    assign plru_set = sweep_i ? meta_set_i : touch_set_i;
    always_ff @(posedge clk_i) begin
      if (touch_i || sweep_plru_i) plru_mem[plru_set] <= sweep_plru_i ? '0 : touched_o;
    end

    assign plru_o = plru_mem[set_i];
    vm_plru #(
        .Ways(Ways)
    ) u_plru_touch (
        .state_i    (plru_mem[touch_set_i]),
        .touch_way_i(touch_way_i),
        .touched_o,
        .victim_o   (unused_victim)
    );
    logic unused;
    assign unused = ^unused_victim;
  end else begin : gen_no_plru
    logic unused;
    assign unused = ^{touch_i, touch_way_i, touch_set_i, sweep_plru_i};
    assign plru_o = '0;
    assign touched_o = '0;
  end

endmodule
