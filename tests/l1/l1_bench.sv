// SPDX-License-Identifier: Apache-2.0
//
// vm_l1 with scalar ports, or with Misses = 0 vm_cache behind the same ones (a core that has one miss at a time, in
// order), and what must hold of either in every cycle.
module l1_bench
  import vm_pkg::*;
#(
    parameter  int unsigned Sets = 64,
    parameter  int unsigned Ways = 4,
    parameter  int unsigned LineBytes = 64,
    parameter  int unsigned HitLatency = 1,
    parameter  int unsigned Misses = 4,
    parameter  int unsigned Waiters = 4,
    parameter  bit          CriticalFirst = 1'b1,
    localparam int unsigned BusBits = 32
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic        core_valid_i,
    output logic        core_ready_o,
    input  logic [3:0]  core_id_i,
    input  logic        core_write_i,
    input  logic [7:0]  core_strb_i,
    input  logic [63:0] core_va_i,
    input  logic [63:0] core_wdata_i,
    input  logic        core_go_i,        // of the access accepted in the cycle before
    input  logic [63:0] core_pa_i,
    input  logic        core_uncached_i,
    input  logic        core_through_i,
    output logic        core_rsp_valid_o,
    output logic [3:0]  core_rsp_id_o,
    output logic        core_rsp_err_o,
    output logic        core_idle_o,

    input  logic        walk_slot_i,
    input  logic        walk_valid_i,
    output logic        walk_ready_o,
    input  logic        walk_write_i,
    input  logic        walk_uncached_i,
    input  logic [7:0]  walk_strb_i,
    input  logic [63:0] walk_addr_i,
    input  logic [63:0] walk_wdata_i,
    output logic        walk_rsp_valid_o,
    input  logic        host_valid_i,
    output logic        host_ready_o,
    input  logic [3:0]  host_id_i,
    input  logic        host_write_i,
    input  logic        host_uncached_i,
    input  logic [7:0]  host_strb_i,
    input  logic [63:0] host_addr_i,
    input  logic [63:0] host_wdata_i,
    output logic        host_rsp_valid_o,
    output logic [3:0]  host_rsp_id_o,
    output logic        phys_err_o,
    output logic [63:0] rdata_o,

    input  logic        maint_valid_i,
    input  logic        maint_clean_i,
    input  logic        maint_invalidate_i,
    input  logic        maint_by_addr_i,
    input  logic [63:0] maint_addr_i,
    output logic        maint_done_o,

    output logic        mem_valid_o,
    input  logic        mem_ready_i,
    output logic        mem_write_o,
    output logic [7:0]  mem_len_o,
    output logic [7:0]  mem_strb_o,
    output logic [63:0] mem_addr_o,
    output logic [7:0]  mem_id_o,
    output logic        mem_w_valid_o,
    input  logic        mem_w_ready_i,
    output logic [63:0] mem_w_data_o,
    output logic        mem_w_last_o,
    input  logic        mem_rsp_valid_i,
    input  logic [7:0]  mem_rsp_id_i,
    input  logic [63:0] mem_rsp_data_i,
    input  logic        mem_rsp_err_i,
    input  logic        mem_rsp_last_i,
    input  logic        mem_busy_i,       // memory has something to answer

    output logic        wb_error_valid_o,
    output logic [63:0] wb_error_addr_o,
    output logic [3:0]  events_o
);

  localparam cache_geometry_t Geometry = '{Sets: 16'(Sets), Ways: 8'(Ways), LineBytes: 16'(LineBytes)};

  function automatic machine_t machine();
    machine_t m;
    m = '0;
    m.BusBits = 8'(BusBits);
    m.Format.PageBits = 8'd12;
    m.Dcache = Geometry;
    return m;
  endfunction

  cache_req_t core_req, walk_req, host_req;
  maint_req_t maint_req;
  mem_req_t mem_req;
  mem_wdata_t mem_w;
  cache_events_t events;
  logic [PaMax-1:0] wb_error_addr;

  assign core_req = '{write: core_write_i, uncached: 1'b0, through: 1'b0, strb: core_strb_i,
                      addr: PaMax'(core_va_i), wdata: core_wdata_i};
  assign walk_req = '{write: walk_write_i, uncached: walk_uncached_i, through: 1'b0, strb: walk_strb_i,
                      addr: PaMax'(walk_addr_i), wdata: walk_wdata_i};
  assign host_req = '{write: host_write_i, uncached: host_uncached_i, through: 1'b0, strb: host_strb_i,
                      addr: PaMax'(host_addr_i), wdata: host_wdata_i};
  assign maint_req = '{clean: maint_clean_i, invalidate: maint_invalidate_i, by_addr: maint_by_addr_i,
                       addr: PaMax'(maint_addr_i)};
  assign mem_write_o = mem_req.write;
  assign mem_len_o = mem_req.len;
  assign mem_strb_o = mem_req.strb;
  assign mem_addr_o = 64'(mem_req.addr);
  assign mem_w_data_o = mem_w.data;
  assign mem_w_last_o = mem_w.last;
  assign wb_error_addr_o = 64'(wb_error_addr);
  logic unused_events;
  assign unused_events = ^{events.lost, events.refetch};
  assign events_o = {events.write_back, events.uncached, events.miss, events.hit};

  if (Misses != 0) begin : gen_l1
    localparam int unsigned MemIdW = $clog2(Misses + 3);
    logic unused_older;
    assign mem_id_o = 8'(mem_req.id);

    vm_l1 #(
        .BusBits      (BusBits),
        .Sets         (Sets),
        .Ways         (Ways),
        .LineBytes    (LineBytes),
        .HitLatency   (HitLatency),
        .Misses       (Misses),
        .Waiters      (Waiters),
        .CriticalFirst(CriticalFirst)
    ) u_l1 (
        .clk_i,
        .rst_ni,
        .core_req_valid_i(core_valid_i),
        .core_req_ready_o(core_ready_o),
        .core_req_id_i   (core_id_i),
        .core_req_i      (core_req),
        .core_go_i,
        .core_pa_i       (PaMax'(core_pa_i)),
        .core_uncached_i,
        .core_through_i,
        .core_rsp_valid_o,
        .core_rsp_id_o,
        .core_rsp_err_o,
        .core_older_o    (unused_older),
        .core_idle_o,
        .walk_slot_i,
        .walk_req_valid_i(walk_valid_i),
        .walk_req_ready_o(walk_ready_o),
        .walk_req_i      (walk_req),
        .walk_rsp_valid_o,
        .host_req_valid_i(host_valid_i),
        .host_req_ready_o(host_ready_o),
        .host_req_id_i   (host_id_i),
        .host_req_i      (host_req),
        .host_rsp_valid_o,
        .host_rsp_id_o,
        .phys_err_o,
        .rdata_o,
        .maint_valid_i,
        .maint_req_i     (maint_req),
        .maint_done_o,
        .mem_req_valid_o (mem_valid_o),
        .mem_req_ready_i (mem_ready_i),
        .mem_req_o       (mem_req),
        .mem_w_valid_o,
        .mem_w_ready_i,
        .mem_w_o         (mem_w),
        .mem_rsp_valid_i,
        .mem_rsp_id_i    (MemIdW'(mem_rsp_id_i)),
        .mem_rsp_data_i,
        .mem_rsp_err_i,
        .wb_error_valid_o,
        .wb_error_addr_o (wb_error_addr),
        .events_o        (events)
    );

    logic unused;
    assign unused = ^{mem_rsp_last_i, unused_older};

    // What each part takes for granted of the others.
    logic sure_q;  // what went into S0 will hit
    always_ff @(posedge clk_i) begin
      sure_q <= rst_ni && ((u_l1.u_miss.r_gone && 2'(u_l1.u_miss.r_go_q) == 2'd0) ||
                           (u_l1.u_miss.w_gone && 2'(u_l1.u_miss.w_go_q) == 2'd0));
    end
    a_sure_hit : assert property (@(posedge clk_i) disable iff (!rst_ni) sure_q |-> u_l1.s1_hit);
    a_one_way : assert property (@(posedge clk_i) disable iff (!rst_ni) u_l1.s1_valid_q |-> $onehot0(u_l1.s1_way));
    a_room_behind : assert property (@(posedge clk_i) disable iff (!rst_ni)
        u_l1.u_miss.u_slow.x_new && u_l1.u_miss.u_slow.x_valid_q |-> !u_l1.u_miss.u_slow.y_valid_q);
    a_room_walk : assert property (@(posedge clk_i) disable iff (!rst_ni)
        u_l1.u_miss.u_slow.w_new |-> !u_l1.u_miss.w_valid || u_l1.u_miss.w_done);
    a_room_beats : assert property (@(posedge clk_i) disable iff (!rst_ni)
        4'(u_l1.u_miss.u_fill.wr_q - u_l1.u_miss.u_fill.rd_q) <= 4'd8);
    a_walker_alone : assert property (@(posedge clk_i) disable iff (!rst_ni)
        u_l1.u_miss.wr_q[Misses] == u_l1.u_miss.rd_q[Misses]);
    for (genvar m = 0; m < Misses + 1; m++) begin : gen_register
      for (genvar n = 0; n < m; n++) begin : gen_pair
        a_own_set : assert property (@(posedge clk_i) disable iff (!rst_ni)
            u_l1.u_miss.used[m] && u_l1.u_miss.used[n] |->
            ((u_l1.u_miss.line_q[m] ^ u_l1.u_miss.line_q[n]) & (BusBits - $clog2(LineBytes))'(Sets - 1)) != '0);
      end
    end
  end else begin : gen_cache
    logic [3:0] s1_id_q, pending_id_q, held_id_q;
    logic s1_valid_q, pending_q, held_q, s1_open, hit, done, done_err, ready, again, turned_away;
    logic retry, unused_retry, unused_done, unused;
    logic [63:0] unused_rdata;
    cache_req_t s1_req_q, held_req_q;
    logic [PaMax-1:0] s1_pa_q, held_pa_q, s1_pa;
    logic s1_new_q;
    array_rsp_t array_rsp;
    assign s1_pa = s1_new_q ? PaMax'(core_pa_i) : s1_pa_q;
    assign turned_away = s1_valid_q && !s1_open;
    assign again = held_q;
    assign core_ready_o = ready && !held_q && !turned_away;
    assign core_rsp_valid_o = hit || done;
    assign core_rsp_id_o = done ? pending_id_q : s1_id_q;
    assign core_rsp_err_o = done && done_err;
    assign core_idle_o = !s1_valid_q && !pending_q && !held_q;
    assign host_rsp_id_o = '0;
    assign mem_id_o = '0;
    assign unused = ^{retry, array_rsp, mem_rsp_id_i, host_id_i, core_go_i, unused_retry, unused_done,
                      unused_rdata};
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        s1_valid_q <= 1'b0;
        pending_q <= 1'b0;
        held_q <= 1'b0;
      end else begin
        s1_valid_q <= (again && ready) || (core_valid_i && core_ready_o);
        if (done) pending_q <= 1'b0;
        if (s1_valid_q && s1_open && !hit) pending_q <= 1'b1;
        held_q <= turned_away || (held_q && !ready);
      end
      s1_new_q <= !again;
      s1_id_q <= again ? held_id_q : core_id_i;
      s1_req_q <= again ? held_req_q : core_req;
      s1_pa_q <= held_pa_q;
      if (s1_valid_q && s1_open) pending_id_q <= s1_id_q;
      if (turned_away) begin
        held_id_q <= s1_id_q;
        held_req_q <= s1_req_q;
        held_pa_q <= s1_pa;
      end
    end
    vm_cache #(
        .Cfg     (machine()),
        .Geometry(Geometry)
    ) u_cache (
        .clk_i,
        .rst_ni,
        .core_req_valid_i (again || (core_valid_i && !turned_away)),
        .core_req_ready_o (ready),
        .core_req_i       (again ? held_req_q : core_req),
        .core_s1_open_o   (s1_open),
        .core_go_i        (s1_valid_q && s1_open),
        .core_pa_i        (s1_pa),
        .core_uncached_i,
        .core_through_i,
        .core_hit_o       (hit),
        .core_rdata_o     (rdata_o),
        .core_done_valid_o(done),
        .core_done_err_o  (done_err),
        .walk_slot_i,
        .walk_req_valid_i (walk_valid_i),
        .walk_req_ready_o (walk_ready_o),
        .walk_req_i       (walk_req),
        .walk_rsp_valid_o,
        .walk_retry_o     (unused_retry),
        .host_req_valid_i (host_valid_i),
        .host_req_ready_o (host_ready_o),
        .host_req_i       (host_req),
        .host_rsp_valid_o,
        .host_retry_o     (retry),
        .phys_rdata_o     (unused_rdata),
        .phys_err_o,
        .maint_valid_i,
        .maint_req_i      (maint_req),
        .maint_done_o,
        .array_valid_i    (1'b0),
        .array_is_tag_i   (1'b0),
        .array_req_i      ('0),
        .array_done_o     (unused_done),
        .array_rsp_o      (array_rsp),
        .mem_req_valid_o  (mem_valid_o),
        .mem_req_ready_i  (mem_ready_i),
        .mem_req_o        (mem_req),
        .mem_w_valid_o,
        .mem_w_ready_i,
        .mem_w_o          (mem_w),
        .mem_rsp_valid_i,
        .mem_rsp_data_i,
        .mem_rsp_err_i,
        .mem_rsp_last_i,
        .wb_error_valid_o,
        .wb_error_addr_o  (wb_error_addr),
        .events_o         (events)
    );
  end

  // ------------------------------------------------------------------ the memory port

  logic offered_q, w_offered_q;
  mem_req_t req_q;
  logic [7:0] id_q;
  mem_wdata_t w_q;
  always_ff @(posedge clk_i) begin
    offered_q <= rst_ni && mem_valid_o && !mem_ready_i;
    w_offered_q <= rst_ni && mem_w_valid_o && !mem_w_ready_i;
    req_q <= mem_req;
    id_q <= mem_id_o;
    w_q <= mem_w;
  end
  a_request_holds : assert property (@(posedge clk_i) disable iff (!rst_ni)
      offered_q |-> mem_valid_o && mem_req == req_q && mem_id_o == id_q);
  a_data_holds : assert property (@(posedge clk_i) disable iff (!rst_ni) w_offered_q |-> mem_w_valid_o && mem_w == w_q);

  // ------------------------------------------------------------------ progress

  // The walker waits for memory, and for nothing else: of the cycles of a wait, those in which memory has nothing to
  // do are few, whatever core and host do. (A line into the victim buffer, its own replay, a sweep after reset.)
  localparam int unsigned WalkPatience = 100 + LineBytes;
  int unsigned walk_wait_q;
  logic walk_pending_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || walk_rsp_valid_o) begin
      walk_pending_q <= 1'b0;
      walk_wait_q <= 0;
    end else begin
      if (walk_valid_i && walk_ready_o) walk_pending_q <= 1'b1;
      if (walk_pending_q && !mem_busy_i && !mem_valid_o && !mem_w_valid_o) walk_wait_q <= walk_wait_q + 1;
    end
  end
  a_walk_waits_for_memory_only : assert property (@(posedge clk_i) disable iff (!rst_ni) walk_wait_q < WalkPatience);

endmodule
