// SPDX-License-Identifier: Apache-2.0
//
// The memory port as a Wishbone B4 master, one request of the port at a time: CYC is high from its first transfer to its
// last answer and low for a cycle between two requests.
//
//   Pipelined = 1   B4 pipelined: a transfer is taken when STB is high and STALL low, answers come in order
//   Pipelined = 0   classic single cycles: STB and the rest hold until the answer. STALL is not looked at
//   SEL             exactly the lanes asked for, in reads too. With 32 bits a beat of the port is two transfers, or one
//                   where the lanes of a half are not asked for
//   ERR             the port's `err`: of that beat for reads, of the request for writes; the other transfers of the
//                   request go on. A bus with RTY has it or'ed with ERR here: the core's bus error, not an endless loop
//
// Every output comes from registers (and gates behind them). Answers cannot be held up on Wishbone, so the port has to
// take them at once, as vm_top does: there is no mem_rsp_ready_i.
//
// Latency added: 1 cycle for the request or the data of a write, 0 for the answer; with 32 bits also the further transfers.
module vm_wishbone
  import vm_pkg::*;
#(
    parameter bit          Pipelined = 1'b1,
    parameter int unsigned DataBits  = 64,    // 32 or 64
    parameter int unsigned AddrBits  = PaMax, // at least BusBits of the machine
    parameter bit          Wrap      = 1'b0   // 1 for a machine with CriticalFirst
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
    output mem_rsp_t   mem_rsp_o,

    output logic                                 wb_cyc_o,
    output logic                                 wb_stb_o,
    output logic                                 wb_we_o,
    output logic [AddrBits-1:$clog2(DataBits/8)] wb_adr_o,
    output logic [DataBits/8-1:0]                wb_sel_o,
    output logic [DataBits-1:0]                  wb_dat_o,
    input  logic                                 wb_stall_i,
    input  logic                                 wb_ack_i,
    input  logic                                 wb_err_i,
    input  logic [DataBits-1:0]                  wb_dat_i
);

  localparam bit Narrow = DataBits == 32;
  localparam int unsigned LineBits = 11;  // offset in the longest burst

  if (DataBits != 32 && DataBits != 64) begin : gen_bad_data
    $error("DataBits: the Wishbone adapter has 32 or 64 data bits");
  end
  if (AddrBits < LineBits || AddrBits > PaMax) begin : gen_bad_addr
    $error("AddrBits: the Wishbone adapter has 11 to 56 address bits");
  end

  // ------------------------------------------------------------------ request

  mem_req_t req_q;
  logic busy_d, busy_q;
  logic accept, go, answered, finish;
  logic skip_lower, skip_upper;           // halves without lanes
  logic out_done_d, out_done_q;           // all transfers are out
  logic out_upper_d, out_upper_q;         // Narrow: the half
  logic [7:0] out_beat_d, out_beat_q;
  logic in_upper_d, in_upper_q;           // of the answer
  logic [7:0] in_beat_d, in_beat_q;
  logic out_last_half, in_last_half;

  assign mem_req_ready_o = !busy_q;
  assign accept = mem_req_valid_i && mem_req_ready_o;

  assign go = wb_stb_o && (Pipelined ? !wb_stall_i : answered);
  assign answered = (Pipelined ? wb_cyc_o : wb_stb_o) && (wb_ack_i || wb_err_i);

  assign skip_lower = req_q.strb[3:0] == '0;
  assign skip_upper = req_q.strb[7:4] == '0;
  assign out_last_half = !Narrow || out_upper_q || skip_lower || skip_upper;
  assign in_last_half = !Narrow || in_upper_q || skip_lower || skip_upper;
  assign finish = answered && in_last_half && in_beat_q == req_q.len;

  always_comb begin
    busy_d = accept || (busy_q && !finish);
    out_done_d = out_done_q;
    out_upper_d = out_upper_q;
    out_beat_d = out_beat_q;
    in_upper_d = in_upper_q;
    in_beat_d = in_beat_q;
    if (go) begin
      out_upper_d = !out_last_half;
      if (out_last_half) begin
        out_beat_d = out_beat_q + 1'b1;
        out_done_d = out_beat_q == req_q.len;
      end
    end
    if (answered) begin
      in_upper_d = !in_last_half;
      if (in_last_half) in_beat_d = in_beat_q + 1'b1;
    end
    if (accept) begin
      out_done_d = 1'b0;
      out_upper_d = 1'b0;
      out_beat_d = '0;
      in_upper_d = 1'b0;
      in_beat_d = '0;
    end
  end

  // ------------------------------------------------------------------ write data

  logic owed_d, owed_q;      // beats that the port has still to give
  logic w_full_d, w_full_q;
  logic [63:0] w_data_q;
  logic w_take;

  assign mem_w_ready_o = owed_q && (!w_full_q || (go && out_last_half));
  assign w_take = mem_w_valid_i && mem_w_ready_o;
  assign w_full_d = w_take || (w_full_q && !(go && out_last_half));
  always_comb begin
    owed_d = owed_q && !(w_take && mem_w_i.last);
    if (accept) owed_d = mem_req_i.write;
  end

  // ------------------------------------------------------------------ transfers

  // Bursts are lines, at most 2 KiB, and begin at the beginning of theirs unless Wrap is set.
  logic [AddrBits-1:3] word;
  if (Wrap) begin : gen_wrap
    logic [7:0] beat;
    assign beat = ((req_q.addr[LineBits-1:3] + out_beat_q) & req_q.len) | (req_q.addr[LineBits-1:3] & ~req_q.len);
    assign word = {req_q.addr[AddrBits-1:LineBits], beat};
  end else begin : gen_straight
    assign word = {req_q.addr[AddrBits-1:LineBits], req_q.addr[LineBits-1:3] | out_beat_q};
  end

  assign wb_cyc_o = busy_q;
  assign wb_stb_o = busy_q && !out_done_q && (!req_q.write || w_full_q);
  assign wb_we_o = req_q.write;
  if (Narrow) begin : gen_32
    logic upper;
    assign upper = out_upper_q || skip_lower;
    assign wb_adr_o = {word, upper};
    assign wb_sel_o = upper ? req_q.strb[7:4] : req_q.strb[3:0];
    assign wb_dat_o = upper ? w_data_q[63:32] : w_data_q[31:0];
  end else begin : gen_64
    assign wb_adr_o = word;
    assign wb_sel_o = req_q.strb;
    assign wb_dat_o = w_data_q;
  end

  // ------------------------------------------------------------------ answers

  logic err_d, err_q;         // of this beat, or this write, so far
  logic [63:0] data;

  if (Narrow) begin : gen_data32
    logic [31:0] lower_q;
    assign data = {wb_dat_i, (in_upper_q ? lower_q : wb_dat_i)};
    always_ff @(posedge clk_i) begin
      if (answered && !in_upper_q) lower_q <= wb_dat_i;
    end
  end else begin : gen_data64
    assign data = wb_dat_i;
  end

  assign mem_rsp_valid_o = req_q.write ? finish : answered && in_last_half;
  assign mem_rsp_o = '{src: req_q.src, id: req_q.id, rdata: data, err: err_q || wb_err_i, last: finish};
  always_comb begin
    err_d = err_q;
    if (answered) err_d = (err_q || wb_err_i) && (req_q.write || !in_last_half);
    if (accept) err_d = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      owed_q <= 1'b0;
      w_full_q <= 1'b0;
    end else begin
      busy_q <= busy_d;
      owed_q <= owed_d;
      w_full_q <= w_full_d;
    end
    out_done_q <= out_done_d;
    out_upper_q <= out_upper_d;
    out_beat_q <= out_beat_d;
    in_upper_q <= in_upper_d;
    in_beat_q <= in_beat_d;
    err_q <= err_d;
    if (accept) req_q <= mem_req_i;
    if (w_take) w_data_q <= mem_w_i.data;
  end

endmodule
