// SPDX-License-Identifier: Apache-2.0
//
// The memory port as an AXI4 master. The id of a transaction is its source (mem_src_e) and above it the id it has there,
// so all of them stay independent: a slave may reorder and interleave their answers.
//
//   bursts          INCR, AxSIZE the whole bus. With 128 bits two beats of the port are one of the bus; the port's
//                   bursts are lines, powers of two and aligned, so neither this nor 4 KiB need a cut. A read that does
//                   not begin at the beginning of its line (CriticalFirst) is WRAP: of 64 bits, and lines of at most 128
//                   bytes, as AXI has no other
//   single beats    exactly the lanes asked for, as naturally aligned transfers of 1, 2, 4 or 8 bytes with all their
//                   strobes set. Lanes that are not one such run go out as up to four transfers, lowest address first,
//                   each of whose bytes is touched once; the port gets one answer, an error if any of them had one
//   errors          SLVERR and DECERR are the port's `err`: of that beat for reads, of the request for writes
//   AxCACHE         bursts are lines: LineCache. Single beats: 0000, device, so nothing on the way splits, merges or
//                   answers for them
//   AxPROT          bit 2: fetches. The port does not carry whose access it is: bits 1:0 are Prot
//   AxLOCK, AxQOS   0
//
// AXI sees no combinational path from an input to an output, as its specification demands: what goes out comes from
// registers (and gates behind them), and valid never waits for ready. Only RREADY follows mem_rsp_ready_i; vm_top's is
// constant.
//
// Latency added: read 1 cycle (the request), write 2 (request or data, and answer), with 128 bits one more for a write
// burst. Full rate in bursts. A request whose lanes are cut takes 1 more and waits for another such one to end; each
// further transfer of a read takes 1 cycle, of a write 1 after its address and data are taken.
module vm_axi4
  import vm_pkg::*;
