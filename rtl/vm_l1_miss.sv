// SPDX-License-Identifier: Apache-2.0
//
// The slow side of vm_l1: what does not hit in S1 comes here a cycle later and stays until it has gone through S0
// and S1 again and hit. Nothing of this is on the hit path.
//
//   miss register   owns a set, from the first slow access to it until all of them are answered: accesses to the set
//                   line up at it (waiters of core and host in order; w goes before them). It fetches the line of its
//                   first waiter; a waiter for another line of the set looks again afterwards, and may make the
//                   register fetch once more
//   replay          a waiter goes through S0 as PassReplay: a load as soon as its word is there (critical word
//                   first), a store and all others when the line is whole. After a bus error the waiters for that
//                   line are answered with the error, and the line is not there
//
//   MsIdle -> MsVictim -> MsEvict (dirty) -> MsFetch -> MsFill -> MsDrain -> MsFree -> MsIdle
//             MsDrain -> MsLook (a waiter that may hit or miss) -> MsDrain or MsVictim
//             MsFill -> MsUndo (bus error) -> MsDrain
//
// One register (the last, if Reserve) is for the walker alone. While the walker owns S0 (walk_slot_i) no waiter that
// could come between its read and its write is replayed, and nothing of core or host becomes a miss.
//
// Cycles: slow in S1 at t; register taken at t + 1; victim chosen at t + 2; if it is clean, in the request register
// at t + 4. The first beat at b: replay of the load that waits for it in S0 at b + 2.
module vm_l1_miss
  import vm_pkg::*;
  import vm_l1_pkg::*;
