// SPDX-License-Identifier: Apache-2.0
//
// What vm_l1 does alone, one thing at a time, with nothing else in the cache: the sweep after reset, maintenance,
// uncached accesses and written-through stores. It begins when everything before has ended (quiet_i), and not
// between an access of the walker that owns S0 and the next (but for the walker's own).
//
//   uncached    looks; a line that is hit is written back if dirty, and dropped; then the access goes to memory
//   through     looks; the store goes to memory; if that has taken it, the line that was hit is changed
//   maintenance a line: looks, writes it back, changes its state. Whole: every set and way, 2 cycles for each line
//   that is
//               clean; invalidation without cleaning is a sweep
//
// Cycles: begun in c, look in S0 at c + 1, single access offered to the request register at c + 4 (without a hit),
// answer in S1 two cycles after memory's, of a written-through store that changes a line four.
module vm_l1_serial
  import vm_pkg::*;
  import vm_l1_pkg::*;
#(
    parameter  int unsigned Sets = 64,
    parameter  int unsigned Ways = 4,
    parameter  int unsigned Words = 8,
    localparam int unsigned SetBits = $clog2(Sets),
    localparam int unsigned SetW = idx_bits(Sets)
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic quiet_i,       // S1 empty, no store on its way, no miss register in use, nothing to write back
    input  logic walk_slot_i,
    output logic busy_o,

    input  logic       access_valid_i,
    input  logic       access_walk_i,
    input  l1_access_t access_i,
    output logic       access_done_o,

    input  logic       maint_valid_i,
    input  maint_req_t maint_req_i,
    output logic       maint_done_o,

    // S0; and what S1 saw
    output logic            pass_valid_o,
    output l1_access_t      pass_o,
    output l1_pass_e        pass_kind_o,
    output logic            pass_err_o,
    output logic [63:0]     pass_data_o,
    input  logic [Ways-1:0] s1_way_i,

    output logic [SetW-1:0] state_set_o,
    input  logic [Ways-1:0] state_valid_i,
    input  logic [Ways-1:0] dirty_i,
    output logic [Ways-1:0] meta_way_o,
    output logic            meta_tag_o,
    output logic [SetW-1:0] meta_set_o,
    output logic            meta_valid_o,
    output logic            sweep_plru_o,

    output logic            evict_valid_o,
    input  logic            evict_done_i,
    output logic [SetW-1:0] evict_set_o,
    output logic [Ways-1:0] evict_way_o,
    input  logic            bus_idle_i,

    output logic             single_valid_o,
    input  logic             single_ready_i,
    output logic             single_write_o,
    output logic [7:0]       single_strb_o,
    output logic [PaMax-1:0] single_addr_o,
    output logic [63:0]      single_wdata_o,
    input  logic             single_rsp_valid_i,
    input  logic [63:0]      single_rsp_data_i,
    input  logic             single_rsp_err_i
);

  localparam int unsigned OffBits = $clog2(Words) + 3;

  typedef enum logic [3:0] {
    StSweep,
    StIdle,
    StPass,     // the look in S0
    StLook,     // S1
    StDecide,
    StScan,     // whole maintenance: the next line's state
    StEvict,
    StChange,   // the line's state
    StOffer,
    StWait,
    StStore,    // written through: S0 once more, for the line
    StStored,   // S1
    StAnswer,
    StDone      // maintenance: nothing is left to be written
  } state_e;

  state_e state_d, state_q;
  logic after_reset_q;
  logic maint_d, maint_q;
  l1_access_t op_d, op_q;
  logic [SetW-1:0] set_d, set_q;
  logic [Ways-1:0] way_d, way_q;
  logic [Ways-1:0] valid_q, dirty_q;
  logic err_d, err_q;
  logic [63:0] data_d, data_q;
  logic whole, last;

  assign whole = !maint_req_i.by_addr;
  assign last = way_q[Ways-1] && set_q == SetW'(Sets - 1);

  always_comb begin
    state_d = state_q;
    maint_d = maint_q;
    op_d = op_q;
    set_d = set_q;
    way_d = way_q;
    err_d = err_q;
    data_d = data_q;
    access_done_o = 1'b0;
    maint_done_o = 1'b0;
    unique case (state_q)
      StSweep: begin
        set_d = set_q + 1'b1;
        if (set_q == SetW'(Sets - 1)) begin
          maint_done_o = !after_reset_q;
          set_d = '0;
          state_d = StIdle;
        end
      end
      StIdle: begin
        op_d = access_i;
        maint_d = 1'b0;
        err_d = 1'b0;
        set_d = '0;
        way_d = Ways'(1);
        if (quiet_i && (access_valid_i && (access_walk_i || !walk_slot_i))) begin
          set_d = (SetBits > 0) ? SetW'(access_i.addr >> OffBits) : '0;
          state_d = StPass;
        end else if (quiet_i && !access_valid_i && !walk_slot_i && maint_valid_i) begin
          maint_d = 1'b1;
          op_d = '0;
          op_d.addr = maint_req_i.addr;
          set_d = (SetBits > 0 && !whole) ? SetW'(maint_req_i.addr >> OffBits) : '0;
          state_d = !whole ? StPass : (maint_req_i.clean ? StScan : StSweep);
        end
      end
      StPass: state_d = StLook;
      StLook: begin
        way_d = s1_way_i;
        state_d = StDecide;
      end
      StDecide: begin
        if (maint_q) begin
          if (way_q == '0) state_d = StDone;
          else state_d = (maint_req_i.clean && (way_q & dirty_q) != '0) ? StEvict : StChange;
        end else if (op_q.uncached && way_q != '0) begin
          state_d = ((way_q & dirty_q) != '0) ? StEvict : StChange;
        end else begin
          state_d = StOffer;
        end
      end
      StScan: state_d = ((way_q & dirty_i) != '0) ? StEvict : StChange;
      StEvict: if (evict_done_i) state_d = StChange;
      StChange: begin
        if (!maint_q) begin
          state_d = StOffer;
        end else if (!whole || last) begin
          state_d = StDone;
        end else begin
          way_d = (way_q << 1) | Ways'(way_q[Ways-1]);
          if (way_q[Ways-1]) set_d = set_q + 1'b1;
          state_d = StScan;
        end
      end
      StOffer: if (bus_idle_i && single_ready_i) state_d = StWait;
      StWait: begin
        data_d = single_rsp_data_i;
        err_d = single_rsp_err_i;
        if (single_rsp_valid_i) begin
          state_d = (op_q.through && way_q != '0 && !single_rsp_err_i) ? StStore : StAnswer;
        end
      end
      StStore: state_d = StStored;
      StStored: state_d = StAnswer;
      StAnswer: begin
        access_done_o = 1'b1;
        set_d = '0;
        state_d = StIdle;
      end
      StDone: begin
        maint_done_o = bus_idle_i;
        set_d = '0;
        if (bus_idle_i) state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
  end

  always_comb begin
    pass_valid_o = state_q == StPass || state_q == StStore || state_q == StAnswer;
    pass_o = op_q;
    pass_o.write = state_q == StStore;  // nothing else touches the line it hits
    pass_kind_o = (state_q == StAnswer) ? PassAnswer : PassSerial;
    pass_err_o = err_q;
    pass_data_o = data_q;
  end

  assign state_set_o = set_q;  // 0 when idle
  assign meta_set_o = set_q;
  always_comb begin
    meta_way_o = '0;
    meta_tag_o = 1'b1;
    meta_valid_o = 1'b0;
    sweep_plru_o = state_q == StSweep && after_reset_q;
    if (state_q == StSweep) begin
      meta_way_o = '1;
    end else if (state_q == StChange && (!maint_q || maint_req_i.invalidate)) begin
      meta_way_o = way_q;
    end else if (state_q == StChange) begin
      meta_way_o = way_q & valid_q;
      meta_tag_o = 1'b0;
      meta_valid_o = 1'b1;
    end
  end

  assign evict_valid_o = state_q == StEvict;
  assign evict_set_o = set_q;
  assign evict_way_o = way_q;
  assign single_valid_o = state_q == StOffer && bus_idle_i;
  assign single_write_o = op_q.write;
  assign single_strb_o = op_q.strb;
  assign single_addr_o = op_q.addr;
  assign single_wdata_o = op_q.wdata;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StSweep;
      busy_o <= 1'b1;
      after_reset_q <= 1'b1;
      set_q <= '0;
    end else begin
      state_q <= state_d;
      busy_o <= state_d != StIdle;
      if (state_q == StIdle) after_reset_q <= 1'b0;
      set_q <= set_d;
    end
  end
  always_ff @(posedge clk_i) begin
    maint_q <= maint_d;
    op_q <= op_d;
    way_q <= way_d;
    valid_q <= state_valid_i;
    dirty_q <= dirty_i;
    err_q <= err_d;
    data_q <= data_d;
  end

endmodule
