// SPDX-License-Identifier: Apache-2.0
//
// The way of fetched beats into the data RAM. Beats cannot be held up, the write port belongs to stores first: what
// comes meanwhile waits in a queue, and beats_wait_o asks S0 to pause. What the beat's register knows (set, way,
// word) is looked up as the beat is taken: take_o with reg_o, answered in the same cycle by set_i, way_i, word_i,
// last_i.
module vm_l1_fill
  import vm_pkg::*;
#(
    parameter  int unsigned IdW = 3,
    parameter  int unsigned Ways = 4,
    parameter  int unsigned SetW = 6,
    parameter  int unsigned WordIdxW = 3,
    parameter  int unsigned RegW = 3,
    localparam int unsigned Depth = 8      // stores in flight hold a beat back for three cycles at most
) (
    input logic clk_i,
    input logic rst_ni,

    input logic           beat_valid_i,
    input logic [IdW-1:0] beat_id_i,
    input logic [63:0]    beat_data_i,
    input logic           beat_err_i,

    output logic                take_o,
    output logic [RegW-1:0]     reg_o,
    output logic                err_o,
    input  logic [SetW-1:0]     set_i,
    input  logic [Ways-1:0]     way_i,
    input  logic [WordIdxW-1:0] word_i,
    input  logic                last_i,

    output logic                fill_valid_o,
    input  logic                fill_ready_i,
    output logic [RegW-1:0]     fill_reg_o,
    output logic                fill_last_o,
    output logic [SetW-1:0]     fill_set_o,
    output logic [Ways-1:0]     fill_way_o,
    output logic [WordIdxW-1:0] fill_word_o,
    output logic [63:0]         fill_data_o,

    output logic beats_wait_o
);

  typedef struct packed {
    logic [IdW-1:0] id;
    logic err;
    logic [63:0] data;
  } beat_t;

  localparam int unsigned PtrW = $clog2(Depth) + 1;

  (* ram_style = "distributed", no_rw_check *) beat_t beat_mem[Depth];
  logic [PtrW-1:0] wr_q, rd_q;
  logic [PtrW-1:0] wr_d, rd_d;
  logic push, go;
  beat_t incoming, beat;

  assign incoming = '{id: beat_id_i, err: beat_err_i, data: beat_data_i};
  assign beat = beats_wait_o ? beat_mem[rd_q[PtrW-2:0]] : incoming;
  assign go = fill_valid_o && fill_ready_i;
  assign take_o = (beats_wait_o || beat_valid_i) && (!fill_valid_o || go);
  assign push = beat_valid_i && (beats_wait_o || !take_o);
  assign reg_o = RegW'(beat.id);
  assign err_o = beat.err;
  assign wr_d = push ? wr_q + 1'b1 : wr_q;
  assign rd_d = (take_o && beats_wait_o) ? rd_q + 1'b1 : rd_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_q <= '0;
      rd_q <= '0;
      fill_valid_o <= 1'b0;
      beats_wait_o <= 1'b0;
    end else begin
      wr_q <= wr_d;
      rd_q <= rd_d;
      beats_wait_o <= wr_d != rd_d;
      fill_valid_o <= take_o || (fill_valid_o && !go);
    end
  end
  always_ff @(posedge clk_i) begin
    if (push) beat_mem[wr_q[PtrW-2:0]] <= incoming;
    if (take_o) begin
      fill_reg_o <= reg_o;
      fill_last_o <= last_i;
      fill_set_o <= set_i;
      fill_way_o <= way_i;
      fill_word_o <= word_i;
      fill_data_o <= beat.data;
    end
  end

endmodule
