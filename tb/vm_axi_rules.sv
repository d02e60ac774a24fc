// SPDX-License-Identifier: Apache-2.0
//
// The rules of AXI4 that the bus adapter keeps, and those of the slave it relies on, asserted on all five channels. Bit n of
// broken_o is set from the breach of rule n to the next reset.
//
//   0  valid is low in reset
//   1  valid holds until ready
//   2  the payload holds until ready
//   3  bursts are INCR, no wider than the bus, aligned to their size; those of several beats take the whole bus. A read
//      of 2, 4, 8 or 16 beats may be WRAP, if it does not begin at the beginning of what it wraps in
//   4  no burst crosses 4 KiB
//   5  WLAST marks the last beat of a burst, and no other
//   6  write data does not come before its address is offered (AXI4 would allow it)
//   7  strobes are exactly the lanes of the transfer (AXI4 would allow fewer)
//   8  the answer of a write comes after its address and all its data, with its id
//   9  the answer of a read comes after its address, with its id; RLAST marks its last beat, and no other
//
// At most 16 writes, and 16 reads of an id, may be outstanding.
module vm_axi_rules #(
    parameter int unsigned DataBits = 64,
    parameter int unsigned AddrBits = 56,
    parameter int unsigned IdBits   = 2
) (
    input logic                  clk_i,
    input logic                  rst_ni,
    input logic                  awvalid_i,
    input logic                  awready_i,
    input logic [IdBits-1:0]     awid_i,
    input logic [AddrBits-1:0]   awaddr_i,
    input logic [7:0]            awlen_i,
    input logic [2:0]            awsize_i,
    input logic [1:0]            awburst_i,
    input logic [3:0]            awcache_i,
    input logic [2:0]            awprot_i,
    input logic                  wvalid_i,
    input logic                  wready_i,
    input logic [DataBits-1:0]   wdata_i,
    input logic [DataBits/8-1:0] wstrb_i,
    input logic                  wlast_i,
    input logic                  bvalid_i,
    input logic                  bready_i,
    input logic [IdBits-1:0]     bid_i,
    input logic [1:0]            bresp_i,
    input logic                  arvalid_i,
    input logic                  arready_i,
    input logic [IdBits-1:0]     arid_i,
    input logic [AddrBits-1:0]   araddr_i,
    input logic [7:0]            arlen_i,
    input logic [2:0]            arsize_i,
    input logic [1:0]            arburst_i,
    input logic [3:0]            arcache_i,
    input logic [2:0]            arprot_i,
    input logic                  rvalid_i,
    input logic                  rready_i,
    input logic [IdBits-1:0]     rid_i,
    input logic [DataBits-1:0]   rdata_i,
    input logic [1:0]            rresp_i,
    input logic                  rlast_i,
    output logic [9:0]           broken_o
);

  localparam int unsigned Lanes = DataBits / 8;
  localparam int unsigned LaneBits = $clog2(Lanes);
  localparam int unsigned Ids = 1 << IdBits;

  function automatic void broken(int unsigned rule, string sentence);
    if (!broken_o[rule]) $display("AXI rule %0d: %s", rule, sentence);
    broken_o[rule] <= 1'b1;
  endfunction
  logic reset_q = 1'b0;  // the edge before saw reset
  always_ff @(posedge clk_i) begin
    reset_q <= !rst_ni;
    if (!rst_ni && !reset_q) broken_o <= '0;
  end

  // ------------------------------------------------------------------ handshakes

  logic [4:0] valid, ready;
  assign valid = {rvalid_i, arvalid_i, bvalid_i, wvalid_i, awvalid_i};
  assign ready = {rready_i, arready_i, bready_i, wready_i, awready_i};

  assert property (@(posedge clk_i) !rst_ni && reset_q |-> valid == '0)
  else broken(0, "valid is low in reset");

  for (genvar c = 0; c < 5; c++) begin : gen_hold
    assert property (@(posedge clk_i) disable iff (!rst_ni) valid[c] && !ready[c] |=> valid[c])
    else broken(1, "valid holds until ready");
  end
  assert property (@(posedge clk_i) disable iff (!rst_ni) awvalid_i && !awready_i |=>
                   $stable({awid_i, awaddr_i, awlen_i, awsize_i, awburst_i, awcache_i, awprot_i}))
  else broken(2, "the payload of AW holds until ready");
  assert property (@(posedge clk_i) disable iff (!rst_ni) wvalid_i && !wready_i |=>
                   $stable({wdata_i, wstrb_i, wlast_i}))
  else broken(2, "the payload of W holds until ready");
  assert property (@(posedge clk_i) disable iff (!rst_ni) bvalid_i && !bready_i |=> $stable({bid_i, bresp_i}))
  else broken(2, "the payload of B holds until ready");
  assert property (@(posedge clk_i) disable iff (!rst_ni) arvalid_i && !arready_i |=>
                   $stable({arid_i, araddr_i, arlen_i, arsize_i, arburst_i, arcache_i, arprot_i}))
  else broken(2, "the payload of AR holds until ready");
  assert property (@(posedge clk_i) disable iff (!rst_ni) rvalid_i && !rready_i |=>
                   $stable({rid_i, rdata_i, rresp_i, rlast_i}))
  else broken(2, "the payload of R holds until ready");

  // ------------------------------------------------------------------ bursts

  function automatic logic legal(logic [1:0] burst, logic [7:0] len, logic [2:0] size, logic [AddrBits-1:0] addr);
    return (burst == 2'b01 || wraps(burst, len, size, addr)) && 32'(size) <= LaneBits &&
        (len == '0 || 32'(size) == LaneBits) && (addr & ((AddrBits'(1) << size) - 1'b1)) == '0;
  endfunction
  function automatic logic wraps(logic [1:0] burst, logic [7:0] len, logic [2:0] size, logic [AddrBits-1:0] addr);
    return burst == 2'b10 && (len == 8'd1 || len == 8'd3 || len == 8'd7 || len == 8'd15) &&
        ((addr >> size) & AddrBits'(len)) != '0;
  endfunction
  function automatic logic crosses(logic [7:0] len, logic [2:0] size, logic [11:0] addr);
    return 32'(addr) + ((32'(len) + 32'd1) << size) > 32'd4096;
  endfunction

  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   awvalid_i |-> awburst_i == 2'b01 && legal(awburst_i, awlen_i, awsize_i, awaddr_i))
  else broken(3, "a write burst is INCR, as wide as the bus at most, and aligned");
  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   arvalid_i |-> legal(arburst_i, arlen_i, arsize_i, araddr_i))
  else broken(3, "a read burst is INCR, or WRAP where it has to be, as wide as the bus at most, and aligned");
  assert property (@(posedge clk_i) disable iff (!rst_ni) awvalid_i |-> !crosses(awlen_i, awsize_i, awaddr_i[11:0]))
  else broken(4, "a write burst stays in 4 KiB");
  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   arvalid_i && arburst_i != 2'b10 |-> !crosses(arlen_i, arsize_i, araddr_i[11:0]))
  else broken(4, "a read burst stays in 4 KiB");

  // ------------------------------------------------------------------ writes

  typedef struct packed {
    logic [IdBits-1:0] id;
    logic [LaneBits-1:0] lane;  // of the first byte
    logic [7:0] len;
    logic [2:0] size;
  } write_t;

  write_t offered_q[16], head, offer;  // writes whose address was offered and whose data is not complete
  logic [3:0] write_q, read_q;
  logic aw_seen_q;                     // the address on AW is in offered_q already
  logic is_new, any, w_go, b_go, b_due;
  logic [7:0] beat_q;
  logic [Lanes-1:0] lanes;
  logic [4:0] addressed_q[Ids], complete_q[Ids];  // by id, not answered: addresses, whole data

  assign is_new = awvalid_i && !aw_seen_q;
  assign offer = '{id: awid_i, lane: awaddr_i[LaneBits-1:0], len: awlen_i, size: awsize_i};
  assign any = write_q != read_q || is_new;
  assign head = (write_q != read_q) ? offered_q[read_q] : offer;
  assign w_go = wvalid_i && wready_i;
  assign b_go = bvalid_i && bready_i;
  assign b_due = addressed_q[bid_i] != '0 && complete_q[bid_i] != '0;
  always_comb begin
    for (int unsigned i = 0; i < Lanes; i++) begin
      lanes[i] = head.len != '0 || (i >> head.size) == (32'(head.lane) >> head.size);
    end
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni) wvalid_i && any |-> wlast_i == (beat_q == head.len))
  else broken(5, "WLAST marks the last beat");
  assert property (@(posedge clk_i) disable iff (!rst_ni) wvalid_i |-> any)
  else broken(6, "write data comes with its address or after it");
  assert property (@(posedge clk_i) disable iff (!rst_ni) wvalid_i && any |-> wstrb_i == lanes)
  else broken(7, "the strobes are the lanes of the transfer");
  assert property (@(posedge clk_i) disable iff (!rst_ni)
                   bvalid_i |-> b_due)
  else broken(8, "the answer of a write comes after its address and data");

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
      beat_q <= '0;
      aw_seen_q <= 1'b0;
    end else begin
      aw_seen_q <= awvalid_i && !awready_i;
      if (is_new) begin
        offered_q[write_q] <= offer;
        write_q <= write_q + 1'b1;
      end
      if (w_go && any) begin
        beat_q <= beat_q + 1'b1;
        if (beat_q == head.len) begin
          beat_q <= '0;
          read_q <= read_q + 1'b1;
        end
      end
    end
  end

  // ------------------------------------------------------------------ reads, and what is outstanding

  logic [7:0] lens_q[Ids][16];
  logic [3:0] last_q[Ids], first_q[Ids];
  logic [7:0] done_q[Ids];
  logic [3:0] first;
  logic r_go, r_due, r_last, ar_go;
  assign r_go = rvalid_i && rready_i;
  assign first = first_q[rid_i];
  assign r_due = last_q[rid_i] != first;
  assign r_last = done_q[rid_i] == lens_q[rid_i][first];
  assign ar_go = arvalid_i && arready_i;

  assert property (@(posedge clk_i) disable iff (!rst_ni) rvalid_i |-> r_due)
  else broken(9, "the answer of a read comes after its address");
  assert property (@(posedge clk_i) disable iff (!rst_ni) rvalid_i |-> rlast_i == r_last)
  else broken(9, "RLAST marks the last beat");

  for (genvar i = 0; i < Ids; i++) begin : gen_id
    logic aw_mine, w_mine, b_mine;
    assign aw_mine = awvalid_i && awready_i && 32'(awid_i) == i;
    assign w_mine = w_go && any && beat_q == head.len && 32'(head.id) == i;
    assign b_mine = b_go && 32'(bid_i) == i;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        addressed_q[i] <= '0;
        complete_q[i] <= '0;
        last_q[i] <= '0;
        first_q[i] <= '0;
        done_q[i] <= '0;
      end else begin
        addressed_q[i] <= addressed_q[i] + 5'(aw_mine) - 5'(b_mine);
        complete_q[i] <= complete_q[i] + 5'(w_mine) - 5'(b_mine);
        if (ar_go && 32'(arid_i) == i) begin
          lens_q[i][last_q[i]] <= arlen_i;
          last_q[i] <= last_q[i] + 1'b1;
        end
        if (r_go && 32'(rid_i) == i) begin
          done_q[i] <= rlast_i ? '0 : done_q[i] + 1'b1;
          if (rlast_i) first_q[i] <= first_q[i] + 1'b1;
        end
      end
    end
  end

endmodule
