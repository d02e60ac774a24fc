// SPDX-License-Identifier: Apache-2.0
//
// MMU, caches and an AXI4 master: what a RISC-V core without an MMU of its own needs between itself and an AXI interconnect.
module example_bus
  import vm_pkg::*;
#(
    parameter machine_t    Cfg      = example_bus_pkg::Cfg,
    parameter int unsigned DataBits = 64,
    localparam int unsigned AddrBits = 32
) (
    input logic clk_i,
    input logic rst_ni,

    // The core
    input  logic             fetch_req_valid_i,
    output logic             fetch_req_ready_o,
    input  core_req_t        fetch_req_i,
    output logic             fetch_rsp_valid_o,
    output core_rsp_t        fetch_rsp_o,
    input  logic             data_req_valid_i,
    output logic             data_req_ready_o,
    input  core_req_t        data_req_i,
    output logic             data_rsp_valid_o,
    output core_rsp_t        data_rsp_o,
    input  logic             ctl_req_valid_i,
    output logic             ctl_req_ready_o,
    input  ctl_req_t         ctl_req_i,
    output logic             ctl_rsp_valid_o,
    output ctl_rsp_t         ctl_rsp_o,
    input  logic             fence_req_valid_i,
    output logic             fence_req_ready_o,
    input  fence_req_t       fence_req_i,
    output logic             fence_rsp_valid_o,
    output fence_rsp_t       fence_rsp_o,
    output logic             wb_error_valid_o,   // an interrupt: memory refused a line that was written back
    output logic [PaMax-1:0] wb_error_addr_o,

    // The interconnect
    output logic                  axi_awvalid_o,
    input  logic                  axi_awready_i,
    output logic [1:0]            axi_awid_o,
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
    input  logic [1:0]            axi_bid_i,
    input  logic [1:0]            axi_bresp_i,
    output logic                  axi_arvalid_o,
    input  logic                  axi_arready_i,
    output logic [1:0]            axi_arid_o,
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
    input  logic [1:0]            axi_rid_i,
    input  logic [DataBits-1:0]   axi_rdata_i,
    input  logic [1:0]            axi_rresp_i,
    input  logic                  axi_rlast_i
);

  logic mem_req_valid, mem_req_ready, mem_w_valid, mem_w_ready, mem_rsp_valid, mem_rsp_ready;
  mem_req_t mem_req;
  mem_wdata_t mem_w;
  mem_rsp_t mem_rsp;

  // What is not used: host and array port, counters.
  logic host_ready, host_rsp_valid, array_ready, array_rsp_valid;
  host_rsp_t host_rsp;
  array_rsp_t array_rsp;
  events_t events;
  piece_t [1:0] pieces;
  logic unused;
  assign unused = ^{host_ready, host_rsp_valid, host_rsp, array_ready, array_rsp_valid, array_rsp, events, pieces};

  vm_top #(
      .Cfg(Cfg)
  ) u_vm (
      .*,
      .host_req_valid_i (1'b0),
      .host_req_ready_o (host_ready),
      .host_req_i       ('0),
      .host_rsp_valid_o (host_rsp_valid),
      .host_rsp_o       (host_rsp),
      .array_req_valid_i(1'b0),
      .array_req_ready_o(array_ready),
      .array_req_i      ('0),
      .array_rsp_valid_o(array_rsp_valid),
      .array_rsp_o      (array_rsp),
      .mem_req_valid_o  (mem_req_valid),
      .mem_req_ready_i  (mem_req_ready),
      .mem_req_o        (mem_req),
      .mem_w_valid_o    (mem_w_valid),
      .mem_w_ready_i    (mem_w_ready),
      .mem_w_o          (mem_w),
      .mem_rsp_valid_i  (mem_rsp_valid),
      .mem_rsp_ready_o  (mem_rsp_ready),
      .mem_rsp_i        (mem_rsp),
      .events_o         (events),
      .pieces_o         (pieces)
  );

  vm_axi4 #(
      .DataBits(DataBits),
      .AddrBits(AddrBits)
  ) u_bus (
      .*,
      .mem_req_valid_i(mem_req_valid),
      .mem_req_ready_o(mem_req_ready),
      .mem_req_i      (mem_req),
      .mem_w_valid_i  (mem_w_valid),
      .mem_w_ready_o  (mem_w_ready),
      .mem_w_i        (mem_w),
      .mem_rsp_valid_o(mem_rsp_valid),
      .mem_rsp_ready_i(mem_rsp_ready),
      .mem_rsp_o      (mem_rsp)
  );

endmodule
