// SPDX-License-Identifier: Apache-2.0
//
// Virtually indexed, physically tagged cache: write-back, write-allocate, tree pseudo-LRU, blocking. Zero ways is
// legal: then every access goes to memory by itself.
//
//   S0  a request is accepted and the RAMs are addressed. The index bits lie inside the page, so the core's
//       virtual address serves. Where they do not (AliasResolution), vm_port sees to it that an access goes on in S1 only
//       if they are those of the physical address (M10); elaboration refuses others
//   S1  the physical address meets the tags. The core's port brings it in this cycle (core_go_i, core_pa_i) or
//       lets the access drop by leaving core_go_i low. A hit answers here: one cycle after acceptance
//
// An uncached access that hits a line (another mapping made it cacheable) writes the line back if it is dirty and drops
// it, before it goes to memory: data is right under any mix of memory types. A store to memory that is written through
// goes to memory as it is; then the line is changed too, if it is here, and stays as dirty as it was. None is fetched for
// it, and if memory refuses it, nothing is changed.
//
// A miss or an uncached access is taken over in S1 and answered later through *_done / *_rsp; until then nothing
// is accepted. A request accepted in the very cycle in which the one before it missed has to come again:
// core_s1_open_o is low in its S1, or walk_retry_o / host_retry_o is high.
//
// A store writes the data RAM one cycle after S1; loads that read the RAM before that get the word forwarded.
//
// Parity: an upset in a clean line becomes a miss, one in a dirty line an error (M13). If the word that hits is wrong, and
// not a store of the whole word, the line is fetched again; is it dirty, the access is answered with an error, and the
// line stays. A line whose tag word is wrong is not valid, and is replaced first. If it is dirty, the next access that
// misses in its set or is uncached drops it and is answered with an error; maintenance that comes upon it drops it, too.
// Wrong words are written back like others. lost tells of each error, wb_error_* too. A dirty bit that has turned over
// makes a clean line dirty.
//
// After reset nothing is accepted for as many cycles as there are sets.
//
// Latencies from S1 of a miss, m = latency of memory from acceptance of a request to its first beat,
// B = beats in a line, no stalls: clean victim 1 (victim) + 1 (request) + m + B-1 + 1 (replay) + 1 (S1) cycles.
// A dirty victim adds 1 + B + the write's latency. An uncached read takes 1 (request) + m + 1.
module vm_cache
  import vm_pkg::*;
