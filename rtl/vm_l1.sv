// SPDX-License-Identifier: Apache-2.0
//
// Non-blocking first-level cache: virtually indexed, physically tagged, write-back and write-allocate (written
// through where the core says so), tree pseudo-LRU, with `Misses` outstanding misses. docs/l1.md tells the whole of
// it.
//
//   S0  an access is accepted and the RAMs are addressed: what is replayed first, then walker, host, core
//   S1  the physical address meets the tags. The core brings it in this cycle (core_go_i, core_pa_i), or lets the
//       access drop by leaving core_go_i low. With HitLatency 1 a hit answers here
//   S2  a store that hit writes the data RAM. What did not hit is in vm_l1_miss. With HitLatency 2 a hit answers here
//
// Answers come in any order, each once, under the id the access came with, without a ready. What was accepted from
// one client for one address takes effect in the order of acceptance.
//
//   walker   one access at a time. walk_slot_i, from a register, says that it takes this cycle's S0, with or without
//            a request; while it is high, nothing of core or host takes effect between two accesses of the walker
//   host     one access at a time or several, physical
//   maint_*  begins when all accesses before it are answered; nothing of core and host is accepted meanwhile
//
// Memory: requests carry the id that the answer has to bring back; answers of different ids may come in any order,
// their beats interleaved. A read of a line begins at the word of its address and wraps at the end of the line.
// Write data follows its request before the next one. Ids: a miss register each, then the line written back, then
// single accesses.
//
// After reset nothing is accepted for as many cycles as there are sets.
module vm_l1
  import vm_pkg::*;
  import vm_l1_pkg::*;