#(
    parameter  int unsigned Regs = 5,
    parameter  bit          Reserve = 1'b1,
    parameter  int unsigned Waiters = 4,     // of core and host, at each register; power of two
    parameter  int unsigned IdW = 3,
    parameter  int unsigned Ways = 4,
    parameter  int unsigned Words = 8,
    parameter  int unsigned TagW = 22,
    parameter  int unsigned SetBits = 6,
    parameter  bit          CriticalFirst = 1'b1,
    localparam int unsigned SetW = (SetBits > 0) ? SetBits : 1,
    localparam int unsigned WordIdxW = idx_bits(Words),
    localparam int unsigned LineW = TagW + SetBits
) (
    input logic clk_i,
    input logic rst_ni,

    output logic idle_o,            // no register in use, no beat on its way into the RAM
    input  logic walk_slot_i,

    // From S1, combinational
    input logic  slow_valid_i,
    input slow_t slow_i,

    // Is the set in S1 one that a slow access waits for?
    input  logic [SetW-1:0] s1_set_i,
    output logic            s1_busy_o,
    output logic            stuck_o,   // x or y is taken: nothing new of core and host
    output logic            walk_waits_o,
    output logic            hold_o,    // nothing into S0: the RAM's write ports have something to catch up with

    // Accesses for vm_l1_serial, until serial_done_i
    output logic       serial_valid_o,
    output logic       serial_walk_o,
    output l1_access_t serial_o,
    input  logic       serial_done_i,

    // Replay, S0; the outcome in S1
    output logic       replay_valid_o,
    input  logic       replay_ready_i,
    output l1_access_t replay_o,
    output l1_pass_e   replay_pass_o,
    input  logic       s1_hit_i,

    // Arrays
    output logic [SetW-1:0]     state_set_o,
    input  logic [Ways-1:0]     dirty_i,
    input  logic [Ways-1:0]     victim_i,
    output logic                meta_valid_o,
    input  logic                meta_ready_i,
    output logic [SetW-1:0]     meta_set_o,
    output logic [Ways-1:0]     meta_way_o,
    output logic                meta_install_o,   // 0: invalidate
    output logic [TagW-1:0]     meta_tag_o,
    output logic                fill_valid_o,
    input  logic                fill_ready_i,
    output logic [SetW-1:0]     fill_set_o,
    output logic [Ways-1:0]     fill_way_o,
    output logic [WordIdxW-1:0] fill_word_o,
    output logic [63:0]         fill_data_o,

    // vm_l1_bus
    output logic                fetch_valid_o,
    input  logic                fetch_ready_i,
    output logic [IdW-1:0]      fetch_id_o,
    output logic [LineW-1:0]    fetch_line_o,
    output logic [WordIdxW-1:0] fetch_word_o,
    output logic                evict_valid_o,
    input  logic                evict_done_i,
    output logic [SetW-1:0]     evict_set_o,
    output logic [Ways-1:0]     evict_way_o,
    input  logic                buffer_busy_i,
    input  logic [LineW-1:0]    buffer_line_i,

    // Beats of fetched lines
    input logic           beat_valid_i,
    input logic [IdW-1:0] beat_id_i,
    input logic [63:0]    beat_data_i,
    input logic           beat_err_i
);

  localparam int unsigned OffBits = $clog2(Words) + 3;
  localparam int unsigned RegW = idx_bits(Regs);
  localparam int unsigned PtrW = $clog2(Waiters) + 1;
  localparam int unsigned CountW = WordIdxW + 1;

  typedef enum logic [3:0] {
    MsIdle,
    MsVictim,  // a victim has to be chosen
    MsEvict,
    MsFetch,
    MsFill,
    MsUndo,
    MsDrain,
    MsLook,
    MsFree     // goes, if nobody has come in this very cycle
  } state_e;

  typedef struct packed {
    l1_access_t access;
    logic own;             // of the line the register had when it came
  } waiter_t;

  function automatic logic [LineW-1:0] line_of(logic [PaMax-1:0] va);
    return LineW'(va >> OffBits);
  endfunction
  function automatic logic [WordIdxW-1:0] word_of(logic [PaMax-1:0] va);
    return WordIdxW'(va >> 3);
  endfunction
  function automatic logic [SetW-1:0] set_of_line(logic [LineW-1:0] line);
    return (SetBits > 0) ? SetW'(line & ((LineW'(1) << SetBits) - 1'b1)) : '0;
  endfunction
  function automatic logic [RegW-1:0] index_of(logic [Regs-1:0] onehot);
    logic [RegW-1:0] n;
    n = '0;
    for (int unsigned m = 0; m < Regs; m++) begin
      if (onehot[m]) n |= RegW'(m);
    end
    return n;
  endfunction
  // The first one after `last`, round and round.
  function automatic logic [Regs-1:0] next_of(logic [Regs-1:0] mask, logic [Regs-1:0] last);
    logic [Regs-1:0] above;
    above = mask & ~((last << 1) - 1'b1) & ~{Regs{last[Regs-1]}};
    return (above != '0) ? above & (~above + 1'b1) : mask & (~mask + 1'b1);
  endfunction

  // ------------------------------------------------------------------ miss registers

  state_e state_d[Regs], state_q[Regs];
  logic [LineW-1:0] line_d[Regs], line_q[Regs];
  logic [Ways-1:0] way_d[Regs], way_q[Regs];
  logic [WordIdxW-1:0] first_d[Regs], first_q[Regs];    // the word the fetch begins at
  logic [CountW-1:0] count_d[Regs], count_q[Regs];      // beats that have come
  logic [Regs-1:0] used;
  logic [Regs-1:0] resident_d, resident_q;  // the line is there, and stays
  logic [Regs-1:0] err_d, err_q;
  logic [Regs-1:0] void_d, void_q;          // the line has changed: `own` of older waiters means nothing
  logic [Regs-1:0] fresh_d, fresh_q;        // but the first waiter is of this line
  logic [Regs-1:0] wfresh_d, wfresh_q;      //   or the walker's access
  logic [Regs-1:0] install_d, install_q;    // the tag has to be written
  logic [PtrW-1:0] wr_d[Regs], wr_q[Regs];  // waiters: [rd, wr); [rd, ld) are on their way
  logic [PtrW-1:0] written_q[Regs];         // and in the memory of waiters
  logic [PtrW-1:0] rd_d[Regs], rd_q[Regs];
  logic [PtrW-1:0] ld_d[Regs], ld_q[Regs];

  // ------------------------------------------------------------------ slow accesses

  slow_t x, w;
  logic x_valid, w_valid, slow_busy;
  logic x_done, w_done;
  logic w_waits_d, w_waits_q;          // at register w_at_q
  logic [Regs-1:0] w_at_d, w_at_q;
  logic w_own_d, w_own_q;
  logic w_nowhere_d, w_nowhere_q;      // no register has its set, and its own is not free
  logic [Regs-1:0] x_set, x_own, w_set, w_own, s1_match;
  logic [SetW-1:0] x_set_idx, w_set_idx;
  logic [Regs-1:0] release_reg, alloc, push, full;
  logic x_asks, w_asks_q, serial_walk_q, alloc_known;
  logic [PaMax-1:0] alloc_addr;

  vm_l1_slow #(
      .SetW   (SetW),
      .OffBits(OffBits),
      .Sets   (1 << SetBits)
  ) u_slow (
      .clk_i,
      .rst_ni,
      .new_valid_i     (slow_valid_i),
      .new_i           (slow_i),
      .x_valid_o       (x_valid),
      .x_o             (x),
      .x_done_i        (x_done),
      .w_valid_o       (w_valid),
      .w_o             (w),
      .w_done_i        (w_done),
      .released_i      (release_reg != '0),
      .released_x_set_i((release_reg & x_set) != '0),
      .stuck_o,
      .s1_set_i,
      .s1_busy_o       (slow_busy)
  );

  assign x_set_idx = set_of_line(line_of(x.access.addr));
  assign w_set_idx = set_of_line(line_of(w.access.addr));

  always_comb begin
    for (int unsigned m = 0; m < Regs; m++) begin
      used[m] = state_q[m] != MsIdle;
      release_reg[m] = state_q[m] == MsFree;
      x_set[m] = used[m] && set_of_line(line_q[m]) == x_set_idx;
      x_own[m] = line_q[m] == line_of(x.access.addr);
      w_set[m] = used[m] && set_of_line(line_q[m]) == w_set_idx;
      w_own[m] = line_q[m] == line_of(w.access.addr);
      s1_match[m] = used[m] && set_of_line(line_q[m]) == s1_set_i;
      full[m] = wr_q[m] - rd_q[m] == PtrW'(Waiters);
    end
  end
  assign s1_busy_o = |s1_match || slow_busy;
  assign walk_waits_o = w_valid;

  // The walker's goes first, so x never takes what it needs. It asks every other cycle, until a register is its.
  assign x_asks = x_valid && !x.serial && !walk_slot_i && !w_asks_q && !serial_walk_q;

  always_comb begin
    logic [Regs-1:0] free;
    alloc = '0;
    push = '0;
    w_waits_d = w_waits_q;
    w_at_d = w_at_q;
    w_own_d = w_own_q;
    w_nowhere_d = 1'b0;
    alloc_addr = w_asks_q ? w.access.addr : x.access.addr;
    free = ~used;
    if (Reserve) free[Regs-1] = 1'b0;
    if (w_asks_q) begin
      if (w_set != '0) begin
        w_waits_d = 1'b1;
        w_at_d = w_set;
        w_own_d = |(w_set & w_own);
      end else if (!used[Regs-1]) begin
        w_waits_d = 1'b1;
        w_at_d = Regs'(1) << (Regs - 1);
        w_own_d = 1'b1;
        alloc[Regs-1] = 1'b1;
      end else begin
        w_nowhere_d = 1'b1;
      end
    end
    if (x_asks) begin
      if (x_set != '0) begin
        push = x_set & ~full;
        // Nobody but the walker waits at its register, so it never fetches for others.
        if (Reserve) push[Regs-1] = 1'b0;
      end else begin
        alloc = free & (~free + 1'b1);
        push = alloc;
      end
    end
    x_done = push != '0 || (serial_done_i && !serial_walk_o);
    alloc_known = w_asks_q ? w.known : x.known;
  end

  // Uncached and written-through accesses wait for all registers to be idle, the walker's not behind others.
  assign serial_walk_o = serial_walk_q;
  assign serial_valid_o = serial_walk_o || (x_valid && x.serial && !walk_slot_i && !w_valid);
  assign serial_o = serial_walk_o ? w.access : x.access;

  // ------------------------------------------------------------------ waiters

  localparam int unsigned SlotW = $clog2(2 ** RegW * Waiters);
  (* ram_style = "distributed", no_rw_check *) waiter_t waiter_mem[2**RegW*Waiters];

  logic r_load;
  logic [RegW-1:0] push_idx, sel_d_idx;
  logic [PtrW-1:0] push_ptr;
  logic [SlotW-1:0] head_at_d, head_at_q;    // and where that waiter is
  logic [Regs-1:0] sel_d, sel_q, sel_able, sel_able_q;   // the register whose next waiter is looked at
  waiter_t head, push_waiter_q;
  logic push_q;                              // written a cycle later
  logic [SlotW-1:0] push_at_q;

  function automatic logic [SlotW-1:0] slot_of(logic [RegW-1:0] idx, logic [PtrW-1:0] ptr);
    return SlotW'(idx) * SlotW'(Waiters) + (SlotW'(ptr) & SlotW'(Waiters - 1));
  endfunction

  assign push_idx = index_of(push);
  assign sel_d_idx = index_of(sel_d);
  assign push_ptr = wr_q[push_idx];
  always_ff @(posedge clk_i) begin
    push_q <= push != '0;
    push_at_q <= slot_of(push_idx, push_ptr);
    push_waiter_q <= '{access: x.access, own: alloc != '0 || |(x_set & x_own)};
    if (push_q) waiter_mem[push_at_q] <= push_waiter_q;
  end
  assign head_at_d = slot_of(sel_d_idx, (r_load && sel_d == sel_q) ? ld_q[sel_d_idx] + 1'b1 : ld_q[sel_d_idx]);
  assign head = waiter_mem[head_at_q];

  // ------------------------------------------------------------------ beats

  logic beats_wait, beat_take, beat_err, fill_go, fill_last;
  logic [RegW-1:0] beat_reg, fill_reg;

  vm_l1_fill #(
      .IdW     (IdW),
      .Ways    (Ways),
      .SetW    (SetW),
      .WordIdxW(WordIdxW),
      .RegW    (RegW)
  ) u_fill (
      .clk_i,
      .rst_ni,
      .beat_valid_i,
      .beat_id_i,
      .beat_data_i,
      .beat_err_i,
      .take_o      (beat_take),
      .reg_o       (beat_reg),
      .err_o       (beat_err),
      .set_i       (set_of_line(line_q[beat_reg])),
      .way_i       (way_q[beat_reg]),
      .word_i      (first_q[beat_reg] + WordIdxW'(count_q[beat_reg])),
      .last_i      (count_q[beat_reg] == CountW'(Words - 1)),
      .fill_valid_o,
      .fill_ready_i,
      .fill_reg_o  (fill_reg),
      .fill_last_o (fill_last),
      .fill_set_o,
      .fill_way_o,
      .fill_word_o,
      .fill_data_o,
      .beats_wait_o(beats_wait)
  );
  assign fill_go = fill_valid_o && fill_ready_i;

  // ------------------------------------------------------------------ replay

  // r: the waiter that goes next. Loaded when it may go; still among the waiters until it has gone, so it can be
  // dropped.
  typedef enum logic [1:0] {
    GoHit,   // its line is there
    GoErr,   // answered with an error
    GoLook   // may hit or miss
  } go_e;

  logic r_valid_d, r_valid_q, r_looks_d, r_looks_q, r_able_d, r_able_q, r_drop, r_drop_q;
  l1_access_t r_q;
  go_e sel_go, r_go_q, w_go_d, w_go_q;
  logic [Regs-1:0] r_reg_q;
  logic w_able_d, w_able_q, w_looks_d, w_looks_q;
  logic r_state_ok, r_gone, w_gone, r_may_look, w_may_look;
  logic look_s1_q, look_s2_q, look_hit_q;       // the look in S1; and its outcome
  logic [Regs-1:0] w_on, open_load, open_drain, has, at_head, allowed;
  logic look_done;

  assign w_on = w_waits_q ? w_at_q : '0;
  always_comb begin
    for (int unsigned m = 0; m < Regs; m++) begin
      has[m] = ld_q[m] != written_q[m];
      at_head[m] = ld_q[m] == rd_q[m];
      // The word that was asked for is in the RAM, or will be before S0 takes anything (hold_o).
      open_load[m] = CriticalFirst && state_q[m] == MsFill && count_q[m] != '0 && !err_q[m] && !install_q[m];
      open_drain[m] = state_q[m] == MsDrain && !install_q[m];
      // Between the walker's read and its write (it owns S0, and none of its accesses waits) no waiter goes; while
      // one waits, none of the same set.
      allowed[m] = !walk_slot_i || (w_valid && (w.serial || w_nowhere_q || (w_waits_q && !w_at_q[m])));
      sel_able[m] = (state_q[m] == MsFill || state_q[m] == MsDrain) && has[m];
    end
  end

  // A beat that begins a line has somebody waiting for it.
  always_comb begin
    logic [RegW-1:0] m;
    m = RegW'(beat_id_i);
    sel_d = next_of(sel_able_q, sel_q);
    if (sel_able_q == '0) sel_d = sel_q;
    if (beat_valid_i && count_q[m] == '0) sel_d = Regs'(1) << m;
  end

  always_comb begin
    logic own, lead;
    lead = |(sel_q & fresh_q & at_head);
    own = lead || (head.own && !(|(sel_q & void_q)));
    sel_go = GoHit;
    if (|(sel_q & open_drain)) begin
      if (own && |(sel_q & err_q)) sel_go = GoErr;
      else if (!own || !(|(sel_q & resident_q))) sel_go = GoLook;
    end
    r_load = (!r_valid_q || (r_gone && r_go_q != GoLook)) && !r_drop_q && |(sel_q & has) &&
        ((|(sel_q & open_drain & ~w_on) && (sel_go != GoLook || |(sel_q & at_head))) ||
         (|(sel_q & open_load) && lead && !head.access.write));
  end

  // Dropped: a look that missed, and what would wait for a line that will not be there, or that the walker's access
  // may drive out.
  always_comb begin
    r_drop = look_done && r_looks_q && !look_hit_q;
    if (r_valid_q && !r_looks_q && !r_gone) begin
      if (r_go_q == GoHit && |(r_reg_q & err_q)) r_drop = 1'b1;
      if (w_gone && w_go_q == GoLook && |(r_reg_q & w_on)) r_drop = 1'b1;
      if (r_go_q == GoLook && |(r_reg_q & w_on)) r_drop = 1'b1;
    end
    r_valid_d = r_load || (r_valid_q && !r_drop && !(r_gone && r_go_q != GoLook) && !(look_done && r_looks_q));
    for (int unsigned m = 0; m < Regs; m++) begin
      ld_d[m] = ld_q[m];
      if (r_load && sel_q[m]) ld_d[m] = ld_q[m] + 1'b1;
      if (r_drop && r_reg_q[m]) ld_d[m] = rd_q[m];
    end
  end

  always_comb begin
    logic own, lead;
    lead = |(w_at_q & wfresh_q);
    own = lead || (w_own_q && !(|(w_at_q & void_q)));
    w_go_d = GoHit;
    if (|(w_at_q & open_drain)) begin
      if (own && |(w_at_q & err_q)) w_go_d = GoErr;
      else if (!own || !(|(w_at_q & resident_q))) w_go_d = GoLook;
    end
    w_able_d = w_valid && w_waits_q && !w_gone && !w_looks_q &&
        (|(w_at_q & open_drain) || (|(w_at_q & open_load) && lead && !w.access.write));
    if (w_go_d == GoLook && !w_may_look) w_able_d = 1'b0;
    if (r_able_q && r_go_q == GoLook && |(r_reg_q & w_at_q)) w_able_d = 1'b0;
  end

  // One look at a time: neither begins one when the other may.
  assign r_may_look = !w_looks_q && !(w_able_q && w_go_q == GoLook);
  assign w_may_look = !r_looks_q && !(r_able_q && r_go_q == GoLook);

  // What goes is decided a cycle before. What may change meanwhile does no harm: the walker's access of the cycle
  // between is of another set, and a line in which an error has just been found is still there.
  always_comb begin
    r_state_ok = 1'b0;
    for (int unsigned m = 0; m < Regs; m++) begin
      if (r_reg_q[m]) begin
        r_state_ok |= (r_go_q == GoLook) ? state_q[m] == MsDrain && !w_on[m]
                                         : (state_q[m] == MsDrain || (state_q[m] == MsFill && !err_q[m]));
      end
    end
    r_able_d = r_load ? |(sel_q & allowed) && (sel_go != GoLook || r_may_look)
                      : r_valid_q && !r_looks_q && !r_gone && !r_drop && r_state_ok && |(r_reg_q & allowed) &&
                        (r_go_q != GoLook || r_may_look);
  end
  assign replay_valid_o = w_able_q || r_able_q;
  assign w_gone = w_able_q && replay_ready_i;
  assign r_gone = r_able_q && !w_able_q && replay_ready_i;
  assign replay_o = w_able_q ? w.access : r_q;
  assign replay_pass_o = ((w_able_q ? w_go_q : r_go_q) == GoErr) ? PassAnswer : PassReplay;

  assign look_done = look_s2_q;
  always_comb begin
    r_looks_d = r_looks_q && !look_done;
    w_looks_d = w_looks_q && !look_done;
    if (r_gone && r_go_q == GoLook) r_looks_d = 1'b1;
    if (w_gone && w_go_q == GoLook) w_looks_d = 1'b1;
  end
  assign w_done = (w_gone && w_go_q != GoLook) || (w_looks_q && look_done && look_hit_q) ||
      (serial_done_i && serial_walk_o);

  // ------------------------------------------------------------------ arrays and bus

  logic [Regs-1:0] choose_d, choose_q, conflict_q;  // its victim is chosen; its line is in the victim buffer
  logic [SetW-1:0] choose_set_d, choose_set_q;
  logic [Regs-1:0] evicting_d, evicting_q, meta_pick, meta_q, meta_done, fetch_able, fetch_pick, fetch_last_q;
  logic [SetW-1:0] evict_set_d;
  logic [Ways-1:0] evict_way_d, meta_way;
  logic [LineW-1:0] meta_line, meta_line_q;
  logic late_q;                              // a store took the write port

  always_comb begin
    logic [Regs-1:0] asks;
    for (int unsigned m = 0; m < Regs; m++) asks[m] = state_q[m] == MsVictim && !choose_q[m];
    if (alloc != '0 && alloc_known) begin
      choose_d = alloc;
      choose_set_d = set_of_line(line_of(alloc_addr));
    end else begin
      choose_d = asks & (~asks + 1'b1);
      choose_set_d = '0;
      for (int unsigned m = 0; m < Regs; m++) begin
        if (choose_d[m]) choose_set_d |= set_of_line(line_q[m]);
      end
    end
  end
  assign state_set_o = choose_set_q;

  // One line at a time goes into the victim buffer.
  always_comb begin
    logic [Regs-1:0] asks;
    for (int unsigned m = 0; m < Regs; m++) asks[m] = state_q[m] == MsEvict;
    evicting_d = evicting_q;
    if (evicting_q == '0) evicting_d = Reserve && asks[Regs-1] ? Regs'(1) << (Regs - 1) : asks & (~asks + 1'b1);
    if (evict_done_i) evicting_d = '0;
  end
  assign evict_valid_o = evicting_q != '0;
  // In registers, as they address the RAMs in S0.
  always_comb begin
    evict_set_d = '0;
    evict_way_d = '0;
    for (int unsigned m = 0; m < Regs; m++) begin
      if (evicting_d[m]) begin
        evict_set_d |= set_of_line(line_q[m]);
        evict_way_d |= way_q[m];
      end
    end
  end

  // A tag to be written, or a line to be taken out, through a register.
  always_comb begin
    logic [Regs-1:0] asks;
    for (int unsigned m = 0; m < Regs; m++) asks[m] = install_q[m] || state_q[m] == MsUndo;
    meta_pick = meta_q;
    if (meta_q == '0) meta_pick = asks & (~asks + 1'b1);
    meta_done = (meta_ready_i) ? meta_q : '0;
  end
  assign meta_valid_o = meta_q != '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) meta_q <= '0;
    else meta_q <= meta_pick & ~meta_done;
    if (meta_q == '0) begin
      meta_install_o <= |(meta_pick & install_q);
      meta_way_o <= meta_way;
      meta_line_q <= meta_line;
    end
  end
  always_comb begin
    meta_way = '0;
    meta_line = '0;
    for (int unsigned m = 0; m < Regs; m++) begin
      if (meta_pick[m]) begin
        meta_way |= way_q[m];
        meta_line |= line_q[m];
      end
    end
  end
  assign meta_set_o = set_of_line(meta_line_q);
  assign meta_tag_o = TagW'(meta_line_q >> SetBits);
  assign hold_o = beats_wait || late_q;

  always_comb begin
    for (int unsigned m = 0; m < Regs; m++) begin
      fetch_able[m] = state_q[m] == MsFetch && !conflict_q[m];
    end
    fetch_pick = next_of(fetch_able, fetch_last_q);
    if (Reserve && fetch_able[Regs-1]) fetch_pick = Regs'(1) << (Regs - 1);
    fetch_line_o = '0;
    fetch_word_o = '0;
    for (int unsigned m = 0; m < Regs; m++) begin
      if (fetch_pick[m]) begin
        fetch_line_o |= line_q[m];
        fetch_word_o |= first_q[m];
      end
    end
  end
  assign fetch_valid_o = fetch_able != '0;
  assign fetch_id_o = IdW'(index_of(fetch_pick));

  // ------------------------------------------------------------------ the registers' next state

  always_comb begin
    resident_d = resident_q;
    err_d = err_q;
    void_d = void_q;
    fresh_d = fresh_q;
    wfresh_d = wfresh_q;
    install_d = install_q;
    for (int unsigned m = 0; m < Regs; m++) begin
      state_d[m] = state_q[m];
      line_d[m] = line_q[m];
      way_d[m] = way_q[m];
      first_d[m] = first_q[m];
      count_d[m] = count_q[m];
      wr_d[m] = push[m] ? wr_q[m] + 1'b1 : wr_q[m];
      rd_d[m] = rd_q[m];
      if ((r_gone && r_go_q != GoLook && r_reg_q[m]) || (look_done && r_looks_q && look_hit_q && r_reg_q[m])) begin
        rd_d[m] = rd_q[m] + 1'b1;
        fresh_d[m] = 1'b0;
      end
      if (w_at_q[m] && w_done) wfresh_d[m] = 1'b0;
      if (beat_take && beat_reg == RegW'(m)) begin
        count_d[m] = count_q[m] + 1'b1;
        if (beat_err) err_d[m] = 1'b1;
      end
      if (meta_done[m]) install_d[m] = 1'b0;

      unique case (state_q[m])
        MsIdle: begin
          if (alloc[m]) begin
            state_d[m] = alloc_known ? MsVictim : MsDrain;
            line_d[m] = line_of(alloc_addr);
            first_d[m] = CriticalFirst ? word_of(alloc_addr) : '0;
            count_d[m] = '0;
            resident_d[m] = 1'b0;
            err_d[m] = 1'b0;
            void_d[m] = 1'b0;
            fresh_d[m] = alloc_known && !w_asks_q;
            wfresh_d[m] = alloc_known && w_asks_q;
          end
        end
        MsVictim: begin
          if (choose_q[m]) begin
            way_d[m] = victim_i;
            state_d[m] = ((victim_i & dirty_i) != '0) ? MsEvict : MsFetch;
          end
        end
        MsEvict: if (evicting_q[m] && evict_done_i) state_d[m] = MsFetch;
        MsFill: begin
          if (fill_go && fill_last && fill_reg == RegW'(m)) begin
            state_d[m] = err_q[m] ? MsUndo : MsDrain;
            resident_d[m] = !err_q[m];
          end
        end
        MsUndo: if (meta_done[m] && !meta_install_o) state_d[m] = MsDrain;
        MsDrain: begin
          if ((r_gone && r_go_q == GoLook && r_reg_q[m]) || (w_gone && w_go_q == GoLook && w_at_q[m])) begin
            state_d[m] = MsLook;
          end else if (wr_q[m] == rd_q[m] && !install_q[m] && !w_on[m]) begin
            state_d[m] = MsFree;
          end
        end
        MsLook: begin
          if (look_done && ((r_looks_q && r_reg_q[m]) || (w_looks_q && w_at_q[m]))) begin
            state_d[m] = MsDrain;
            if (look_hit_q) begin
              if (line_q[m] == line_of(w_looks_q ? w.access.addr : r_q.addr)) resident_d[m] = 1'b1;
            end else begin
              state_d[m] = MsVictim;
              if (line_q[m] != line_of(w_looks_q ? w.access.addr : r_q.addr)) void_d[m] = 1'b1;
              line_d[m] = line_of(w_looks_q ? w.access.addr : r_q.addr);
              first_d[m] = CriticalFirst ? word_of(w_looks_q ? w.access.addr : r_q.addr) : '0;
              count_d[m] = '0;
              resident_d[m] = 1'b0;
              err_d[m] = 1'b0;
              fresh_d[m] = r_looks_q;
              wfresh_d[m] = w_looks_q;
            end
          end
        end
        MsFree: state_d[m] = (wr_q[m] != rd_q[m] || push[m] || w_on[m] || (w_asks_q && w_set[m])) ? MsDrain : MsIdle;
        default: ;
      endcase
      // The tag is written while the line is fetched.
      if (fetch_pick[m] && fetch_ready_i) begin
        state_d[m] = MsFill;
        install_d[m] = 1'b1;
      end
    end
  end

  assign idle_o = used == '0 && !fill_valid_o && !beats_wait;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      for (int unsigned m = 0; m < Regs; m++) begin
        state_q[m] <= MsIdle;
        wr_q[m] <= '0;
        written_q[m] <= '0;
        rd_q[m] <= '0;
        ld_q[m] <= '0;
      end
      install_q <= '0;
      w_waits_q <= 1'b0;
      w_asks_q <= 1'b0;
      serial_walk_q <= 1'b0;
      w_nowhere_q <= 1'b0;
      r_valid_q <= 1'b0;
      r_able_q <= 1'b0;
      r_drop_q <= 1'b0;
      choose_q <= '0;
      r_looks_q <= 1'b0;
      w_able_q <= 1'b0;
      w_looks_q <= 1'b0;
      look_s1_q <= 1'b0;
      look_s2_q <= 1'b0;
      evicting_q <= '0;
      late_q <= 1'b0;
      sel_q <= Regs'(1);
      sel_able_q <= '0;
      fetch_last_q <= Regs'(1);
    end else begin
      state_q <= state_d;
      wr_q <= wr_d;
      written_q <= wr_q;
      rd_q <= rd_d;
      ld_q <= ld_d;
      install_q <= install_d;
      w_waits_q <= w_waits_d && !w_done;
      w_asks_q <= w_valid && !w.serial && !w_waits_q && !w_asks_q;
      serial_walk_q <= w_valid && w.serial && !serial_done_i;
      w_nowhere_q <= w_nowhere_d;
      r_valid_q <= r_valid_d;
      r_able_q <= r_able_d;
      r_drop_q <= r_drop;
      choose_q <= choose_d;
      r_looks_q <= r_looks_d;
      w_able_q <= w_able_d;
      w_looks_q <= w_looks_d;
      look_s1_q <= (r_gone && r_go_q == GoLook) || (w_gone && w_go_q == GoLook);
      look_s2_q <= look_s1_q;
      evicting_q <= evicting_d;
      late_q <= (meta_valid_o && !meta_ready_i) || (fill_valid_o && !fill_ready_i);
      sel_q <= sel_d;
      sel_able_q <= sel_able;
      if (fetch_valid_o && fetch_ready_i) fetch_last_q <= fetch_pick;
    end
  end
  always_ff @(posedge clk_i) begin
    line_q <= line_d;
    way_q <= way_d;
    first_q <= first_d;
    count_q <= count_d;
    resident_q <= resident_d;
    err_q <= err_d;
    void_q <= void_d;
    fresh_q <= fresh_d;
    wfresh_q <= wfresh_d;
    w_at_q <= w_at_d;
    w_own_q <= w_own_d;
    if (r_load) begin
      r_q <= head.access;
      r_reg_q <= sel_q;
      r_go_q <= sel_go;
    end
    head_at_q <= head_at_d;
    evict_set_o <= evict_set_d;
    evict_way_o <= evict_way_d;
    choose_set_q <= (choose_d != '0) ? choose_set_d : '0;
    for (int unsigned m = 0; m < Regs; m++) conflict_q[m] <= buffer_busy_i && line_q[m] == buffer_line_i;
    w_go_q <= w_go_d;
    look_hit_q <= s1_hit_i;
  end

endmodule
