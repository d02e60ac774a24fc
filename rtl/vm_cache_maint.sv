// SPDX-License-Identifier: Apache-2.0
//
// Maintenance and array port of one cache: what goes through the arrays of vm_cache and is no access.
//
// While it is busy the arrays are its own, except between write_back_o and written_i. It sees what is stored in set_o in the
// next cycle, when way_o of it becomes what the outputs say, or all ways with sweep_o. After reset it invalidates all sets.
//
// Cycles: a line that is looked at takes two, one more for each dirty line that is lost and goes (lost_o), and its
// write-back; invalidation of all, one for each set; an access through the array port, two.
module vm_cache_maint
  import vm_pkg::*;
#(
    parameter  machine_t        Cfg = '0,
    parameter  cache_geometry_t Geometry = '0,  // zero ways: there is nothing to do
    parameter  bit              ReadOnly = 1'b0,
    localparam bit              HasCache = Geometry.Ways != 0,
    localparam int unsigned     Ways = HasCache ? 32'(Geometry.Ways) : 1,
    localparam int unsigned     Sets = 32'(Geometry.Sets),
    localparam int unsigned     OffBits = $clog2(32'(Geometry.LineBytes)),
    localparam int unsigned     SetBits = $clog2(Sets),
    localparam int unsigned     SetW = idx_bits(Sets),
    localparam int unsigned     WayBits = idx_bits(Ways),
    localparam int unsigned     WordW = (32'(Geometry.LineBytes) < 8) ? 32 : 64,
    localparam int unsigned     Words = (32'(Geometry.LineBytes) < 8) ? 1 : 32'(Geometry.LineBytes) / 8,
    localparam int unsigned     WordIdxW = idx_bits(Words),
    localparam int unsigned     TagW = 32'(Cfg.BusBits) - OffBits - SetBits
) (
    input logic clk_i,
    input logic rst_ni,

    // What is asked for: holds until its done
    input  logic       maint_valid_i,
    input  maint_req_t maint_req_i,
    output logic       maint_done_o,
    input  logic       array_valid_i,
    input  logic       array_is_tag_i,
    input  array_req_t array_req_i,
    output logic       array_done_o,
    output array_rsp_t array_rsp_o,

    // When
    input  logic start_i,       // with maint_valid_i or array_valid_i, and not busy
    output logic busy_o,        // from the cycle after, and after reset, to that of end_o
    output logic end_o,
    output logic write_back_o,  // line found_way_o of set_o, which is dirty, has to be written back
    input  logic written_i,

    // Where, and what is there
    output logic [SetW-1:0]           first_set_o,  // if it starts with maint_valid_i
    output logic [SetW-1:0]           set_o,        // of the next cycle
    output logic [WayBits-1:0]        way_o,
    output logic [WayBits-1:0]        found_way_o,  // the line to write back or to read; later than way_o in the cycle
    output logic [WordIdxW-1:0]       word_o,
    input  logic [Ways-1:0]           valid_i,      // as read in the cycle before: from set_o, at first first_set_o
    input  logic [Ways-1:0][TagW-1:0] tag_i,
    input  logic [Ways-1:0]           dirty_i,
    input  logic [Ways-1:0]           lost_i,       // in this cycle: dirty, and its tag word is wrong
    input  logic [WayBits-1:0]        lost_way_i,   // the lowest of them
    input  logic [WordW-1:0]          read_data_i,  // of the way and word before

    // What becomes of it, as for vm_cache_array
    output logic             tag_write_o,
    output logic             dirty_write_o,
    output logic [TagW-1:0]  tag_o,
    output logic             dirty_o,
    output logic             invalidate_o,
    output logic             sweep_o,
    output logic             sweep_plru_o,
    output logic             data_write_o,
    output logic [WordW-1:0] data_o,
    output logic             flip_tag_o,
    output logic             flip_data_o,
    output logic             lost_o         // the line that goes is lost
);

  typedef enum logic [2:0] {
    StIdle,
    StSweep,      // invalidate all sets, one per cycle: after reset, and for "invalidate all"
    StLook,       // look at one line
    StWriteBack,  //   it is written back
    StAct,        //   and change its state
    StArrayRead,  // array port: address the RAMs
    StArray       //   and answer
  } state_e;

  state_e state_d, state_q;
  logic [SetW-1:0] set_d, set_q;
  logic [WayBits-1:0] way_d, way_q;
  logic selected_d, selected_q;  // the line looked at is one to act on
  logic reset_sweep_q;           // the sweep is the one after reset

  // ------------------------------------------------------------------ the line

  logic [TagW-1:0] tag;
  logic [Ways-1:0] match;
  logic lost, last;
  logic looking, acting;

  assign looking = state_q == StLook;
  assign acting = state_q == StAct && selected_q;
  assign tag = TagW'(maint_req_i.addr >> (OffBits + SetBits));
  always_comb begin
    for (int unsigned w = 0; w < Ways; w++) begin
      match[w] = valid_i[w] && (maint_req_i.by_addr ? tag_i[w] == tag : way_q == WayBits'(w));
    end
  end
  assign lost = maint_req_i.by_addr ? |lost_i : lost_i[way_q];
  assign last = maint_req_i.by_addr || (way_q == WayBits'(Ways - 1) && set_q == SetW'(Sets - 1));

  // ------------------------------------------------------------------ state machine

  logic flip;
  assign flip = Cfg.Parity && array_req_i.flip;

  always_comb begin
    state_d = state_q;
    set_d = set_q;
    way_d = way_q;
    selected_d = selected_q;
    maint_done_o = 1'b0;
    array_done_o = 1'b0;
    end_o = 1'b0;
    write_back_o = 1'b0;
    tag_write_o = 1'b0;
    dirty_write_o = acting && maint_req_i.clean;
    invalidate_o = acting && maint_req_i.invalidate;
    sweep_o = 1'b0;
    data_write_o = 1'b0;
    flip_tag_o = 1'b0;
    flip_data_o = 1'b0;
    lost_o = 1'b0;

    unique case (state_q)
      StIdle: begin
        way_d = '0;
        set_d = maint_valid_i ? first_set_o : '0;
        if (!HasCache) begin
          maint_done_o = start_i && maint_valid_i;
          array_done_o = start_i && !maint_valid_i && array_valid_i;
        end else if (start_i && maint_valid_i) begin
          state_d = (!maint_req_i.by_addr && !maint_req_i.clean) ? StSweep : StLook;
        end else if (start_i && Cfg.ArrayPort && array_valid_i) begin
          set_d = SetW'(array_req_i.index);
          way_d = WayBits'(array_req_i.way);
          state_d = StArrayRead;
        end
      end
      StSweep: begin
        sweep_o = 1'b1;
        set_d = set_q + 1'b1;
        if (!HasCache || set_q == SetW'(Sets - 1)) begin
          maint_done_o = !reset_sweep_q;
          end_o = 1'b1;
          state_d = StIdle;
        end
      end
      StLook: begin
        selected_d = |match;
        for (int unsigned w = 0; w < Ways; w++) begin
          if (match[w]) way_d = WayBits'(w);
        end
        state_d = StAct;
        if (!ReadOnly && maint_req_i.clean && |(match & dirty_i)) begin
          write_back_o = !lost;
          state_d = StWriteBack;
        end
        // A line that is lost goes first.
        if (lost) begin
          lost_o = 1'b1;
          way_d = maint_req_i.by_addr ? lost_way_i : way_q;
          invalidate_o = 1'b1;
          state_d = StLook;
        end
      end
      StWriteBack: if (written_i) state_d = StAct;
      StAct: begin
        way_d = way_q + 1'b1;
        if (way_q == WayBits'(Ways - 1)) begin
          way_d = '0;
          set_d = set_q + 1'b1;
        end
        state_d = StLook;
        if (last) begin
          maint_done_o = 1'b1;
          end_o = 1'b1;
          state_d = StIdle;
        end
      end
      StArrayRead: state_d = StArray;
      StArray: begin
        flip_tag_o = flip && array_is_tag_i;
        flip_data_o = flip && !array_is_tag_i;
        tag_write_o = !flip && array_req_i.write && array_is_tag_i;
        invalidate_o = tag_write_o && !array_req_i.data0[63];
        data_write_o = !array_is_tag_i && (flip || array_req_i.write);
        array_done_o = 1'b1;
        end_o = 1'b1;
        state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
  end

  assign first_set_o = (maint_req_i.by_addr && Sets > 1) ? SetW'(maint_req_i.addr >> OffBits) : '0;
  assign set_o = set_d;
  assign way_o = (Cfg.Parity && looking && maint_req_i.by_addr) ? lost_way_i : way_q;
  assign found_way_o = looking ? way_d : way_q;
  assign word_o = WordIdxW'(array_req_i.word);
  assign busy_o = state_q != StIdle;
  assign sweep_plru_o = sweep_o && reset_sweep_q;
  assign tag_o = TagW'(array_req_i.data0[PaMax-1:0] >> (OffBits + SetBits));
  assign dirty_o = state_q == StArray && array_req_i.data0[62];
  assign data_o = array_req_i.data0[WordW-1:0];

  always_comb begin
    array_rsp_o = '0;
    if (Cfg.ArrayPort && HasCache) begin
      if (array_is_tag_i) begin
        array_rsp_o.data0[63] = valid_i[way_q];
        array_rsp_o.data0[62] = dirty_i[way_q];
        array_rsp_o.data0[PaMax-1:0] = (PaMax'(tag_i[way_q]) << (OffBits + SetBits)) |
            ((Sets > 1) ? PaMax'(set_q) << OffBits : '0);
      end else begin
        array_rsp_o.data0[WordW-1:0] = read_data_i;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StSweep;
      set_q <= '0;
      reset_sweep_q <= 1'b1;
    end else begin
      state_q <= state_d;
      set_q <= set_d;
      if (state_q == StIdle) reset_sweep_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    way_q <= way_d;
    selected_q <= selected_d;
  end

endmodule
