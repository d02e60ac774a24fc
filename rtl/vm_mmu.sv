// SPDX-License-Identifier: Apache-2.0
//
// The MMU: a translation unit with a TLB for each core port, and one walker for both. Translate ports and the
// walk port are ordinary valid/ready channels, so it can stand alone in front of someone else's caches.
// Index [0] is fetch, [1] is data everywhere.
module vm_mmu
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  context_t        context_i,
    output logic [1:0]      idle_o,
    input  logic [1:0]      req_valid_i,
    output logic [1:0]      req_ready_o,
    input  xlat_req_t [1:0] req_i,
    output logic [1:0]      rsp_valid_o,
    input  logic [1:0]      rsp_ready_i,
    output xlat_rsp_t [1:0] rsp_o,

    output logic             rd_slot_o,
    output logic             rd_valid_o,
    input  logic             rd_ready_i,
    output logic [PaMax-1:0] rd_addr_o,
    output logic [7:0]       rd_strb_o,
    output logic             rd_cacheable_o,
    input  logic             rd_rsp_valid_i,
    input  logic             rd_retry_i,
    input  logic [63:0]      rd_rsp_data_i,
    input  logic             rd_rsp_err_i,

    input  tlb_inv_t         inv_i,
    input  logic       [1:0] array_valid_i,
    input  array_req_t       array_req_i,
    output array_rsp_t [1:0] array_rsp_o
);

  localparam int unsigned PpnW = ppn_w(Cfg);

  logic [1:0] walk_valid, walk_ready, walk_done, walk_release;
  logic [1:0][VaMax-1:0] walk_va;
  logic [PpnW-1:0] walk_ppn;
  attr_t walk_attr;
  walk_result_t walk_result;

  for (genvar p = 0; p < 2; p++) begin : gen_port
    vm_xlat #(
        .Cfg     (Cfg),
        .Geometry((p == 0) ? Cfg.Itlb : Cfg.Dtlb)
    ) u_xlat (
        .clk_i,
        .rst_ni,
        .context_i,
        .idle_o        (idle_o[p]),
        .req_valid_i   (req_valid_i[p]),
        .req_ready_o   (req_ready_o[p]),
        .req_i         (req_i[p]),
        .rsp_valid_o   (rsp_valid_o[p]),
        .rsp_ready_i   (rsp_ready_i[p]),
        .rsp_o         (rsp_o[p]),
        .walk_valid_o  (walk_valid[p]),
        .walk_ready_i  (walk_ready[p]),
        .walk_va_o     (walk_va[p]),
        .walk_done_i   (walk_done[p]),
        .walk_ppn_i    (walk_ppn),
        .walk_attr_i   (walk_attr),
        .walk_result_i (walk_result),
        .walk_release_o(walk_release[p]),
        .inv_i,
        .array_valid_i (array_valid_i[p]),
        .array_req_i,
        .array_rsp_o   (array_rsp_o[p])
    );
  end

  vm_ptw #(
      .Cfg(Cfg)
  ) u_ptw (
      .clk_i,
      .rst_ni,
      .context_i,
      .req_valid_i(walk_valid),
      .req_ready_o(walk_ready),
      .req_va_i   (walk_va),
      .done_o     (walk_done),
      .ppn_o      (walk_ppn),
      .attr_o     (walk_attr),
      .result_o   (walk_result),
      .release_i  (walk_release),
      .rd_slot_o,
      .rd_valid_o,
      .rd_ready_i,
      .rd_addr_o,
      .rd_strb_o,
      .rd_cacheable_o,
      .rd_rsp_valid_i,
      .rd_retry_i,
      .rd_rsp_data_i,
      .rd_rsp_err_i
  );

endmodule
