// SPDX-License-Identifier: Apache-2.0
//
// Second- or third-level cache: unified, physically indexed and tagged, write-back, tree pseudo-LRU, one request at a
// time. It lies between two memory ports (mem_req_t): up_* towards the core, down_* towards memory.
//
// Whole lines (len+1 beats = LineBytes) are cached, reads and writes; a line that is written whole is not read first.
// Single beats are the uncached accesses of the level above: they go through, and a line they hit is written back if it
// is dirty and dropped before, so that data is right under any mix of memory types. Neither inclusive nor exclusive.
//
// Tags, line states, pseudo-LRU state and data lie in block RAM, read synchronously. After reset nothing is accepted for as
// many cycles as there are sets.
//
// Parity: tag and valid bit of a line are one word with a parity bit, the dirty bit is kept twice, each data word has a parity
// bit (M13). A line whose tag word is wrong is not there, and the next request that looks at its set removes it: the lowest, if
// there are several. If it was dirty that is told, and the request, unless it hits another line or is a write, is answered with errors.
// A wrong word of a clean line is read from below, with the rest of the line; one of a dirty line is answered as it is, with an
// error, and the line stays; one that is written back is written as it is, and told.
//
// Latencies from acceptance, no stalls, m = latency of the port below, B = beats of a line: read hit: first beat after 2
// cycles. Clean miss: the request goes down after 2 cycles, its beats pass in the cycle they come: 2 + m. A dirty victim
// adds 1 + B + the write's latency. Line write: data taken from cycle 2 on, answered in the cycle after the last beat.
module vm_unified_cache
  import vm_pkg::*;
