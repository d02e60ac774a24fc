// SPDX-License-Identifier: Apache-2.0
//
// Where slow accesses stand until a miss register or vm_l1_serial takes them. Core and host in order: x, and behind
// it y for the one that was in S1 when x got stuck. The walker's in w, apart from them, until it is answered.
//
// `known`: it has missed, and nobody can have brought its line since. That is forgotten when a register of its set is
// released meanwhile; then it has to look again.
module vm_l1_slow
  import vm_pkg::*;
  import vm_l1_pkg::*;
#(
    parameter int unsigned SetW = 6,
    parameter int unsigned OffBits = 6,
    parameter int unsigned Sets = 64
) (
    input logic clk_i,
    input logic rst_ni,

    input logic  new_valid_i,
    input slow_t new_i,

    output logic  x_valid_o,
    output slow_t x_o,
    input  logic  x_done_i,
    output logic  w_valid_o,
    output slow_t w_o,
    input  logic  w_done_i,

    input logic released_i,        // a register
    input logic released_x_set_i,  //   of the set of x

    output logic            stuck_o,   // x or y is taken
    input  logic [SetW-1:0] s1_set_i,
    output logic            s1_busy_o  // one of them has the set in S1
);

  slow_t x_d, x_q, y_d, y_q, w_d, w_q;
  logic x_valid_d, x_valid_q, y_valid_d, y_valid_q, w_valid_d, w_valid_q;
  logic w_new, x_new;

  function automatic logic [SetW-1:0] set_of(logic [PaMax-1:0] a);
    return (Sets > 1) ? SetW'(a >> OffBits) : '0;
  endfunction

  assign w_new = new_valid_i && new_i.access.client == ClientWalk;
  assign x_new = new_valid_i && new_i.access.client != ClientWalk;

  always_comb begin
    x_d = x_q;
    y_d = y_q;
    w_d = w_q;
    if (released_x_set_i) x_d.known = 1'b0;
    if (released_i) y_d.known = 1'b0;
    if (released_i) w_d.known = 1'b0;
    // Where an access goes depends on registers only; that it is slow comes late.
    x_valid_d = x_valid_q && !x_done_i;
    y_valid_d = y_valid_q;
    if (!x_valid_q) begin
      x_valid_d = y_valid_q || x_new;
      x_d = y_valid_q ? y_d : new_i;
      y_valid_d = y_valid_q && x_new;
    end else if (x_new) begin
      y_valid_d = 1'b1;
    end
    if (!y_valid_q || !x_valid_q) y_d = new_i;
    w_valid_d = (w_valid_q && !w_done_i) || w_new;
    if (!w_valid_q) w_d = new_i;
  end

  assign x_valid_o = x_valid_q;
  assign x_o = x_q;
  assign w_valid_o = w_valid_q;
  assign w_o = w_q;
  assign stuck_o = x_valid_q || y_valid_q;
  assign s1_busy_o = (x_valid_q && set_of(x_q.access.addr) == s1_set_i) ||
      (y_valid_q && set_of(y_q.access.addr) == s1_set_i) || (w_valid_q && set_of(w_q.access.addr) == s1_set_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      x_valid_q <= 1'b0;
      y_valid_q <= 1'b0;
      w_valid_q <= 1'b0;
    end else begin
      x_valid_q <= x_valid_d;
      y_valid_q <= y_valid_d;
      w_valid_q <= w_valid_d;
    end
  end
  always_ff @(posedge clk_i) begin
    x_q <= x_d;
    y_q <= y_d;
    w_q <= w_d;
  end

endmodule