#(
    parameter machine_t        Cfg = '0,
    parameter cache_geometry_t Geometry = '0,
    parameter bit              ReadOnly = 1'b0,  // instruction cache: no stores, nothing ever dirty
    parameter mem_src_e        Src = MemData
) (
    input logic clk_i,
    input logic rst_ni,

    // Core, S0 and S1
    input  logic             core_req_valid_i,
    output logic             core_req_ready_o,
    input  cache_req_t       core_req_i,
    output logic             core_s1_open_o,
    input  logic             core_go_i,
    input  logic [PaMax-1:0] core_pa_i,
    input  logic             core_uncached_i,
    input  logic             core_through_i,
    output logic             core_hit_o,
    output logic [63:0]      core_rdata_o,      // with core_hit_o or core_done_valid_o
    output logic             core_done_valid_o,
    output logic             core_done_err_o,

    // Walker and host: physical addresses; the answer or a retry comes after acceptance. walk_slot_i, from a
    // register, says that the walker takes this cycle's S0, with or without a request.
    input  logic        walk_slot_i,
    input  logic        walk_req_valid_i,
    output logic        walk_req_ready_o,
    input  cache_req_t  walk_req_i,
    output logic        walk_rsp_valid_o,
    output logic        walk_retry_o,
    input  logic        host_req_valid_i,
    output logic        host_req_ready_o,
    input  cache_req_t  host_req_i,
    output logic        host_rsp_valid_o,
    output logic        host_retry_o,
    output logic [63:0] phys_rdata_o,      // with walk_rsp_valid_o or host_rsp_valid_o
    output logic        phys_err_o,

    // Maintenance; maint_valid_i holds until maint_done_o
    input  logic       maint_valid_i,
    input  maint_req_t maint_req_i,
    output logic       maint_done_o,
    // Array port (Cfg.ArrayPort); array_valid_i holds until array_done_o
    input  logic       array_valid_i,
    input  logic       array_is_tag_i,
    input  array_req_t array_req_i,
    output logic       array_done_o,
    output array_rsp_t array_rsp_o,

    // Memory; responses of this source only
    output logic        mem_req_valid_o,
    input  logic        mem_req_ready_i,
    output mem_req_t    mem_req_o,
    output logic        mem_w_valid_o,
    input  logic        mem_w_ready_i,
    output mem_wdata_t  mem_w_o,
    input  logic        mem_rsp_valid_i,
    input  logic [63:0] mem_rsp_data_i,
    input  logic        mem_rsp_err_i,
    input  logic        mem_rsp_last_i,

    // A write-back came back with an error, or what was stored in a line is lost by an upset. Of a tag word that was wrong
    // the address is wrong in a bit at most.
    output logic             wb_error_valid_o,
    output logic [PaMax-1:0] wb_error_addr_o,
    output cache_events_t    events_o
);

  localparam bit HasCache = Geometry.Ways != 0;
  localparam int unsigned Ways = HasCache ? 32'(Geometry.Ways) : 1;
  localparam int unsigned Sets = 32'(Geometry.Sets);
  localparam int unsigned LineBytes = 32'(Geometry.LineBytes);
  localparam int unsigned WordW = (LineBytes < 8) ? 32 : 64;
  localparam int unsigned Words = (LineBytes < 8) ? 1 : LineBytes / 8;
  localparam int unsigned OffBits = $clog2(LineBytes);
  localparam int unsigned SetBits = $clog2(Sets);
  localparam int unsigned SetW = idx_bits(Sets);
  localparam int unsigned WordIdxW = idx_bits(Words);
  localparam int unsigned WayBits = idx_bits(Ways);
  localparam int unsigned TagW = 32'(Cfg.BusBits) - OffBits - SetBits;
  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned IndexBits = (cache_index_bits(Geometry) > PageBits) ? cache_index_bits(Geometry) : PageBits;

  typedef enum logic [3:0] {
    StMaint,      // the arrays are vm_cache_maint's: after reset, and while it has something to do
    StReady,
    StVictim,     // choose the line to replace, or take the one an uncached access hit
    StWbReq,      // write it back if dirty
    StWbData,
    StWbAck,
    StDrop,       // take out the line an uncached access hit
    StFillReq,    // take the old line out, read the new one
    StFillData,
    StReplay,     // S0 of the access that missed, or of a written-through store whose line is here, again
    StReplayHit,  // and its S1
    StUcReq,      // uncached access, written-through store
    StUcData,
    StUcWait,
    StDone        // answer of what went to memory by itself, or of a refill that failed
  } state_e;

  typedef struct packed {
    client_e client;
    cache_req_t req;  // addr: for the core, up to S1, only the IndexBits count
  } access_t;

  function automatic logic [SetW-1:0] set_of(logic [PaMax-1:0] a);
    return (Sets > 1) ? SetW'(a >> OffBits) : '0;
  endfunction
  function automatic logic [WordIdxW-1:0] word_of(logic [PaMax-1:0] a);
    return (Words > 1) ? WordIdxW'(a >> 3) : '0;
  endfunction
  function automatic logic [TagW-1:0] tag_of(logic [PaMax-1:0] a);
    return TagW'(a >> (OffBits + SetBits));
  endfunction
  function automatic logic [PaMax-1:0] line_addr(logic [TagW-1:0] tag, logic [SetW-1:0] index);
    return (PaMax'(tag) << (OffBits + SetBits)) | ((Sets > 1) ? PaMax'(index) << OffBits : '0);
  endfunction

  state_e state_d, state_q;

  // What vm_cache_maint does with the arrays.
  logic maint_start, maint_busy, maint_end, maint_write_back;
  logic [SetW-1:0] maint_set, maint_first_set;
  logic [WayBits-1:0] maint_way, maint_found_way;
  logic [WordIdxW-1:0] maint_word;
  logic maint_tag_write, maint_dirty_write, maint_dirty, maint_invalidate, maint_data_write;
  logic maint_sweep, maint_sweep_plru;
  logic maint_flip_tag, maint_flip_data, maint_lost;
  logic [TagW-1:0] maint_tag;
  logic [WordW-1:0] maint_data;

  // ------------------------------------------------------------------ S0

  access_t s0;
  logic s0_fire;
  logic open, quiet;
  logic s1_valid_d, s1_valid_q;
  logic s1_phys_d, s1_phys_q;
  access_t s1_q;
  access_t m_d, m_q;               // the access being served outside the pipeline

  typedef struct packed {
    logic [WayBits-1:0] way;
    logic [PaMax-1:0] addr;
    logic [WordW-1:0] data;
  } store_t;
  store_t st_d, st_q;               // store being written into the data RAM
  logic [WayBits-1:0] st2_way_q;    // and the one before it, for reads that passed it
  logic [TagW-1:0] st2_tag_q;
  logic [WordW-1:0] st2_data_q;
  logic st_valid_q, st2_valid_q;
  logic st_dirty_q, st2_dirty_q;    // it makes its line dirty

  assign open = state_q == StReady && !maint_valid_i && !(Cfg.ArrayPort && array_valid_i);
  assign quiet = !s1_valid_q && !st_valid_q;
  assign maint_start = state_q == StReady && quiet && (maint_valid_i || (Cfg.ArrayPort && array_valid_i));

  assign walk_req_ready_o = open;
  assign host_req_ready_o = open && !walk_slot_i;
  assign core_req_ready_o = open && !walk_slot_i && !host_req_valid_i;

  always_comb begin
    s0.client = ClientCore;
    s0.req = core_req_i;
    s0.req.addr = PaMax'(core_req_i.addr[IndexBits-1:0]);
    s0_fire = core_req_valid_i;
    if (walk_slot_i) begin
      s0.client = ClientWalk;
      s0.req = walk_req_i;
      s0_fire = walk_req_valid_i;
    end else if (host_req_valid_i) begin
      s0.client = ClientHost;
      s0.req = host_req_i;
      s0_fire = 1'b1;
    end
    if (!open) s0_fire = 1'b0;
    if (state_q == StReplay) begin
      s0 = m_q;
      s0_fire = 1'b1;
    end
    s1_valid_d = s0_fire;
    s1_phys_d = state_q == StReplay || s0.client != ClientCore;
  end

  // ------------------------------------------------------------------ arrays

  logic [SetW-1:0] look_set;
  logic [SetW-1:0] m_set_d, m_set_q;       // of the line the state machine works on, unless it is ready
  logic [Ways-1:0] look_valid, look_dirty, look_upset, look_lost, read_upset;
  logic [Ways-1:0][TagW-1:0] look_tag;
  localparam int unsigned PlruW = (Ways > 1) ? Ways - 1 : 1;
  logic [PlruW-1:0] look_plru, touched;
  logic [WayBits-1:0] victim_q;            // who is replaced for the access that has missed
  logic [Ways-1:0] m_dirty_q;              // lines of its set that are valid and dirty
  logic [WordIdxW-1:0] read_word;
  logic [Ways-1:0][WordW-1:0] read_data;
  logic ram_write, tag_write, dirty_write, meta_dirty, invalidate, touch;
  logic [WayBits-1:0] ram_way, meta_way;
  logic [SetW-1:0] ram_set, meta_set;
  logic [WordIdxW-1:0] ram_word;
  logic [WordW-1:0] ram_data;
  logic [TagW-1:0] meta_tag;

  logic [WayBits-1:0] way_d, way_q;        // the line the state machine works on
  logic [WordIdxW-1:0] beat_d, beat_q;
  logic err_d, err_q;
  logic drop_d, drop_q;                    // it makes way for an uncached access
  logic change_d, change_q;                // it is changed when memory has taken the store
  logic refetch_d, refetch_q;              // it is fetched again, as a word of it was wrong
  logic [WayBits-1:0] lost_way;            // a dirty line of the set whose tag word is wrong
  logic lost, lost_look;                   // something that was stored is lost; it is seen in the tags
  logic wrong_d, wrong_q;                  // a word that is written back is wrong
  logic [WayBits-1:0] victim_way;
  logic [63:0] done_data_d, done_data_q;

  assign victim_way = (drop_q || refetch_q) ? way_q : victim_q;
  // From registers, and from few: this is where all tags are addressed from.
  always_comb begin
    m_set_d = m_set_q;
    if (state_q == StReady) m_set_d = set_of(s1_q.req.addr);
    if (maint_start || maint_busy) m_set_d = maint_set;
  end
  // The core's comes last.
  logic core_looks;
  logic [SetW-1:0] other_set;
  assign core_looks = state_q == StReady && !host_req_valid_i && !walk_slot_i && !maint_valid_i;
  always_comb begin
    other_set = (state_q == StMaint) ? maint_set : m_set_q;
    if (state_q == StReady) begin
      other_set = walk_slot_i ? set_of(walk_req_i.addr) : set_of(host_req_i.addr);
      if (maint_valid_i) other_set = maint_first_set;  // nothing is accepted then
    end
    look_set = core_looks ? set_of(core_req_i.addr) : other_set;
  end

  // ------------------------------------------------------------------ S1

  logic [Ways-1:0] s1_way_valid_d, s1_way_valid_q;
  logic [Ways-1:0][TagW-1:0] s1_tag_q;
  logic [PaMax-1:0] s1_pa;
  logic [Ways-1:0] s1_hit_way;
  logic [WayBits-1:0] s1_hit_idx;
  logic s1_hit, s1_uncached, s1_through, decide, hit, miss, uncached, through;
  logic s1_upset;             // the word that hits is wrong, and needed
  logic s1_lost_q;            // a dirty line of the set has a wrong tag word
  // Who is replaced if this is a miss: the lowest upset way, else the lowest invalid one, else pseudo-LRU. Known a cycle
  // before it is needed, from registers; the access before this one may have been in the set.
  logic [Ways-1:0] s1_absent_q, s1_upset_q, s1_dirty_q;
  logic [PlruW-1:0] s1_plru_q, touched_q, s1_plru;
  logic touched_valid_q;
  logic [WayBits-1:0] plru_victim, s1_victim;
  // The access went through S0 in the cycle after the one before it, which may be a store on its way into the RAM now, and
  // two cycles after the one before that: they are of the same set, and the same place in their lines. (Set and word are
  // known before the translation is.)
  logic same_set_q, same_word_q, same_set2_q, same_word2_q;
  logic fwd_set, fwd2_set;         // a store on its way into the RAM goes into the same set
  logic fwd_match, fwd2_match;     // and is of the same word
  logic [Ways-1:0] s1_dirty;       // with what stores have not yet written
  logic [Ways-1:0] fwd_way, fwd2_way;
  logic [Ways+1:0] answers;        // with its word: a way, [Ways] a store, [Ways+1] the one before it
  logic [Ways+1:0][WordW-1:0] word;
  logic [WordW-1:0] s1_word, merged;

  assign s1_way_valid_d = (open || state_q == StReplay) ? look_valid : '0;
  assign s1_pa = s1_phys_q ? s1_q.req.addr : core_pa_i;
  assign s1_uncached = !HasCache || (s1_phys_q ? s1_q.req.uncached : core_uncached_i);

  always_comb begin
    s1_hit_idx = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      s1_hit_way[w] = HasCache && s1_way_valid_q[w] && s1_tag_q[w] == tag_of(s1_pa);
      if (s1_hit_way[w]) s1_hit_idx |= WayBits'(w);
    end
    s1_hit = |s1_hit_way;
  end

  assign decide = s1_valid_q && (state_q == StReady || state_q == StReplayHit) && (s1_phys_q || core_go_i);
  assign s1_through = !ReadOnly && s1_q.req.write && (s1_phys_q ? s1_q.req.through : core_through_i);
  // A written-through store that needs a wrong word of its line is for memory alone.
  assign uncached = decide && (s1_uncached || (s1_through && s1_upset));
  assign through = decide && !s1_uncached && s1_through && !s1_upset;
  assign hit = decide && !s1_uncached && s1_hit && !s1_upset && !(s1_through && state_q == StReady);
  assign miss = decide && !s1_uncached && !s1_through && !(s1_hit && !s1_upset);

  assign fwd_set = st_valid_q && same_set_q;
  assign fwd2_set = st2_valid_q && same_set2_q;
  assign fwd_match = fwd_set && same_word_q;
  assign fwd2_match = fwd2_set && same_word2_q;
  // The word comes from a way's RAM, from a store, or from the one before it. A store has hit, and nothing can have taken its
  // line's place before the access that comes right behind it was looked up: so if it has the access's tag, its way is the
  // one that hits. No line hits in StDone (nothing was accepted); what is answered then goes the way of the store's word,
  // if it fits.
  logic done_as_word;
  assign done_as_word = WordW == 64 && state_q == StDone;
  always_comb begin
    for (int unsigned w = 0; w < Ways; w++) begin
      fwd_way[w] = fwd_match && st_q.way == WayBits'(w);
      fwd2_way[w] = fwd2_match && st2_way_q == WayBits'(w) && !fwd_way[w];
      answers[w] = HasCache && s1_way_valid_q[w] && !fwd_way[w] && !fwd2_way[w] && s1_tag_q[w] == tag_of(s1_pa);
      word[w] = read_data[w];
      s1_dirty[w] = s1_dirty_q[w] || (fwd_set && st_dirty_q && st_q.way == WayBits'(w)) ||
          (fwd2_set && st2_dirty_q && st2_way_q == WayBits'(w));
    end
    answers[Ways] = done_as_word || (|(fwd_way & s1_way_valid_q) && tag_of(st_q.addr) == tag_of(s1_pa));
    word[Ways] = done_as_word ? WordW'(done_data_q) : st_q.data;
    answers[Ways+1] = |(fwd2_way & s1_way_valid_q) && st2_tag_q == tag_of(s1_pa);
    word[Ways+1] = st2_data_q;
  end

  vm_onehot_mux #(
      .Count(Ways + 2),
      .Width(WordW)
  ) u_word (
      .select_i(answers),
      .word_i  (word),
      .word_o  (s1_word)
  );

  // A store turns the word it hit into a new whole word.
  logic [WordW/8-1:0] word_strb;
  logic [WordW-1:0] word_wdata;
  if (WordW == 64) begin : gen_word64
    assign word_strb = s1_q.req.strb;
    assign word_wdata = s1_q.req.wdata;
  end else begin : gen_word32
    assign word_strb = s1_q.req.strb[7:4] | s1_q.req.strb[3:0];
    assign word_wdata = (s1_q.req.strb[7:4] != '0) ? s1_q.req.wdata[63:32] : s1_q.req.wdata[31:0];
  end
  always_comb begin
    for (int unsigned i = 0; i < WordW / 8; i++) begin
      merged[8*i+:8] = word_strb[i] ? word_wdata[8*i+:8] : s1_word[8*i+:8];
    end
    st_d.way = s1_hit_idx;
    st_d.addr = s1_pa;
    st_d.data = merged;
  end
  assign touch = hit;

  assign s1_plru = (touched_valid_q && same_set_q) ? touched_q : s1_plru_q;
  if (Ways > 1) begin : gen_victim
    logic [PlruW-1:0] unused_touched;
    vm_plru #(
        .Ways(Ways)
    ) u_plru (
        .state_i    (s1_plru),
        .touch_way_i('0),
        .touched_o  (unused_touched),
        .victim_o   (plru_victim)
    );
    logic unused;
    assign unused = ^unused_touched;
  end else begin : gen_no_victim
    assign plru_victim = '0;
    logic unused;
    assign unused = ^s1_plru;
  end
  always_comb begin
    s1_victim = plru_victim;
    for (int w = Ways - 1; w >= 0; w--) begin
      if (s1_absent_q[w]) s1_victim = WayBits'(w);
    end
    for (int w = Ways - 1; Cfg.Parity && w >= 0; w--) begin
      if (s1_upset_q[w]) s1_victim = WayBits'(w);
    end
  end
  assign s1_upset = Cfg.Parity && |(s1_hit_way & read_upset & ~fwd_way & ~fwd2_way) &&
      !(s1_q.req.write && &word_strb);

  // In a page of 4 bytes, bit 2 of an address is translated, and with it the half of the lanes: a core's lanes are
  // those of its virtual address, memory's those of the physical one. A unit fills one half, so it goes on both.
  localparam bit SmallUnit = unit_bytes(Cfg) == 4;
  logic [3:0] half_strb;
  assign half_strb = s1_q.req.strb[7:4] | s1_q.req.strb[3:0];

  // ------------------------------------------------------------------ answers

  logic done, done_client_core;
  logic [63:0] rdata;
  assign done = state_q == StReplayHit || state_q == StDone;
  assign done_client_core = m_q.client == ClientCore;
  assign rdata = {(64 / WordW) {s1_word}} | ((WordW != 64 && state_q == StDone) ? done_data_q : 64'd0);

  assign core_s1_open_o = state_q == StReady;
  assign core_hit_o = hit && state_q == StReady && s1_q.client == ClientCore;
  assign core_rdata_o = rdata;
  assign core_done_valid_o = done && done_client_core;
  assign core_done_err_o = err_q;
  assign walk_rsp_valid_o = (done && m_q.client == ClientWalk) ||
      (hit && state_q == StReady && s1_q.client == ClientWalk);
  assign host_rsp_valid_o = (done && m_q.client == ClientHost) ||
      (hit && state_q == StReady && s1_q.client == ClientHost);
  assign walk_retry_o = s1_valid_q && state_q != StReady && state_q != StReplayHit && s1_q.client == ClientWalk;
  assign host_retry_o = s1_valid_q && state_q != StReady && state_q != StReplayHit && s1_q.client == ClientHost;
  assign phys_rdata_o = rdata;
  assign phys_err_o = done && err_q;

  // ------------------------------------------------------------------ memory

  logic [7:0] wb_strb;
  logic [PaMax-1:0] victim_addr;
  // Whoever chose the line looked at its set in the cycle before, and nobody has looked elsewhere since.
  assign victim_addr = line_addr(s1_tag_q[way_q], m_set_q);
  assign wb_strb = (WordW == 64) ? 8'hFF : (victim_addr[2] ? 8'hF0 : 8'h0F);

  localparam logic [7:0] BurstLen = 8'(Words - 1);
  logic [7:0] line_strb;
  assign line_strb = (WordW == 64) ? 8'hFF : (m_q.req.addr[2] ? 8'hF0 : 8'h0F);
  logic [WordW-1:0] wb_word, rsp_word;
  assign wb_word = read_data[way_q];
  if (WordW == 64) begin : gen_rsp64
    assign rsp_word = mem_rsp_data_i;
  end else begin : gen_rsp32
    assign rsp_word = m_q.req.addr[2] ? mem_rsp_data_i[63:32] : mem_rsp_data_i[31:0];
  end

  always_comb begin
    mem_req_o = '{src: Src, id: '0, write: 1'b0, len: 8'd0, strb: m_q.req.strb, addr: m_q.req.addr};
    unique case (state_q)
      StWbReq: mem_req_o = '{src: Src, id: '0, write: 1'b1, len: BurstLen, strb: wb_strb, addr: victim_addr};
      StFillReq:
      mem_req_o = '{src: Src, id: '0, write: 1'b0, len: BurstLen, strb: line_strb,
                    addr: line_addr(tag_of(m_q.req.addr), m_set_q)};
      default: mem_req_o.write = !ReadOnly && m_q.req.write;
    endcase
  end
  assign mem_req_valid_o = state_q == StWbReq || state_q == StFillReq || state_q == StUcReq;
  assign mem_w_valid_o = state_q == StWbData || state_q == StUcData;
  always_comb begin
    mem_w_o.data = m_q.req.wdata;
    mem_w_o.last = 1'b1;
    if (state_q == StWbData) begin
      mem_w_o.data = {(64 / WordW) {wb_word}};
      mem_w_o.last = beat_q == WordIdxW'(Words - 1);
    end
  end
  assign wb_error_valid_o = (state_q == StWbAck && mem_rsp_valid_i && mem_rsp_err_i) || lost;
  assign wb_error_addr_o = lost_look ? line_addr(look_tag[way_d], m_set_q) : victim_addr;
  assign events_o = '{
          lost: lost,
          refetch: Cfg.Parity && state_q == StVictim && refetch_q && !lost,
          write_back: state_q == StWbAck && mem_rsp_valid_i,
          uncached: (uncached || through) && state_q == StReady,
          miss: miss && state_q == StReady,
          hit: hit && state_q == StReady
      };

  // ------------------------------------------------------------------ state machine

  assign look_lost = (Cfg.Parity && !ReadOnly) ? look_upset & look_dirty : '0;
  always_comb begin
    lost_way = '0;
    for (int w = Ways - 1; w >= 0; w--) begin
      if (look_lost[w]) lost_way = WayBits'(w);
    end
  end

  always_comb begin
    state_d = state_q;
    m_d = m_q;
    way_d = way_q;
    beat_d = beat_q;
    err_d = err_q;
    drop_d = drop_q;
    change_d = change_q;
    refetch_d = refetch_q;
    wrong_d = wrong_q;
    lost = 1'b0;
    lost_look = 1'b0;
    done_data_d = done_data_q;

    read_word = (Cfg.ArrayPort && state_q == StMaint) ? maint_word : word_of(s0.req.addr);
    ram_write = st_valid_q;
    ram_way = st_q.way;
    ram_set = set_of(st_q.addr);
    ram_word = word_of(st_q.addr);
    ram_data = st_q.data;
    tag_write = 1'b0;
    dirty_write = st_valid_q && st_dirty_q;
    meta_way = st_q.way;
    meta_set = set_of(st_q.addr);
    meta_tag = tag_of(m_q.req.addr);
    meta_dirty = 1'b1;
    invalidate = 1'b0;

    unique case (state_q)
      StReady: begin
        m_d = s1_q;
        m_d.req.addr = s1_pa;
        m_d.req.through = s1_through;
        if (SmallUnit) begin
          m_d.req.strb = s1_pa[2] ? {half_strb, 4'b0} : {4'b0, half_strb};
          m_d.req.wdata = {2{(s1_q.req.strb[7:4] != '0) ? s1_q.req.wdata[63:32] : s1_q.req.wdata[31:0]}};
        end
        err_d = 1'b0;
        beat_d = '0;
        drop_d = uncached && s1_hit;
        change_d = through && s1_hit;
        refetch_d = miss && s1_hit;
        if (uncached) begin
          way_d = s1_hit_idx;
          state_d = (s1_hit || s1_lost_q) ? StVictim : StUcReq;
        end else if (through) begin
          way_d = s1_hit_idx;
          state_d = (!s1_hit && s1_lost_q) ? StVictim : StUcReq;
        end else if (miss) begin
          way_d = s1_hit_idx;
          state_d = StVictim;
        end else if (HasCache && maint_start) begin
          state_d = StMaint;
        end
      end
      StMaint: begin
        way_d = maint_found_way;
        if (Cfg.ArrayPort) begin
          ram_write = maint_data_write;
          ram_way = maint_way;
          ram_set = m_set_q;
          ram_word = maint_word;
          ram_data = maint_data;
          meta_tag = maint_tag;
        end
        meta_way = maint_way;
        meta_set = m_set_q;
        meta_dirty = maint_dirty;
        tag_write = maint_tag_write;
        dirty_write = maint_dirty_write;
        invalidate = maint_invalidate;
        lost = maint_lost;
        lost_look = maint_lost;
        if (maint_end) state_d = StReady;
        if (maint_write_back) state_d = StWbReq;
      end
      StVictim: begin
        way_d = victim_way;
        state_d = drop_q ? StDrop : StFillReq;
        if (!ReadOnly && m_dirty_q[victim_way]) state_d = StWbReq;
        if (|look_lost || (refetch_q && state_d == StWbReq)) begin
          lost = 1'b1;
          lost_look = 1'b1;
          if (|look_lost) way_d = lost_way;
          invalidate = |look_lost;
          meta_way = way_d;
          meta_set = m_set_q;
          err_d = 1'b1;
          done_data_d = '0;
          state_d = StDone;
        end
      end
      StWbReq: begin
        read_word = '0;
        wrong_d = 1'b0;
        if (mem_req_ready_i) state_d = StWbData;
      end
      StWbData: begin
        read_word = mem_w_ready_i ? beat_q + 1'b1 : beat_q;
        if (mem_w_ready_i) begin
          beat_d = beat_q + 1'b1;
          wrong_d = wrong_q || (Cfg.Parity && read_upset[way_q]);
          if (mem_w_o.last) begin
            beat_d = '0;
            state_d = StWbAck;
          end
        end
      end
      StWbAck: begin
        lost = mem_rsp_valid_i && wrong_q;
        if (mem_rsp_valid_i) state_d = maint_busy ? StMaint : (drop_q ? StDrop : StFillReq);
      end
      StDrop: begin
        invalidate = 1'b1;
        meta_way = way_q;
        meta_set = m_set_q;
        state_d = StUcReq;
      end
      StFillReq: begin
        invalidate = 1'b1;
        meta_way = way_q;
        meta_set = m_set_q;
        if (mem_req_ready_i) state_d = StFillData;
      end
      StFillData: begin
        ram_write = mem_rsp_valid_i;
        ram_way = way_q;
        ram_set = m_set_q;
        ram_word = beat_q;
        ram_data = rsp_word;
        meta_way = way_q;
        meta_set = m_set_q;
        meta_dirty = 1'b0;
        if (mem_rsp_valid_i) begin
          beat_d = beat_q + 1'b1;
          err_d = err_q || mem_rsp_err_i;
          if (mem_rsp_last_i) begin
            beat_d = '0;
            tag_write = !err_d;
            done_data_d = '0;
            state_d = err_d ? StDone : StReplay;
          end
        end
      end
      StReplay: state_d = StReplayHit;
      StReplayHit: state_d = StReady;
      StUcReq: begin
        if (mem_req_ready_i) state_d = (!ReadOnly && m_q.req.write) ? StUcData : StUcWait;
      end
      StUcData: begin
        if (mem_w_ready_i) state_d = StUcWait;
      end
      StUcWait: begin
        if (mem_rsp_valid_i) begin
          done_data_d = mem_rsp_data_i;
          if (SmallUnit) done_data_d = {2{m_q.req.addr[2] ? mem_rsp_data_i[63:32] : mem_rsp_data_i[31:0]}};
          err_d = mem_rsp_err_i;
          state_d = (change_q && !mem_rsp_err_i) ? StReplay : StDone;
        end
      end
      StDone: state_d = StReady;
      default: state_d = StReady;
    endcase
  end

  if (HasCache) begin : gen_array
    vm_cache_array #(
        .Sets (Sets),
        .Ways (Ways),
        .Words(Words),
        .WordW(WordW),
        .TagW (TagW),
        .Parity(Cfg.Parity)
    ) u_array (
        .clk_i,
        .set_i           (look_set),
        .valid_o         (look_valid),
        .tag_o           (look_tag),
        .dirty_o         (look_dirty),
        .upset_o         (look_upset),
        .plru_o          (look_plru),
        .read_word_i     (read_word),
        .read_data_o     (read_data),
        .read_upset_o    (read_upset),
        .write_i         (ram_write),
        .write_way_i     (ram_way),
        .write_set_i     (ram_set),
        .write_word_i    (ram_word),
        .write_data_i    (ram_data),
        .tag_write_i     (tag_write),
        .dirty_write_i   (dirty_write),
        .meta_way_i      (meta_way),
        .meta_set_i      (meta_set),
        .meta_tag_i      (meta_tag),
        .meta_dirty_i    (meta_dirty),
        .invalidate_i    (invalidate),
        .flip_tag_i      (maint_flip_tag),
        .flip_data_i     (maint_flip_data),
        .flip_bit_i      (array_req_i.data0[7:0]),
        .sweep_i         (maint_sweep),
        .sweep_plru_i    (maint_sweep_plru),
        .touch_i         (touch),
        .touch_way_i     (s1_hit_idx),
        .touch_set_i     (set_of(s1_q.req.addr)),
        .touched_o       (touched)
    );
  end else begin : gen_no_array
    logic unused;
    assign unused = ^{look_set, read_word, ram_write, ram_way, ram_set, ram_word, ram_data, tag_write, dirty_write,
                      meta_way, meta_set, meta_tag, meta_dirty, invalidate, maint_sweep, maint_sweep_plru, touch,
                      maint_flip_tag, maint_flip_data};
    assign look_upset = '0;
    assign read_upset = '0;
    assign look_valid = '0;
    assign look_tag = '0;
    assign look_dirty = '0;
    assign look_plru = '0;
    assign touched = '0;
    assign read_data = '0;
  end

  vm_cache_maint #(
      .Cfg     (Cfg),
      .Geometry(Geometry),
      .ReadOnly(ReadOnly)
  ) u_maint (
      .clk_i,
      .rst_ni,
      .maint_valid_i,
      .maint_req_i,
      .maint_done_o,
      .array_valid_i,
      .array_is_tag_i,
      .array_req_i,
      .array_done_o,
      .array_rsp_o,
      .start_i      (maint_start),
      .busy_o       (maint_busy),
      .end_o        (maint_end),
      .write_back_o (maint_write_back),
      .written_i    (state_q == StWbAck && mem_rsp_valid_i),
      .first_set_o  (maint_first_set),
      .set_o        (maint_set),
      .way_o        (maint_way),
      .found_way_o  (maint_found_way),
      .word_o       (maint_word),
      .valid_i      (~s1_absent_q),
      .tag_i        (s1_tag_q),
      .dirty_i      (s1_dirty_q),
      .lost_i       (look_lost),
      .lost_way_i   (lost_way),
      .read_data_i  (wb_word),
      .tag_write_o  (maint_tag_write),
      .dirty_write_o(maint_dirty_write),
      .tag_o        (maint_tag),
      .dirty_o      (maint_dirty),
      .invalidate_o (maint_invalidate),
      .sweep_o      (maint_sweep),
      .sweep_plru_o (maint_sweep_plru),
      .data_write_o (maint_data_write),
      .data_o       (maint_data),
      .flip_tag_o   (maint_flip_tag),
      .flip_data_o  (maint_flip_data),
      .lost_o       (maint_lost)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StMaint;
      m_set_q <= '0;
      s1_valid_q <= 1'b0;
      s1_way_valid_q <= '0;
      st_valid_q <= 1'b0;
      st2_valid_q <= 1'b0;
    end else begin
      state_q <= state_d;
      m_set_q <= m_set_d;
      s1_valid_q <= s1_valid_d;
      s1_way_valid_q <= s1_way_valid_d;
      st_valid_q <= !ReadOnly && hit && s1_q.req.write;
      st2_valid_q <= st_valid_q;
    end
  end
  always_ff @(posedge clk_i) begin
    s1_q <= s0;
    s1_phys_q <= s1_phys_d;
    same_set_q <= set_of(s0.req.addr) == set_of(s1_q.req.addr);
    same_word_q <= word_of(s0.req.addr) == word_of(s1_q.req.addr);
    same_set2_q <= set_of(s0.req.addr) == set_of(st_q.addr);
    same_word2_q <= word_of(s0.req.addr) == word_of(st_q.addr);
    s1_tag_q <= look_tag;
    st_q <= st_d;
    st2_way_q <= st_q.way;
    st2_data_q <= st_q.data;
    st2_tag_q <= tag_of(st_q.addr);
    st_dirty_q <= !s1_through;
    st2_dirty_q <= st_dirty_q;
    m_q <= m_d;
    way_q <= way_d;
    beat_q <= beat_d;
    err_q <= err_d;
    drop_q <= drop_d;
    change_q <= change_d;
    refetch_q <= Cfg.Parity && refetch_d;
    wrong_q <= Cfg.Parity && wrong_d;
    s1_lost_q <= |look_lost;
    s1_absent_q <= ~look_valid;
    s1_upset_q <= look_upset;
    s1_dirty_q <= look_dirty;
    s1_plru_q <= look_plru;
    touched_q <= touched;
    touched_valid_q <= touch;
    if (state_q == StReady) begin
      victim_q <= s1_victim;
      m_dirty_q <= ~s1_absent_q & s1_dirty;
    end
    done_data_q <= done_data_d;
  end

endmodule