#(
    parameter cache_geometry_t Geometry = '0,
    parameter int unsigned     BusBits = PaMax,
    parameter bit              Parity = 1'b0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic       up_req_valid_i,
    output logic       up_req_ready_o,
    input  mem_req_t   up_req_i,
    input  logic       up_w_valid_i,
    output logic       up_w_ready_o,
    input  mem_wdata_t up_w_i,
    output logic       up_rsp_valid_o,
    input  logic       up_rsp_ready_i,
    output mem_rsp_t   up_rsp_o,

    output logic       down_req_valid_o,
    input  logic       down_req_ready_i,
    output mem_req_t   down_req_o,
    output logic       down_w_valid_o,
    input  logic       down_w_ready_i,
    output mem_wdata_t down_w_o,
    input  logic       down_rsp_valid_i,
    output logic       down_rsp_ready_o,
    input  mem_rsp_t   down_rsp_i,

    // Array port, flips only (Parity); array_valid_i holds until array_done_o
    input  logic       array_valid_i,
    input  logic       array_is_tag_i,
    input  array_req_t array_req_i,
    output logic       array_done_o,

    // A write-back came back with an error, or what was stored is lost by an upset. Of a tag word that was wrong the address
    // is wrong in a bit at most.
    output logic             wb_error_valid_o,
    output logic [PaMax-1:0] wb_error_addr_o,
    output lower_events_t    events_o
);

  localparam int unsigned Ways = 32'(Geometry.Ways);
  localparam int unsigned Sets = 32'(Geometry.Sets);
  localparam int unsigned LineBytes = 32'(Geometry.LineBytes);
  localparam int unsigned Words = LineBytes / 8;
  localparam int unsigned OffBits = $clog2(LineBytes);
  localparam int unsigned SetBits = $clog2(Sets);
  localparam int unsigned SetW = idx_bits(Sets);
  localparam int unsigned WayBits = idx_bits(Ways);
  localparam int unsigned BeatW = idx_bits(Words);
  localparam int unsigned TagW = BusBits - OffBits - SetBits;
  localparam int unsigned PlruW = (Ways > 1) ? Ways - 1 : 1;

  typedef enum logic [4:0] {
    StSweep,      // after reset: invalidate one set per cycle
    StIdle,
    StLook,       // tags are compared, the way is chosen
    StRead,       // beats of a hit
    StEvictReq,   // a dirty line goes down
    StEvictData,
    StEvictAck,
    StFillReq,    // the line comes up, and passes on to the level above
    StFillData,
    StWrite,      // a line is written
    StWriteAck,
    StPassReq,    // single beats go through
    StPassData,
    StPassRsp,
    StFail,       // a read that found something lost: errors
    StFlipRead,   // array port: read a word
    StFlip        //   and write it back with a bit turned over
  } state_e;
  localparam int unsigned ParityW = Parity ? 1 : 0;
  localparam int unsigned DirtyW = 1 + ParityW;
  localparam int unsigned LineW = TagW + 1 + ParityW + DirtyW;  // dirty, parity, valid, tag

  typedef struct packed {
    logic valid;
    logic dirty;
    logic [TagW-1:0] tag;
  } line_t;

  function automatic logic [SetW-1:0] set_of(logic [PaMax-1:0] a);
    return (Sets > 1) ? SetW'(a >> OffBits) : '0;
  endfunction
  function automatic logic [TagW-1:0] tag_of(logic [PaMax-1:0] a);
    return TagW'(a >> (OffBits + SetBits));
  endfunction
  function automatic logic [PaMax-1:0] line_addr(logic [TagW-1:0] tag, logic [SetW-1:0] index);
    return (PaMax'(tag) << (OffBits + SetBits)) | ((Sets > 1) ? PaMax'(index) << OffBits : '0);
  endfunction

  state_e state_d, state_q;
  mem_req_t req_q;
  logic [SetW-1:0] sweep_d, sweep_q;
  logic [BeatW-1:0] beat_d, beat_q;
  logic [WayBits-1:0] way_d, way_q;
  logic err_d, err_q;
  logic [TagW-1:0] victim_tag_d, victim_tag_q;
  logic refetch_d, refetch_q;        // the line is read from below for a wrong word
  logic [BeatW-1:0] from_d, from_q;  //   its beats from here on are still to be answered
  logic wrong_d, wrong_q;            // a word that is written back is wrong

  logic whole_line;  // not a single beat
  assign whole_line = req_q.len != 8'd0;
  logic last_beat;
  assign last_beat = beat_q == BeatW'(Words - 1);

  // ------------------------------------------------------------------ memories

  logic look, flips, plru_write;
  logic [Ways-1:0] line_write;  // line_new; with flip: the bit of the line that was read
  logic flip;
  logic [PaMax-1:0] look_addr;
  logic [SetW-1:0] set;
  line_t line_new;
  line_t [Ways-1:0] line;
  logic [Ways-1:0] match, valid, upset;
  logic [PlruW-1:0] plru, plru_touched;
  logic data_write;
  logic [63:0] data_new, data;
  logic data_wrong;
  logic [WayBits-1:0] data_way;
  logic [BeatW-1:0] read_beat;

  assign look = state_q == StIdle;
  assign flips = Parity && array_valid_i;
  assign look_addr = flips ? (PaMax'(array_req_i.index) << OffBits) | PaMax'({array_req_i.word, 3'b000})
                           : up_req_i.addr;
  assign set = set_of(req_q.addr);

  for (genvar w = 0; w < Ways; w++) begin : gen_way
    (* no_rw_check *) logic [LineW-1:0] line_mem[Sets];
    logic [LineW-1:0] stored, stored_new;
    always_ff @(posedge clk_i) begin
      if (state_q == StSweep) line_mem[sweep_q] <= '0;
      else if (line_write[w]) line_mem[set] <= stored_new;
      if (look) stored <= line_mem[set_of(look_addr)];
    end
    if (Parity) begin : gen_parity
      assign stored_new = flip ? stored ^ (LineW'(1) << array_req_i.data0[7:0])
                               : {{2{line_new.dirty}}, ^{line_new.valid, line_new.tag}, line_new.valid, line_new.tag};
      assign upset[w] = ^stored[TagW+1:0];
      assign line[w] = '{valid: stored[TagW] && !upset[w], dirty: |stored[TagW+2+:2], tag: stored[TagW-1:0]};
    end else begin : gen_no_parity
      assign stored_new = {line_new.dirty, line_new.valid, line_new.tag};
      assign upset[w] = 1'b0;
      assign line[w] = '{valid: stored[TagW], dirty: stored[TagW+1], tag: stored[TagW-1:0]};
    end
    assign valid[w] = line[w].valid;
    assign match[w] = line[w].valid && line[w].tag == tag_of(req_q.addr);
  end

  (* no_rw_check *) logic [63+ParityW:0] data_mem[Ways*Sets*Words];
  logic [63+ParityW:0] data_stored, data_stored_new;
  localparam int unsigned DataW = idx_bits(Ways * Sets * Words);
  function automatic logic [DataW-1:0] data_addr(logic [WayBits-1:0] way, logic [SetW-1:0] index,
                                                 logic [BeatW-1:0] beat);
    return (DataW'(way) * DataW'(Sets) + DataW'(index)) * DataW'(Words) + DataW'(beat);
  endfunction
  always_ff @(posedge clk_i) begin
    if (data_write) data_mem[data_addr(way_q, set, beat_q)] <= data_stored_new;
    data_stored <= data_mem[data_addr(data_way, set, read_beat)];
  end
  assign data = data_stored[63:0];
  if (Parity) begin : gen_data_parity
    assign data_stored_new = flip ? data_stored ^ (65'd1 << array_req_i.data0[7:0]) : {^data_new, data_new};
    assign data_wrong = ^data_stored;
  end else begin : gen_no_data_parity
    assign data_stored_new = data_new;
    assign data_wrong = 1'b0;
  end
  logic unused_array;
  assign unused_array = ^{flip, array_req_i};

  // ------------------------------------------------------------------ hit and victim

  logic hit, lost;
  logic [Ways-1:0] upset_first;  // the lowest way whose tag word is wrong
  logic [WayBits-1:0] hit_way, victim_way, plru_victim, unused_victim;
  assign hit = match != '0;
  assign upset_first = upset & (~upset + 1'b1);

  always_comb begin
    hit_way = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (match[w]) hit_way |= WayBits'(w);
    end
    victim_way = plru_victim;
    for (int w = Ways - 1; w >= 0; w--) begin
      if (!valid[w]) victim_way = WayBits'(w);
    end
    lost = 1'b0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (upset_first[w]) victim_way = WayBits'(w);
      if (upset_first[w] && line[w].dirty) lost = 1'b1;
    end
  end

  if (Ways > 1) begin : gen_plru
    (* no_rw_check *) logic [PlruW-1:0] plru_mem[Sets];
    logic [PlruW-1:0] unused_touched;
    always_ff @(posedge clk_i) begin
      if (state_q == StSweep) plru_mem[sweep_q] <= '0;
      else if (plru_write) plru_mem[set] <= plru_touched;
      if (look) plru <= plru_mem[set_of(look_addr)];
    end
    vm_plru #(
        .Ways(Ways)
    ) u_plru_victim (
        .state_i    (plru),
        .touch_way_i('0),
        .touched_o  (unused_touched),
        .victim_o   (plru_victim)
    );
    vm_plru #(
        .Ways(Ways)
    ) u_plru_touch (
        .state_i    (plru),
        .touch_way_i(way_d),
        .touched_o  (plru_touched),
        .victim_o   (unused_victim)
    );
    logic unused;
    assign unused = ^{unused_touched, unused_victim};
  end else begin : gen_direct
    logic unused;
    assign unused = ^{plru_write, unused_victim};
    assign plru = '0;
    assign plru_touched = '0;
    assign plru_victim = '0;
    assign unused_victim = '0;
  end

  // ------------------------------------------------------------------ state machine

  always_comb begin
    state_d = state_q;
    sweep_d = sweep_q;
    beat_d = beat_q;
    way_d = way_q;
    err_d = err_q;
    victim_tag_d = victim_tag_q;
    refetch_d = refetch_q;
    from_d = from_q;
    wrong_d = wrong_q;
    line_write = '0;
    flip = 1'b0;
    line_new = '{valid: 1'b1, dirty: 1'b0, tag: tag_of(req_q.addr)};
    plru_write = 1'b0;
    data_write = 1'b0;
    data_new = up_w_i.data;
    read_beat = beat_q;
    up_req_ready_o = 1'b0;
    up_w_ready_o = 1'b0;
    up_rsp_valid_o = 1'b0;
    up_rsp_o = '{src: req_q.src, id: req_q.id, rdata: data, err: 1'b0, last: last_beat};
    down_req_valid_o = 1'b0;
    down_req_o = req_q;
    down_w_valid_o = 1'b0;
    down_w_o = '{data: data, last: last_beat};
    down_rsp_ready_o = 1'b0;
    wb_error_valid_o = 1'b0;
    array_done_o = !Parity && array_valid_i;
    events_o = '0;

    unique case (state_q)
      StSweep: begin
        sweep_d = sweep_q + SetW'(1);
        if (sweep_q == SetW'(Sets - 1)) state_d = StIdle;
      end
      StIdle: begin
        up_req_ready_o = !flips;
        beat_d = '0;
        err_d = 1'b0;
        refetch_d = 1'b0;
        if (up_req_valid_i) state_d = StLook;
        if (flips) begin
          way_d = WayBits'(array_req_i.way);
          beat_d = BeatW'(array_req_i.word);
          state_d = StFlipRead;
        end
      end
      StLook: begin
        way_d = (hit) ? hit_way : victim_way;
        victim_tag_d = line[way_d].tag;
        plru_write = whole_line;
        if (whole_line && hit) state_d = (req_q.write) ? StWrite : StRead;
        else if (line[way_d].valid && line[way_d].dirty && (whole_line || hit)) state_d = StEvictReq;
        else if (whole_line) state_d = (req_q.write) ? StWrite : StFillReq;
        else state_d = StPassReq;
        // A line that a single beat hits is dropped; its data is still there if it has to be written back.
        line_write = whole_line ? '0 : match;
        line_new = '0;
        if (Parity) begin
          line_write |= upset_first;
          wb_error_valid_o = lost;
          events_o.lost = lost;
          if (lost && !hit && !req_q.write) state_d = StFail;
        end
      end

      StRead: begin
        up_rsp_valid_o = 1'b1;
        if (up_rsp_ready_i) begin
          beat_d = beat_q + BeatW'(1);
          if (last_beat) state_d = StIdle;
        end
        read_beat = beat_d;
        if (Parity && data_wrong && line[way_q].dirty) begin
          up_rsp_o.err = 1'b1;
          wb_error_valid_o = up_rsp_ready_i;
          events_o.lost = up_rsp_ready_i;
        end else if (Parity && data_wrong) begin
          up_rsp_valid_o = 1'b0;
          events_o.refetch = 1'b1;
          refetch_d = 1'b1;
          from_d = beat_q;
          beat_d = '0;
          state_d = StFillReq;
        end
      end

      StEvictReq: begin
        down_req_valid_o = 1'b1;
        down_req_o = '{src: req_q.src, id: req_q.id, write: 1'b1, len: 8'(Words - 1), strb: '1,
                       addr: line_addr(victim_tag_q, set)};
          wrong_d = 1'b0;
        if (down_req_ready_i) state_d = StEvictData;
      end
      StEvictData: begin
        down_w_valid_o = 1'b1;
        if (down_w_ready_i) begin
          beat_d = beat_q + BeatW'(1);
          wrong_d = Parity && (wrong_q || data_wrong);
          if (last_beat) state_d = StEvictAck;
        end
        read_beat = beat_d;
      end
      StEvictAck: begin
        down_rsp_ready_o = 1'b1;
        beat_d = '0;
        if (down_rsp_valid_i) begin
          wb_error_valid_o = down_rsp_i.err || wrong_q;
          events_o.lost = wrong_q;
          if (!whole_line) state_d = StPassReq;
          else state_d = (req_q.write) ? StWrite : StFillReq;
        end
      end

      StFillReq: begin
        down_req_valid_o = 1'b1;
        if (down_req_ready_i) begin  // the old line is gone, whatever comes
          line_write[way_q] = 1'b1;
          line_new = '0;
          state_d = StFillData;
        end
      end
      StFillData: begin
        up_rsp_valid_o = down_rsp_valid_i;
        up_rsp_o = down_rsp_i;
        down_rsp_ready_o = up_rsp_ready_i;
        data_new = down_rsp_i.rdata;
        if (Parity && refetch_q) begin
          up_rsp_o.err = down_rsp_i.err || err_q;
          if (beat_q < from_q) begin  // has been answered before
            up_rsp_valid_o = 1'b0;
            down_rsp_ready_o = 1'b1;
          end
        end
        if (down_rsp_valid_i && down_rsp_ready_o) begin
          data_write = 1'b1;
          beat_d = beat_q + BeatW'(1);
          err_d = err_q || down_rsp_i.err;
          if (down_rsp_i.last) begin
            line_write[way_q] = !err_d;
            state_d = StIdle;
          end
        end
      end

      StWrite: begin
        up_w_ready_o = 1'b1;
        if (up_w_valid_i) begin
          data_write = 1'b1;
          beat_d = beat_q + BeatW'(1);
          if (last_beat) begin
            line_write[way_q] = 1'b1;
            line_new.dirty = 1'b1;
            state_d = StWriteAck;
          end
        end
      end
      StWriteAck: begin
        up_rsp_valid_o = 1'b1;
        up_rsp_o.last = 1'b1;
        if (up_rsp_ready_i) state_d = StIdle;
      end

      StPassReq: begin
        down_req_valid_o = 1'b1;
        if (down_req_ready_i) state_d = (req_q.write) ? StPassData : StPassRsp;
      end
      StPassData: begin
        down_w_valid_o = up_w_valid_i;
        down_w_o = up_w_i;
        up_w_ready_o = down_w_ready_i;
        if (up_w_valid_i && down_w_ready_i) state_d = StPassRsp;
      end
      StPassRsp: begin
        up_rsp_valid_o = down_rsp_valid_i;
        up_rsp_o = down_rsp_i;
        down_rsp_ready_o = up_rsp_ready_i;
        if (down_rsp_valid_i && up_rsp_ready_i) state_d = StIdle;
      end

      StFail: begin
        up_rsp_valid_o = 1'b1;
        up_rsp_o.err = 1'b1;
        up_rsp_o.last = last_beat || !whole_line;
        if (up_rsp_ready_i) begin
          beat_d = beat_q + BeatW'(1);
          if (up_rsp_o.last) state_d = StIdle;
        end
      end

      StFlipRead: state_d = StFlip;
      StFlip: begin
        flip = 1'b1;
        line_write[way_q] = array_req_i.flip && array_is_tag_i;
        data_write = array_req_i.flip && !array_is_tag_i;
        array_done_o = 1'b1;
        state_d = StIdle;
      end
      default: state_d = StSweep;
    endcase
  end

  assign data_way = way_d;
  // In StLook the line that is lost is the victim (on a hit of another line, too); a read answers from line way_q.
  logic [WayBits-1:0] told_way;
  assign told_way = (state_q == StLook) ? victim_way : way_q;
  assign wb_error_addr_o = line_addr((!Parity || state_q == StEvictAck) ? victim_tag_q : line[told_way].tag, set);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StSweep;
      sweep_q <= '0;
    end else begin
      state_q <= state_d;
      sweep_q <= sweep_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (look) begin
      req_q <= up_req_i;
      req_q.addr <= look_addr;
    end
    beat_q <= beat_d;
    way_q <= way_d;
    err_q <= err_d;
    victim_tag_q <= victim_tag_d;
    refetch_q <= Parity && refetch_d;
    from_q <= from_d;
    wrong_q <= Parity && wrong_d;
  end

endmodule
