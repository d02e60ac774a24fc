// SPDX-License-Identifier: Apache-2.0
//
// Events of one translation unit and its TLB: Xlat, TlbFill, TlbInvalidate, Miss, Upset (docs/trace_interface.md).
module vm_monitor_mmu
  import vm_pkg::*;
  import vm_dpi_pkg::*;
#(
    parameter machine_t      Cfg = '0,
    parameter tlb_geometry_t Geometry = '0,
    parameter bit            Port = 1'b0
) (
    input logic clk_i,
    input logic rst_ni,
    input xlat_rsp_t rsp_i,
    input logic take_i,            // the response is taken in this cycle
    input logic accept_i,          // a request is accepted in this cycle
    input logic needs_walk_i,      // the access in S1 cannot be answered without a walk
    input logic [7:0] way_i,       // of the base part: of the hit, or the one that is filled
    input logic [7:0] super_idx_i, // of the super part, likewise
    input logic in_super_i,        // the hit is in the super part
    input logic from_l2_i,
    input logic fill_i,            // the base part is filled
    input logic fill_super_i,
    input walk_result_t walk_result_i,
    input logic [43:0] fill_ppn_i,
    input attr_t fill_attr_i,
    input logic [AsidMax-1:0] fill_asid_i,
    input tlb_inv_t inv_i,
    input logic [63:0] inv_way_i,
    input logic [63:0] inv_super_i,
    input logic [63:0] upset_way_i,  // of the base part, have wrong parity and go
    input logic [15:0] upset_set_i
);

  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned VpnW = vpn_bits(Cfg);

  function automatic logic [15:0] set_of(logic [15:0] number);
    return number & (Geometry.Sets - 16'd1);
  endfunction

  logic [VaMax-1:0] vpn;
  logic fault, deciding;
  logic [15:0] xlat_seq_q, fill_seq_q, inv_seq_q, miss_seq_q, upset_seq_q;
  logic first_q;  // first cycle of an access in S1
  assign vpn = (rsp_i.req.va >> PageBits) & VaMax'((64'd1 << VpnW) - 1);
  assign fault = rsp_i.fault.cause != FaultNone;
  function automatic logic [63:0] filled(attr_t attr, logic spans);
    attr_t a;
    a = attr_from_bits(Cfg.Format, attr_to_bits(Cfg.Format, attr));
    return {35'd0, spans && walk_result_i.napot, spans ? walk_result_i.level : 3'd0, a.mem_type, a.g, a.d, a.u, a.r,
            a.w, a.x, (Cfg.AsidBits != 0) ? fill_asid_i : 16'd0};
  endfunction

  // An entry decided: it is part of the record.
  logic hit_super;
  assign hit_super = rsp_i.source == SourceTlb && in_super_i;
  assign deciding = fault && rsp_i.source == SourceWalk;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      xlat_seq_q <= '0;
      fill_seq_q <= '0;
      inv_seq_q <= '0;
      miss_seq_q <= '0;
      upset_seq_q <= '0;
      first_q <= 1'b0;
    end else begin
      first_q <= accept_i;
      if (first_q && needs_walk_i) begin
        miss_seq_q <= miss_seq_q + 1'b1;
        vm_event(32'd14, {miss_seq_q, 47'd0, Port}, rsp_i.req.va, 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (take_i) begin
        xlat_seq_q <= xlat_seq_q + 1'b1;
        vm_event(32'd1,
                 {xlat_seq_q, rsp_i.source, hit_super, rsp_i.req.amo, rsp_i.req.atomic, rsp_i.req.mxr, rsp_i.req.sum,
                  12'd0, rsp_i.through && rsp_i.cacheable && !fault,
                  deciding ? rsp_i.fault.level : 3'd0, fault ? 3'd0 : rsp_i.mem_type, rsp_i.cacheable && !fault,
                  rsp_i.fault.cause, 3'd0, rsp_i.req.phys, rsp_i.req.probe, rsp_i.req.user, rsp_i.req.access,
                  rsp_i.req.id, 3'd0, Port},
                 rsp_i.req.va, (fault && rsp_i.fault.cause != FaultAccess) ? 64'd0 : 64'(rsp_i.pa),
                 (rsp_i.source != SourceTlb) ? 64'd0
                 : hit_super ? {40'd0, super_idx_i, 16'd0} : {40'd0, way_i, set_of(16'(vpn))},
                 deciding ? 64'(rsp_i.fault.pte_addr) : 64'd0, deciding ? rsp_i.fault.pte : 64'd0);
      end
      if ((fill_i && Geometry.Ways != 0) || (fill_super_i && Cfg.SuperEntries != 0)) begin
        fill_seq_q <= fill_seq_q + 1'b1;
        vm_event(32'd6, {fill_seq_q, 8'd0, fill_super_i ? super_idx_i : way_i, fill_super_i ? 16'd0 : set_of(16'(vpn)),
                         13'd0, from_l2_i, fill_super_i, Port}, vpn, 64'(fill_ppn_i), filled(fill_attr_i, fill_super_i),
                 64'd0, 64'd0);
      end
      if (upset_way_i != 64'd0) begin
        upset_seq_q <= upset_seq_q + 1'b1;
        vm_event(32'd23, {upset_seq_q, 16'd0, upset_set_i, 15'd0, Port}, upset_way_i, 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (inv_i.all) begin
        inv_seq_q <= inv_seq_q + 16'd1 + 16'(inv_super_i != 64'd0);
        vm_event(32'd7, {inv_seq_q, 46'd0, 1'b1, Port}, 64'd0, 64'd0, 64'd0, 64'd0, 64'd0);
      end else if (inv_way_i != 64'd0) begin
        inv_seq_q <= inv_seq_q + 16'd1 + 16'(inv_super_i != 64'd0);
        vm_event(32'd7, {inv_seq_q, 16'd0, set_of(16'(inv_i.vpn)), 15'd0, Port}, inv_way_i, 64'd0, 64'd0, 64'd0, 64'd0);
      end
      if (inv_super_i != 64'd0) begin
        if (!inv_i.all && inv_way_i == 64'd0) inv_seq_q <= inv_seq_q + 16'd1;
        vm_event(32'd7, {inv_seq_q + 16'(inv_i.all || inv_way_i != 64'd0), 44'd0, 2'd1, inv_i.all, Port}, inv_super_i,
                 64'd0, 64'd0, 64'd0, 64'd0);
      end
    end
  end

  logic unused;
  assign unused = ^{rsp_i.fault, inv_i, walk_result_i};

endmodule