#(
    parameter int unsigned DataBits  = 64,       // 64 or 128
    parameter int unsigned AddrBits  = PaMax,    // at least BusBits of the machine, and 12
    parameter int unsigned AxiIdBits = 2,        // at least 2; with Misses 6. More are 0
    parameter logic [3:0]  LineCache = 4'b0010,  // modifiable; not bufferable, so that errors come from memory itself
    parameter logic [1:0]  Prot      = 2'b01     // secure, privileged
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic       mem_req_valid_i,
    output logic       mem_req_ready_o,
    input  mem_req_t   mem_req_i,
    input  logic       mem_w_valid_i,
    output logic       mem_w_ready_o,
    input  mem_wdata_t mem_w_i,
    output logic       mem_rsp_valid_o,
    input  logic       mem_rsp_ready_i,
    output mem_rsp_t   mem_rsp_o,

    output logic                  axi_awvalid_o,
    input  logic                  axi_awready_i,
    output logic [AxiIdBits-1:0]  axi_awid_o,
    output logic [AddrBits-1:0]   axi_awaddr_o,
    output logic [7:0]            axi_awlen_o,
    output logic [2:0]            axi_awsize_o,
    output logic [1:0]            axi_awburst_o,
    output logic                  axi_awlock_o,
    output logic [3:0]            axi_awcache_o,
    output logic [2:0]            axi_awprot_o,
    output logic [3:0]            axi_awqos_o,
    output logic                  axi_wvalid_o,
    input  logic                  axi_wready_i,
    output logic [DataBits-1:0]   axi_wdata_o,
    output logic [DataBits/8-1:0] axi_wstrb_o,
    output logic                  axi_wlast_o,
    input  logic                  axi_bvalid_i,
    output logic                  axi_bready_o,
    input  logic [AxiIdBits-1:0]  axi_bid_i,
    input  logic [1:0]            axi_bresp_i,
    output logic                  axi_arvalid_o,
    input  logic                  axi_arready_i,
    output logic [AxiIdBits-1:0]  axi_arid_o,
    output logic [AddrBits-1:0]   axi_araddr_o,
    output logic [7:0]            axi_arlen_o,
    output logic [2:0]            axi_arsize_o,
    output logic [1:0]            axi_arburst_o,
    output logic                  axi_arlock_o,
    output logic [3:0]            axi_arcache_o,
    output logic [2:0]            axi_arprot_o,
    output logic [3:0]            axi_arqos_o,
    input  logic                  axi_rvalid_i,
    output logic                  axi_rready_o,
    input  logic [AxiIdBits-1:0]  axi_rid_i,
    input  logic [DataBits-1:0]   axi_rdata_i,
    input  logic [1:0]            axi_rresp_i,
    input  logic                  axi_rlast_i
);

  localparam bit Wide = DataBits == 128;
  localparam logic [2:0] BusSize = Wide ? 3'd4 : 3'd3;

  if (DataBits != 64 && DataBits != 128) begin : gen_bad_data
    $error("DataBits: the AXI4 adapter has 64 or 128 data bits");
  end
  if (AddrBits < 12 || AddrBits > PaMax) begin : gen_bad_addr
    $error("AddrBits: the AXI4 adapter has 12 to 56 address bits");
  end
  if (AxiIdBits < 2) begin : gen_bad_id
    $error("AxiIdBits: three sources need 2 id bits");
  end

  // ------------------------------------------------------------------ pieces

  // The largest naturally aligned run of lanes that begins at the lowest one.
  function automatic logic [7:0] first_piece(logic [7:0] lanes);
    logic [7:0] p;
    p = '0;
    for (int i = 7; i >= 0; i--) begin
      if (lanes[i]) p = 8'h01 << i;
      if (i % 2 == 0 && (~lanes & (8'h03 << i)) == '0) p = 8'h03 << i;
      if (i % 4 == 0 && (~lanes & (8'h0F << i)) == '0) p = 8'h0F << i;
    end
    return (lanes == 8'hFF) ? 8'hFF : p;
  endfunction
  function automatic logic [1:0] piece_size(logic [7:0] run);
    if (run == 8'hFF) return 2'd3;
    if (run[3:0] == 4'hF || run[7:4] == 4'hF) return 2'd2;
    return {1'b0, (run & (run >> 1)) != '0};
  endfunction
  function automatic logic [2:0] piece_offset(logic [7:0] run);
    logic [2:0] o;
    o = '0;
    for (int unsigned i = 8; i > 0; i--) begin
      if (run[i-1]) o = 3'(i - 1);
    end
    return o;
  endfunction

  // ------------------------------------------------------------------ requests

  // Whose a transaction is: its id.
  typedef struct packed {
    logic [MemIdBits-1:0] id;
    mem_src_e src;
  } tag_t;
  localparam int unsigned TagBits = $bits(tag_t);
  function automatic tag_t tag_of(logic [AxiIdBits-1:0] id);
    return tag_t'(TagBits'(id));
  endfunction

  mem_req_t req_q;
  tag_t req_tag;
  logic busy_d, busy_q;
  logic whole_q;                           // one piece is all of it
  logic [7:0] left_d, left_q;              // lanes still to be asked for
  logic aw_sent_d, aw_sent_q;              // of this piece
  logic w_sent_d, w_sent_q;
  logic accept, burst, wraps, go, ar_go, aw_go, w_go, piece_done, final_done;
  logic [7:0] piece;

  // One cut request at a time has its answers gathered.
  logic cut_busy_d, cut_busy_q;
  logic cut_mine_d, cut_mine_q;            // it is req_q
  tag_t cut_tag_d, cut_tag_q;
  logic [7:0] cut_left_d, cut_left_q;      // lanes not answered
  logic cut_err_d, cut_err_q;
  logic [63:0] cut_data_d, cut_data_q;
  logic [7:0] cut_piece;

  assign piece = first_piece(left_q);
  assign burst = req_q.len != '0;
  assign wraps = (req_q.addr[10:3] & req_q.len) != '0;
  assign req_tag = '{id: req_q.id, src: req_q.src};
  assign go = busy_q && (whole_q || cut_mine_q);

  assign ar_go = axi_arvalid_o && axi_arready_i;
  assign aw_go = axi_awvalid_o && axi_awready_i;
  assign w_go = axi_wvalid_o && axi_wready_i;
  assign piece_done = req_q.write ? (aw_sent_q || aw_go) && (w_sent_q || (w_go && axi_wlast_o)) : ar_go;
  assign final_done = piece_done && piece == left_q;

  assign mem_req_ready_o = !busy_q || final_done;
  assign accept = mem_req_valid_i && mem_req_ready_o;

  always_comb begin
    busy_d = accept || (busy_q && !final_done);
    left_d = left_q;
    aw_sent_d = (aw_sent_q || aw_go) && !piece_done;
    w_sent_d = (w_sent_q || (w_go && axi_wlast_o)) && !piece_done;
    if (piece_done) left_d = left_q & ~piece;
    if (accept) left_d = mem_req_i.strb;
  end

  logic [AddrBits-1:0] addr;
  logic [7:0] len;
  logic [2:0] size;
  logic [3:0] cache;
  logic [2:0] prot;
  assign addr = {req_q.addr[AddrBits-1:3], piece_offset(piece)};
  assign len = Wide ? req_q.len >> 1 : req_q.len;
  assign size = burst ? BusSize : {1'b0, piece_size(piece)};
  assign cache = burst ? LineCache : 4'b0000;
  assign prot = {req_q.src == MemFetch, Prot};

  assign axi_arvalid_o = go && !req_q.write;
  assign axi_arid_o = AxiIdBits'(req_tag);
  assign axi_araddr_o = addr;
  assign axi_arlen_o = len;
  assign axi_arsize_o = size;
  assign axi_arburst_o = wraps ? 2'b10 : 2'b01;
  assign axi_arlock_o = 1'b0;
  assign axi_arcache_o = cache;
  assign axi_arprot_o = prot;
  assign axi_arqos_o = '0;

  assign axi_awvalid_o = go && req_q.write && !aw_sent_q;
  assign axi_awid_o = AxiIdBits'(req_tag);
  assign axi_awaddr_o = addr;
  assign axi_awlen_o = len;
  assign axi_awsize_o = size;
  assign axi_awburst_o = 2'b01;
  assign axi_awlock_o = 1'b0;
  assign axi_awcache_o = cache;
  assign axi_awprot_o = prot;
  assign axi_awqos_o = '0;

  // ------------------------------------------------------------------ write data

  logic owed_d, owed_q;    // beats of req_q that the port has still to give
  logic w_full_d, w_full_q;
  logic w_last_q;
  logic w_take;

  assign mem_w_ready_o = owed_q && (!w_full_q || (w_go && !axi_wlast_o));
  assign w_take = mem_w_valid_i && mem_w_ready_o;
  assign axi_wvalid_o = go && req_q.write && w_full_q && !w_sent_q;
  assign axi_wlast_o = w_last_q;

  if (Wide) begin : gen_w128
    logic low_d, low_q;  // the lower half of a beat is here
    logic [63:0] lower_q, upper_q;
    always_comb begin
      low_d = low_q;
      if (w_take) low_d = burst && !low_q;
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) low_q <= 1'b0;
      else low_q <= low_d;
      if (w_take && !low_q) lower_q <= mem_w_i.data;
      if (w_take && !low_d) upper_q <= mem_w_i.data;
    end
    assign w_full_d = (w_take && !low_d) ||
        (w_full_q && !(w_go && !axi_wlast_o) && !final_done);
    assign axi_wdata_o = {upper_q, lower_q};
    assign axi_wstrb_o = burst ? '1 : (req_q.addr[3] ? {piece, 8'h00} : {8'h00, piece});
  end else begin : gen_w64
    logic [63:0] data_q;
    always_ff @(posedge clk_i) begin
      if (w_take) data_q <= mem_w_i.data;
    end
    assign w_full_d = w_take || (w_full_q && !(w_go && !axi_wlast_o) && !final_done);
    assign axi_wdata_o = data_q;
    assign axi_wstrb_o = piece;
  end

  always_comb begin
    owed_d = owed_q && !(w_take && mem_w_i.last);
    if (accept) owed_d = mem_req_i.write;
  end

  // ------------------------------------------------------------------ answers

  tag_t r_tag, b_tag, b_tag_q;
  logic r_go, r_cut, r_end, r_present, b_go, b_cut, b_end;
  logic b_full_d, b_full_q, b_err_q;
  logic turn_d, turn_q;      // the port is kept for the answer of a write
  logic hold_q;              // the upper half of a 128-bit beat waits for its turn
  mem_rsp_t hold, r_rsp;

  assign r_tag = tag_of(axi_rid_i);
  assign b_tag = tag_of(axi_bid_i);
  assign cut_piece = first_piece(cut_left_q);

  assign axi_bready_o = !b_full_q;
  assign b_go = axi_bvalid_i && axi_bready_o;
  assign b_cut = cut_busy_q && cut_tag_q == b_tag;
  assign b_end = !b_cut || cut_piece == cut_left_q;

  assign axi_rready_o = !hold_q && !turn_q && mem_rsp_ready_i;
  assign r_go = axi_rvalid_i && axi_rready_o;
  assign r_cut = cut_busy_q && cut_tag_q == r_tag;
  assign r_end = !r_cut || cut_piece == cut_left_q;
  assign r_present = axi_rvalid_i && !hold_q && !turn_q;

  logic [63:0] r_data;
  logic r_last;
  if (Wide) begin : gen_r128
    logic [2**TagBits-1:0] line_d, line_q;    // by tag: the read is a burst
    logic [2**TagBits-1:0] upper_d, upper_q;  //   or asks for the upper half
    mem_rsp_t hold_d;
    tag_t new_tag;
    logic hold_valid_d;
    assign new_tag = '{id: mem_req_i.id, src: mem_req_i.src};
    always_comb begin
      line_d = line_q;
      upper_d = upper_q;
      if (accept && !mem_req_i.write) begin
        line_d[new_tag] = mem_req_i.len != '0;
        upper_d[new_tag] = mem_req_i.len == '0 && mem_req_i.addr[3];
      end
      hold_valid_d = (r_go && line_q[r_tag]) || (hold_q && !mem_rsp_ready_i);
      hold_d = hold;
      if (r_go) begin
        hold_d = '{src: r_tag.src, id: r_tag.id, rdata: axi_rdata_i[127:64], err: axi_rresp_i[1], last: axi_rlast_i};
      end
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) hold_q <= 1'b0;
      else hold_q <= hold_valid_d;
      hold <= hold_d;
      line_q <= line_d;
      upper_q <= upper_d;
    end
    assign r_data = upper_q[r_tag] ? axi_rdata_i[127:64] : axi_rdata_i[63:0];
    assign r_last = axi_rlast_i && !line_q[r_tag];
  end else begin : gen_r64
    assign hold_q = 1'b0;
    assign hold = '0;
    assign r_data = axi_rdata_i;
    assign r_last = axi_rlast_i;
  end

  always_comb begin
    r_rsp = '{src: r_tag.src, id: r_tag.id, rdata: r_data, err: axi_rresp_i[1] || (r_cut && cut_err_q), last: r_last};
    for (int unsigned i = 0; i < 8; i++) begin
      if (r_cut && !cut_piece[i]) r_rsp.rdata[8*i+:8] = cut_data_q[8*i+:8];
    end
  end

  // What has been offered holds, so the answer of a write waits for a read's that was not taken.
  always_comb begin
    b_full_d = (b_go && b_end) || (b_full_q && !(turn_q && !hold_q && mem_rsp_ready_i));
    turn_d = b_full_d && !(r_present && !mem_rsp_ready_i);
    mem_rsp_valid_o = hold_q || turn_q || (axi_rvalid_i && r_end);
    mem_rsp_o = r_rsp;
    if (turn_q) mem_rsp_o = '{src: b_tag_q.src, id: b_tag_q.id, rdata: '0, err: b_err_q, last: 1'b1};
    if (hold_q) mem_rsp_o = hold;
  end

  always_comb begin
    cut_busy_d = cut_busy_q;
    cut_mine_d = cut_mine_q && !final_done;
    cut_tag_d = cut_tag_q;
    cut_left_d = cut_left_q;
    cut_err_d = cut_err_q;
    cut_data_d = cut_data_q;
    if ((r_go && r_cut) || (b_go && b_cut)) begin
      cut_left_d = cut_left_q & ~cut_piece;
      cut_busy_d = cut_left_d != '0;
      cut_err_d = cut_err_q || (r_go && r_cut && axi_rresp_i[1]) || (b_go && b_cut && axi_bresp_i[1]);
      cut_data_d = r_rsp.rdata;
    end
    if (busy_q && !whole_q && !cut_busy_q) begin
      cut_busy_d = 1'b1;
      cut_mine_d = 1'b1;
      cut_tag_d = req_tag;
      cut_left_d = req_q.strb;
      cut_err_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      aw_sent_q <= 1'b0;
      w_sent_q <= 1'b0;
      owed_q <= 1'b0;
      w_full_q <= 1'b0;
      b_full_q <= 1'b0;
      turn_q <= 1'b0;
      cut_busy_q <= 1'b0;
      cut_mine_q <= 1'b0;
    end else begin
      busy_q <= busy_d;
      aw_sent_q <= aw_sent_d;
      w_sent_q <= w_sent_d;
      owed_q <= owed_d;
      w_full_q <= w_full_d;
      b_full_q <= b_full_d;
      turn_q <= turn_d;
      cut_busy_q <= cut_busy_d;
      cut_mine_q <= cut_mine_d;
    end
    left_q <= left_d;
    cut_tag_q <= cut_tag_d;
    cut_left_q <= cut_left_d;
    cut_err_q <= cut_err_d;
    cut_data_q <= cut_data_d;
    if (accept) begin
      req_q <= mem_req_i;
      whole_q <= first_piece(mem_req_i.strb) == mem_req_i.strb;
    end
    if (w_take) w_last_q <= mem_w_i.last;
    if (b_go) begin
      b_tag_q <= b_tag;
      b_err_q <= axi_bresp_i[1] || (b_cut && cut_err_q);
    end
  end

endmodule
