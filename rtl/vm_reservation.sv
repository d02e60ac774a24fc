// SPDX-License-Identifier: Apache-2.0
//
// The reservation of LR and SC (R35): one, on the line of the data cache that the LR read (8 bytes without a cache), by
// physical address. A line lies in one page and is at most 2 KiB long, so it stays in one page of 4 KiB.
//
// It ends with the next LR or SC; with a store of the host or the walker to the line; and with whatever the sequencer does
// (control writes, fences, array accesses), so that it does not outlive a change of context. The core's own stores and
// AMOs leave it alone, as the manual allows. All changes are seen from the next cycle on.
module vm_reservation
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic [PaMax-1:0] addr_i,      // of the LR or SC
    output logic             reserved_o,  // for this address

    input logic             load_i,        // an LR is answered
    input logic             good_i,        // without an error
    input logic             end_i,
    input logic             update_i,      // the walker has replaced an entry
    input logic [PaMax-1:0] update_addr_i,
    input logic             host_store_i,  // a store of the host is answered
    input logic [PaMax-1:0] host_addr_i
);

  localparam int unsigned OffBits = (Cfg.Dcache.Ways != 0) ? $clog2(32'(Cfg.Dcache.LineBytes)) : 3;
  localparam int unsigned TagW = 32'(Cfg.BusBits) - OffBits;

  function automatic logic [TagW-1:0] tag_of(logic [PaMax-1:0] addr);
    return TagW'(addr >> OffBits);
  endfunction

  logic valid_d, valid_q;
  logic [TagW-1:0] tag_q;
  assign reserved_o = valid_q && tag_q == tag_of(addr_i);

  always_comb begin
    valid_d = valid_q;
    if (update_i && tag_q == tag_of(update_addr_i)) valid_d = 1'b0;
    if (host_store_i && tag_q == tag_of(host_addr_i)) valid_d = 1'b0;
    if (load_i) valid_d = good_i;
    if (end_i) valid_d = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid_d;
  end
  always_ff @(posedge clk_i) begin
    if (load_i) tag_q <= tag_of(addr_i);
  end

endmodule