#(
    parameter int unsigned  PageBits = 12,
    parameter bit           AliasResolution = 1'b0,  // sets may reach beyond the page; vm_port sees to the rest
    parameter int unsigned  BusBits = 34,
    parameter int unsigned  Sets = 64,
    parameter int unsigned  Ways = 4,
    parameter int unsigned  LineBytes = 64,
    parameter int unsigned  HitLatency = 1,
    parameter int unsigned  Misses = 4,            // outstanding, beside the walker's own
    parameter int unsigned  Waiters = 8,           // accesses of core and host that can wait for each
    parameter bit           ReadOnly = 1'b0,       // instruction cache: core only, nothing ever dirty
    parameter bit           CriticalFirst = 1'b1,  // 0: lines are read from their beginning
    parameter mem_src_e     Src = MemData,
    localparam int unsigned Regs = ReadOnly ? Misses : Misses + 1,
    localparam int unsigned MemIdW = $clog2(Regs + 2)
) (
    input logic clk_i,
    input logic rst_ni,

    // Core, S0, S1 and the answer
    input  logic              core_req_valid_i,
    output logic              core_req_ready_o,
    input  logic [IdBits-1:0] core_req_id_i,
    input  cache_req_t        core_req_i,
    input  logic              core_go_i,
    input  logic [PaMax-1:0]  core_pa_i,
    input  logic              core_uncached_i,
    input  logic              core_through_i,
    output logic              core_rsp_valid_o,
    output logic [IdBits-1:0] core_rsp_id_o,
    output logic              core_rsp_err_o,
    output logic              core_older_o,      // S1 has an access of the core again, or its answer; from registers
    output logic              core_idle_o,       // nothing of core or host waits in here

    // Walker and host: physical addresses
    input  logic              walk_slot_i,
    input  logic              walk_req_valid_i,
    output logic              walk_req_ready_o,
    input  cache_req_t        walk_req_i,
    output logic              walk_rsp_valid_o,
    input  logic              host_req_valid_i,
    output logic              host_req_ready_o,
    input  logic [IdBits-1:0] host_req_id_i,
    input  cache_req_t        host_req_i,
    output logic              host_rsp_valid_o,
    output logic [IdBits-1:0] host_rsp_id_o,
    output logic              phys_err_o,        // with walk_rsp_valid_o or host_rsp_valid_o
    output logic [63:0]       rdata_o,           // with any answer

    // Maintenance; maint_valid_i holds until maint_done_o
    input  logic       maint_valid_i,
    input  maint_req_t maint_req_i,
    output logic       maint_done_o,

    // Memory; answers of this source only, always taken
    output logic              mem_req_valid_o,
    input  logic              mem_req_ready_i,
    output mem_req_t          mem_req_o,
    output logic              mem_w_valid_o,
    input  logic              mem_w_ready_i,
    output mem_wdata_t        mem_w_o,
    input  logic              mem_rsp_valid_i,
    input  logic [MemIdW-1:0] mem_rsp_id_i,
    input  logic [63:0]       mem_rsp_data_i,
    input  logic              mem_rsp_err_i,

    output logic             wb_error_valid_o,  // a write-back came back with an error
    output logic [PaMax-1:0] wb_error_addr_o,
    output cache_events_t    events_o
);

  localparam int unsigned Words = LineBytes / 8;
  localparam int unsigned OffBits = $clog2(LineBytes);
  localparam int unsigned SetBits = $clog2(Sets);
  localparam int unsigned SetW = idx_bits(Sets);
  localparam int unsigned WordIdxW = idx_bits(Words);
  localparam int unsigned TagW = BusBits - OffBits - SetBits;
  localparam int unsigned LineW = TagW + SetBits;
  localparam int unsigned IndexBits = (OffBits + SetBits > PageBits) ? OffBits + SetBits : PageBits;

  function automatic bit pow2(int unsigned n);
    return n != 0 && (n & (n - 1)) == 0;
  endfunction
  if (!pow2(Sets) || !pow2(Ways) || !pow2(LineBytes) || LineBytes < 16 || LineBytes > 2048) begin : gen_bad_geometry
    $error("Sets, Ways, LineBytes: must be powers of two, lines 16 to 2048 bytes");
  end
  if (PageBits < 3 || OffBits > PageBits || (!AliasResolution && IndexBits > PageBits)) begin : gen_bad_vipt
    $error("Sets: Sets * LineBytes exceeds the page, so aliases arise: add ways, or set AliasResolution");
  end
  if (BusBits > PaMax || BusBits <= OffBits + SetBits) begin : gen_bad_bus
    $error("BusBits: the bus must reach more than the sets of the cache, and at most 56 bits");
  end
  if (HitLatency != 1 && HitLatency != 2) begin : gen_bad_hit
    $error("HitLatency: must be 1 or 2");
  end
  if (Misses < 1 || MemIdW > MemIdBits) begin : gen_bad_misses
    $error("Misses: 1 to 13 outstanding misses, as many as memory has ids for; for none use vm_cache");
  end
  if (!pow2(Waiters)) begin : gen_bad_waiters
    $error("Waiters: must be a power of two");
  end

  function automatic logic [SetW-1:0] set_of(logic [PaMax-1:0] a);
    return (SetBits > 0) ? SetW'(a >> OffBits) : '0;
  endfunction
  function automatic logic [WordIdxW-1:0] word_of(logic [PaMax-1:0] a);
    return WordIdxW'(a >> 3);
  endfunction
  function automatic logic [PaMax-1:0] on_bus(logic [PaMax-1:0] a);
    return a & ({PaMax{1'b1}} >> (PaMax - BusBits));
  endfunction

  // ------------------------------------------------------------------ S0

  l1_access_t core, walk, host, s0, replay, serial_pass, serial_op;
  slow_t slow;
  l1_pass_e s0_pass, replay_pass, serial_pass_kind;
  logic replay_valid, replay_ready, serial_pass_valid, serial_pass_err, serial_busy;
  logic [63:0] serial_data;
  logic evict_read;
  logic [WordIdxW-1:0] evict_word;
  logic [SetW-1:0] evict_set;
  logic hold, stuck, walk_waits, serial_valid, serial_walk, serial_done;
  logic free;       // S0 is anybody's
  logic open;       //   and core's and host's
  logic s1_walk;    // S1 holds an access of the walker
  logic s0_valid, s0_err;
  logic [SetW-1:0] s0_set;
  logic [WordIdxW-1:0] s0_word;

  always_comb begin
    core = '{client: ClientCore, id: core_req_id_i, write: !ReadOnly && core_req_i.write, uncached: 1'b0, through: 1'b0,
             strb: core_req_i.strb, addr: PaMax'(core_req_i.addr[IndexBits-1:0]), wdata: core_req_i.wdata};
    walk = '{client: ClientWalk, id: '0, write: walk_req_i.write, uncached: walk_req_i.uncached,
             through: walk_req_i.through,
             strb: walk_req_i.strb, addr: on_bus(walk_req_i.addr), wdata: walk_req_i.wdata};
    host = '{client: ClientHost, id: host_req_id_i, write: host_req_i.write, uncached: host_req_i.uncached,
             through: 1'b0, strb: host_req_i.strb, addr: on_bus(host_req_i.addr), wdata: host_req_i.wdata};
  end

  assign replay_ready = !serial_busy && !evict_read && !hold;
  assign free = replay_ready && !replay_valid;
  assign open = free && !stuck && !walk_slot_i && !maint_valid_i && !serial_walk;
  // One access of the walker at a time: not behind one that may turn out to be slow.
  assign walk_req_ready_o = free && !walk_waits && !s1_walk;
  assign host_req_ready_o = open;
  assign core_req_ready_o = open && !host_req_valid_i;

  always_comb begin
    s0 = core;
    s0_valid = core_req_valid_i && core_req_ready_o;
    s0_pass = PassNew;
    s0_err = 1'b0;
    if (serial_busy) begin
      s0 = serial_pass;
      s0_valid = serial_pass_valid;
      s0_pass = serial_pass_kind;
      s0_err = serial_pass_err;
    end else if (replay_valid) begin
      s0 = replay;
      s0_valid = replay_ready;
      s0_pass = replay_pass;
      s0_err = 1'b1;
    end else if (walk_slot_i) begin
      s0 = walk;
      s0_valid = walk_req_valid_i && walk_req_ready_o;
    end else if (host_req_valid_i) begin
      s0 = host;
      s0_valid = open;
    end
  end

  // Set and word of S0 once more, as a flat selection: they have the longest way to go.
  logic [PaMax-1:0] offered_addr, index_addr;
  always_comb begin
    offered_addr = core.addr;
    if (host_req_valid_i) offered_addr = host.addr;
    if (walk_slot_i) offered_addr = walk.addr;
    index_addr = '0;
    if (serial_busy && !evict_read) index_addr |= serial_pass.addr;
    if (replay_valid && !serial_busy && !evict_read) index_addr |= replay.addr;
    if (!replay_valid && !serial_busy && !evict_read) index_addr |= offered_addr;
    if (evict_read) index_addr |= (PaMax'(evict_set) << OffBits) | (PaMax'(evict_word) << 3);
    s0_set = set_of(index_addr);
    s0_word = word_of(index_addr);
  end

  // ------------------------------------------------------------------ S1

  l1_access_t s1_q;
  l1_pass_e s1_pass_q;
  logic s1_valid_q, s1_phys_q, s1_err_q;
  logic s1_busy;        // a slow access waits for this set
  logic [Ways-1:0] look_valid, s1_way_valid_q;
  logic [Ways-1:0][TagW-1:0] look_tag, s1_tag_q;
  logic [Ways-1:0][63:0] ram_data;
  logic [PaMax-1:0] s1_pa;
  logic [Ways-1:0] s1_way;
  logic s1_go, s1_uncached, s1_through, s1_match, s1_blocked, s1_hit, s1_slow, s1_answer;

  assign s1_walk = s1_valid_q && s1_q.client == ClientWalk;
  assign core_older_o = s1_valid_q && s1_q.client == ClientCore && s1_pass_q != PassNew;
  assign s1_pa = s1_phys_q ? s1_q.addr : on_bus(core_pa_i);
  assign s1_uncached = s1_phys_q ? s1_q.uncached : core_uncached_i;
  assign s1_through = s1_q.write && (s1_phys_q ? s1_q.through : core_through_i);
  assign s1_go = s1_valid_q && (s1_phys_q || core_go_i);
  always_comb begin
    for (int unsigned w = 0; w < Ways; w++) begin
      s1_way[w] = s1_way_valid_q[w] && s1_tag_q[w] == TagW'(s1_pa >> (OffBits + SetBits));
    end
  end
  assign s1_match = |s1_way;
  assign s1_blocked = s1_pass_q == PassNew &&
      (s1_busy || s1_uncached || s1_through);
  assign s1_hit = s1_go && s1_match && !s1_blocked && s1_pass_q != PassAnswer;
  assign s1_answer = (s1_hit && s1_pass_q != PassSerial) || (s1_valid_q && s1_pass_q == PassAnswer);
  assign s1_slow = s1_go && s1_pass_q == PassNew && !(s1_match && !s1_blocked);

  always_comb begin
    slow = '{access: s1_q, known: !s1_blocked, serial: s1_uncached || s1_through};
    slow.access.addr = s1_pa;
    slow.access.uncached = s1_uncached;
    slow.access.through = s1_through && !s1_uncached;
  end

  // ------------------------------------------------------------------ stores: S2, and one more for what read before

  typedef struct packed {
    logic [Ways-1:0] way;  // none: no store
    logic [SetW-1:0] index;
    logic [WordIdxW-1:0] word;
    logic [7:0] strb;
    logic [63:0] data;
  } store_t;

  store_t store_q, store2_q;
  logic [Ways-1:0] store_way_d;
  logic store_dirty_q;      // it makes its line dirty
  logic [7:0] near, far;    // bytes of S1's word that the store in S2 has, and the one before it
  logic storing;

  assign store_way_d = s1_way & {Ways{!ReadOnly && s1_go && !s1_blocked && s1_pass_q != PassAnswer && s1_q.write}};
  assign storing = store_q.way != '0;
  always_comb begin
    near = '0;
    far = '0;
    if (store_q.index == set_of(s1_q.addr) && store_q.word == word_of(s1_q.addr)) near = store_q.strb;
    if (store2_q.index == set_of(s1_q.addr) && store2_q.word == word_of(s1_q.addr)) far = store2_q.strb;
    if (s1_pass_q == PassAnswer) near = '1;
  end

  logic near_way, far_way;
  logic [7:0] take_near, take_far;
  assign near_way = |(s1_way & store_q.way) || s1_pass_q == PassAnswer;
  assign far_way = |(s1_way & store2_q.way);
  assign take_near = near_way ? near : '0;
  assign take_far = far_way ? far & ~take_near : '0;

  // ------------------------------------------------------------------ answer

  typedef struct packed {
    logic core;
    logic walk;
    logic host;
    logic [IdBits-1:0] id;
    logic err;
  } answer_t;

  answer_t answer, answer_out;
  assign answer = '{
          core: s1_answer && s1_q.client == ClientCore,
          walk: s1_answer && s1_q.client == ClientWalk,
          host: s1_answer && s1_q.client == ClientHost,
          id: s1_q.id,
          err: s1_err_q
      };

  logic [Ways-1:0] out_way;
  logic [Ways-1:0][63:0] out_data;
  logic [7:0] out_near, out_far;
  logic [63:0] near_data, far_data;

  if (HitLatency == 2) begin : gen_answer_s2
    logic valid_q;
    answer_t answer_q;
    logic [63:0] near_data_q, far_data_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) valid_q <= 1'b0;
      else valid_q <= s1_answer;
    end
    always_ff @(posedge clk_i) begin
      answer_q <= answer;
      out_way <= s1_way;
      out_data <= ram_data;
      out_near <= take_near;
      out_far <= take_far;
      near_data_q <= store_q.data;
      far_data_q <= store2_q.data;
    end
    always_comb begin
      answer_out = answer_q;
      answer_out.core = answer_q.core && valid_q;
      answer_out.walk = answer_q.walk && valid_q;
      answer_out.host = answer_q.host && valid_q;
    end
    assign near_data = near_data_q;
    assign far_data = far_data_q;
  end else begin : gen_answer_s1
    assign answer_out = answer;
    assign out_way = s1_way;
    assign out_data = ram_data;
    assign out_near = take_near;
    assign out_far = take_far;
    assign near_data = store_q.data;
    assign far_data = store2_q.data;
  end

  logic [63:0] word;
  vm_onehot_mux #(
      .Count(Ways),
      .Width(64)
  ) u_word (
      .select_i(out_way),
      .word_i  (out_data),
      .word_o  (word)
  );
  always_comb begin
    for (int unsigned b = 0; b < 8; b++) begin
      rdata_o[8*b+:8] = word[8*b+:8];
      if (out_far[b]) rdata_o[8*b+:8] = far_data[8*b+:8];
      if (out_near[b]) rdata_o[8*b+:8] = near_data[8*b+:8];
    end
  end
  assign core_rsp_valid_o = answer_out.core;
  assign core_rsp_id_o = answer_out.id;
  assign core_rsp_err_o = answer_out.err;
  assign walk_rsp_valid_o = answer_out.walk;
  assign host_rsp_valid_o = answer_out.host;
  assign host_rsp_id_o = answer_out.id;
  assign phys_err_o = answer_out.err;

  // ------------------------------------------------------------------ the slow side

  logic miss_idle, bus_idle, quiet;
  logic touch_q;
  logic [Ways-1:0] touch_way_q;
  logic [SetW-1:0] touch_set_q;
  logic [SetW-1:0] miss_state_set, serial_state_set;
  logic [Ways-1:0] state_valid, dirty, victim;
  logic miss_meta_valid, miss_meta_install;
  logic [SetW-1:0] miss_meta_set, serial_meta_set;
  logic [Ways-1:0] miss_meta_way, serial_meta_way;
  logic [TagW-1:0] miss_meta_tag;
  logic serial_meta_tag, serial_meta_valid, sweep_plru;
  logic fill_valid;
  logic [SetW-1:0] fill_set;
  logic [Ways-1:0] fill_way;
  logic [WordIdxW-1:0] fill_word;
  logic [63:0] fill_data;
  logic fetch_valid, fetch_ready;
  logic [MemIdW-1:0] fetch_id;
  logic [LineW-1:0] fetch_line, buffer_line;
  logic [WordIdxW-1:0] fetch_word;
  logic miss_evict, serial_evict, evict_done, buffer_busy;
  logic [SetW-1:0] miss_evict_set, serial_evict_set;
  logic [Ways-1:0] miss_evict_way, serial_evict_way, evict_way;
  logic single_valid, single_ready, single_write, single_rsp_valid;
  logic [7:0] single_strb;
  logic [PaMax-1:0] single_addr;
  logic [63:0] single_wdata;

  assign quiet = miss_idle && bus_idle && !s1_valid_q && !storing && !touch_q;
  assign core_idle_o = miss_idle && !stuck && !s1_valid_q;

  vm_l1_miss #(
      .Regs         (Regs),
      .Reserve      (!ReadOnly),
      .Waiters      (Waiters),
      .IdW          (MemIdW),
      .Ways         (Ways),
      .Words        (Words),
      .TagW         (TagW),
      .SetBits      (SetBits),
      .CriticalFirst(CriticalFirst)
  ) u_miss (
      .clk_i,
      .rst_ni,
      .idle_o        (miss_idle),
      .walk_slot_i,
      .slow_valid_i  (s1_slow),
      .slow_i        (slow),
      .s1_set_i      (set_of(s1_q.addr)),
      .s1_busy_o     (s1_busy),
      .stuck_o       (stuck),
      .walk_waits_o  (walk_waits),
      .hold_o        (hold),
      .serial_valid_o(serial_valid),
      .serial_walk_o (serial_walk),
      .serial_o      (serial_op),
      .serial_done_i (serial_done),
      .replay_valid_o(replay_valid),
      .replay_ready_i(replay_ready),
      .replay_o      (replay),
      .replay_pass_o (replay_pass),
      .s1_hit_i      (s1_match),
      .state_set_o   (miss_state_set),
      .dirty_i       (dirty),
      .victim_i      (victim),
      .meta_valid_o  (miss_meta_valid),
      .meta_ready_i  (!storing),
      .meta_set_o    (miss_meta_set),
      .meta_way_o    (miss_meta_way),
      .meta_install_o(miss_meta_install),
      .meta_tag_o    (miss_meta_tag),
      .fill_valid_o  (fill_valid),
      .fill_ready_i  (!storing),
      .fill_set_o    (fill_set),
      .fill_way_o    (fill_way),
      .fill_word_o   (fill_word),
      .fill_data_o   (fill_data),
      .fetch_valid_o (fetch_valid),
      .fetch_ready_i (fetch_ready),
      .fetch_id_o    (fetch_id),
      .fetch_line_o  (fetch_line),
      .fetch_word_o  (fetch_word),
      .evict_valid_o (miss_evict),
      .evict_done_i  (evict_done),
      .evict_set_o   (miss_evict_set),
      .evict_way_o   (miss_evict_way),
      .buffer_busy_i (buffer_busy),
      .buffer_line_i (buffer_line),
      .beat_valid_i  (mem_rsp_valid_i && 32'(mem_rsp_id_i) < Regs),
      .beat_id_i     (mem_rsp_id_i),
      .beat_data_i   (mem_rsp_data_i),
      .beat_err_i    (mem_rsp_err_i)
  );

  vm_l1_serial #(
      .Sets (Sets),
      .Ways (Ways),
      .Words(Words)
  ) u_serial (
      .clk_i,
      .rst_ni,
      .quiet_i           (quiet),
      .walk_slot_i,
      .busy_o            (serial_busy),
      .access_valid_i    (serial_valid),
      .access_walk_i     (serial_walk),
      .access_i          (serial_op),
      .access_done_o     (serial_done),
      .maint_valid_i     (maint_valid_i && !stuck && !walk_waits),
      .maint_req_i,
      .maint_done_o,
      .pass_valid_o      (serial_pass_valid),
      .pass_o            (serial_pass),
      .pass_kind_o       (serial_pass_kind),
      .pass_err_o        (serial_pass_err),
      .pass_data_o       (serial_data),
      .s1_way_i          (s1_way),
      .state_set_o       (serial_state_set),
      .state_valid_i     (state_valid),
      .dirty_i           (dirty),
      .meta_way_o        (serial_meta_way),
      .meta_tag_o        (serial_meta_tag),
      .meta_set_o        (serial_meta_set),
      .meta_valid_o      (serial_meta_valid),
      .sweep_plru_o      (sweep_plru),
      .evict_valid_o     (serial_evict),
      .evict_done_i      (evict_done),
      .evict_set_o       (serial_evict_set),
      .evict_way_o       (serial_evict_way),
      .bus_idle_i        (bus_idle),
      .single_valid_o    (single_valid),
      .single_ready_i    (single_ready),
      .single_write_o    (single_write),
      .single_strb_o     (single_strb),
      .single_addr_o     (single_addr),
      .single_wdata_o    (single_wdata),
      .single_rsp_valid_i(single_rsp_valid),
      .single_rsp_data_i (mem_rsp_data_i),
      .single_rsp_err_i  (mem_rsp_err_i)
  );

  assign evict_set = serial_busy ? serial_evict_set : miss_evict_set;
  assign evict_way = serial_busy ? serial_evict_way : miss_evict_way;

  vm_l1_bus #(
      .Src          (Src),
      .Regs         (Regs),
      .IdW          (MemIdW),
      .Ways         (Ways),
      .Words        (Words),
      .TagW         (TagW),
      .SetBits      (SetBits),
      .CriticalFirst(CriticalFirst)
  ) u_bus (
      .clk_i,
      .rst_ni,
      .idle_o            (bus_idle),
      .fetch_valid_i     (fetch_valid),
      .fetch_ready_o     (fetch_ready),
      .fetch_id_i        (fetch_id),
      .fetch_line_i      (fetch_line),
      .fetch_word_i      (fetch_word),
      .evict_valid_i     (serial_evict || miss_evict),
      .evict_done_o      (evict_done),
      .evict_set_i       (evict_set),
      .evict_way_i       (evict_way),
      .read_o            (evict_read),
      .read_word_o       (evict_word),
      .read_tag_i        (s1_tag_q),
      .read_data_i       (ram_data),
      .buffer_busy_o     (buffer_busy),
      .buffer_line_o     (buffer_line),
      .single_valid_i    (single_valid),
      .single_ready_o    (single_ready),
      .single_write_i    (single_write),
      .single_strb_i     (single_strb),
      .single_addr_i     (single_addr),
      .single_wdata_i    (single_wdata),
      .single_rsp_valid_o(single_rsp_valid),
      .mem_req_valid_o,
      .mem_req_ready_i,
      .mem_req_o,
      .mem_w_valid_o,
      .mem_w_ready_i,
      .mem_w_o,
      .mem_rsp_valid_i,
      .mem_rsp_id_i,
      .mem_rsp_err_i,
      .written_o         (events_o.write_back),
      .wb_error_valid_o,
      .wb_error_addr_o
  );

  // ------------------------------------------------------------------ arrays. A store's writes go before all others

  logic [Ways-1:0] write_way, meta_way;
  logic [SetW-1:0] write_set, meta_set;
  logic [WordIdxW-1:0] write_word;
  logic [7:0] write_strb;
  logic [63:0] write_data;
  logic [TagW-1:0] meta_new_tag;
  logic meta_tag, meta_valid, meta_dirty;

  always_comb begin
    write_way = fill_valid ? fill_way : '0;
    write_set = fill_set;
    write_word = fill_word;
    write_strb = '1;
    write_data = fill_data;
    meta_way = miss_meta_valid ? miss_meta_way : '0;
    meta_set = miss_meta_set;
    meta_tag = 1'b1;
    meta_valid = miss_meta_install;
    meta_dirty = 1'b0;
    meta_new_tag = miss_meta_tag;
    if (storing) begin
      write_way = store_q.way;
      write_set = store_q.index;
      write_word = store_q.word;
      write_strb = store_q.strb;
      write_data = store_q.data;
      meta_way = store_dirty_q ? store_q.way : '0;
      meta_set = store_q.index;
      meta_tag = 1'b0;
      meta_valid = 1'b1;
      meta_dirty = 1'b1;
    end else if (serial_busy) begin
      meta_way = serial_meta_way;
      meta_set = serial_meta_set;
      meta_tag = serial_meta_tag;
      meta_valid = serial_meta_valid;
    end
  end

  vm_l1_array #(
      .Sets (Sets),
      .Ways (Ways),
      .Words(Words),
      .TagW (TagW)
  ) u_array (
      .clk_i,
      .set_i         (s0_set),
      .word_i        (s0_word),
      .valid_o       (look_valid),
      .tag_o         (look_tag),
      .data_o        (ram_data),
      .state_set_i   (serial_state_set | miss_state_set),  // the other is 0
      .state_valid_o (state_valid),
      .dirty_o       (dirty),
      .victim_o      (victim),
      .write_way_i   (write_way),
      .write_set_i   (write_set),
      .write_word_i  (write_word),
      .write_strb_i  (write_strb),
      .write_data_i  (write_data),
      .meta_way_i    (meta_way),
      .meta_tag_i    (meta_tag),
      .meta_set_i    (meta_set),
      .meta_valid_i  (meta_valid),
      .meta_dirty_i  (meta_dirty),
      .meta_new_tag_i(meta_new_tag),
      .touch_i       (touch_q),
      .touch_way_i   (touch_way_q),
      .touch_set_i   (touch_set_q),
      .sweep_plru_i  (sweep_plru)
  );

  assign events_o.lost = 1'b0;  // no parity
  assign events_o.refetch = 1'b0;
  assign events_o.hit = s1_hit && s1_pass_q == PassNew;
  assign events_o.miss = s1_slow && !s1_uncached && !s1_through;  // or comes to a line that is being fetched
  assign events_o.uncached = s1_slow && (s1_uncached || s1_through);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s1_valid_q <= 1'b0;
      s1_way_valid_q <= '0;
      store_q.way <= '0;
      store2_q.way <= '0;
      touch_q <= 1'b0;
    end else begin
      s1_valid_q <= s0_valid;
      s1_way_valid_q <= look_valid;
      store_q.way <= store_way_d;
      store2_q.way <= store_q.way;
      touch_q <= s1_hit;
    end
  end
  always_ff @(posedge clk_i) begin
    s1_q <= s0;
    s1_pass_q <= s0_pass;
    s1_phys_q <= s0_pass != PassNew || s0.client != ClientCore;
    s1_err_q <= s0_pass == PassAnswer && s0_err;
    s1_tag_q <= look_tag;
    store_q.index <= set_of(s1_q.addr);
    store_q.word <= word_of(s1_q.addr);
    store_q.strb <= s1_q.strb;
    store_q.data <= (serial_busy && s0_pass == PassAnswer) ? serial_data : s1_q.wdata;  // nothing is in S1 then
    store2_q.index <= store_q.index;
    store2_q.word <= store_q.word;
    store2_q.strb <= store_q.strb;
    store2_q.data <= store_q.data;
    store_dirty_q <= !s1_q.through;
    touch_way_q <= s1_way;
    touch_set_q <= set_of(s1_q.addr);
  end

endmodule
