// SPDX-License-Identifier: Apache-2.0
//
// The least that a hit in a VIPT cache of 4 ways can be, with the geometry of the larger machines: TLB of 16 sets, cache of 64
// sets of 64 bytes. S0 looks the page up in LUT RAM and addresses tags (LUT RAM) and data (block RAM); S1 compares the tags with the
// page number and chooses the way. Latency 2: the TLB's answer goes into registers first, and the ways' hits too, as in vm_port.
// No rights, no stores, no misses: a machine that does all of that cannot be faster.
module vm_bound_hit #(
    parameter int unsigned Latency = 1,
    parameter int unsigned TlbOnly = 0,  // stop behind the TLB
    parameter int unsigned PpnBits = 22,
    parameter int unsigned TagBits = 23  // of the TLB
) (
    input  logic clk_i,
    input  logic chain_i,
    output logic chain_o
);

  localparam int unsigned Ways = 4;
  localparam int unsigned Inputs = 64 + PpnBits + TagBits + 4 + 9 + Ways + 2;

  logic [Inputs-1:0] chain_q;
  logic [63:0] wdata, rdata_d, rdata_q;
  logic [PpnBits-1:0] wppn, ppn_d, ppn_q;
  logic [TagBits-1:0] tag;
  logic [3:0] page;
  logic [8:0] word;  // set and word
  logic [Ways-1:0] we, tlb_hit, cache_hit_d, cache_hit;
  logic tlb_we, cache_we, hit_q, tlb_hit_q;

  assign {cache_we, tlb_we, we, word, page, tag, wppn, wdata} = chain_q;

  logic [Ways-1:0][PpnBits-1:0] tlb_ppn, cache_tag_q;
  logic [Ways-1:0][63:0] data_q, data;
  for (genvar w = 0; w < Ways; w++) begin : gen_way
    (* ram_style = "distributed" *) logic [TagBits+PpnBits-1:0] page_mem[16];
    logic [TagBits-1:0] held;
    always_ff @(posedge clk_i) if (we[w] && tlb_we) page_mem[page] <= {tag, wppn};
    assign {held, tlb_ppn[w]} = page_mem[page];
    assign tlb_hit[w] = held == tag;

    (* ram_style = "distributed" *) logic [PpnBits-1:0] tag_mem[64];
    (* ram_style = "block", no_rw_check *) logic [63:0] data_mem[512];
    always_ff @(posedge clk_i) begin
      if (we[w] && cache_we) begin
        tag_mem[word[8:3]] <= wppn;
        data_mem[word] <= wdata;
      end
      data_q[w] <= data_mem[word];
      cache_tag_q[w] <= tag_mem[word[8:3]];
    end
    assign cache_hit_d[w] = cache_tag_q[w] == ppn_q;
  end

  always_comb begin
    ppn_d = '0;
    for (int unsigned w = 0; w < Ways; w++) ppn_d |= tlb_ppn[w] & {PpnBits{tlb_hit[w]}};
  end

  if (Latency == 1) begin : gen_one
    assign cache_hit = cache_hit_d;
    assign data = data_q;
  end else begin : gen_two
    logic [Ways-1:0] hit_way_q;
    logic [Ways-1:0][63:0] held_q;
    always_ff @(posedge clk_i) begin
      hit_way_q <= cache_hit_d;
      held_q <= data_q;
    end
    assign cache_hit = hit_way_q;
    assign data = held_q;
  end

  always_comb begin
    rdata_d = '0;
    for (int unsigned w = 0; w < Ways; w++) rdata_d |= data[w] & {64{cache_hit[w]}};
  end

  logic [64:0] fold_q;
  always_ff @(posedge clk_i) begin
    chain_q <= {chain_q[Inputs-2:0], chain_i};
    ppn_q <= ppn_d;
    tlb_hit_q <= |tlb_hit;
    rdata_q <= (TlbOnly != 0) ? 64'(ppn_q) : rdata_d;
    hit_q <= (TlbOnly != 0) ? tlb_hit_q : |cache_hit;
    fold_q <= (fold_q << 1) ^ {rdata_q, hit_q};
  end
  assign chain_o = fold_q[64];

endmodule
