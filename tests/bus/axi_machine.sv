// SPDX-License-Identifier: Apache-2.0
//
// The example of docs/integrate.md, "On a bus", as scalars for cocotb, under the rules of AXI4; or the same with the simple
// memory system, whose walker reads memory by itself.
module axi_machine
  import vm_pkg::*;
#(
    parameter bit Flat = 1'b0,
    parameter int unsigned DataBits = 64,
    localparam int unsigned AddrBits = 32
) (
    input logic clk,
    input logic rst_n,

    input  logic        fetch_valid,
    output logic        fetch_ready,
    input  logic [63:0] fetch_va,
    output logic        fetch_done,
    output logic [63:0] fetch_rdata,
    output logic [3:0]  fetch_cause,
    input  logic        data_valid,
    output logic        data_ready,
    input  logic        data_write,
    input  logic [1:0]  data_size,
    input  logic [63:0] data_va,
    input  logic [63:0] data_wdata,
    output logic        data_done,
    output logic [63:0] data_rdata,
    output logic [3:0]  data_cause,
    input  logic        ctl_valid,
    output logic        ctl_ready,
    input  logic [3:0]  ctl_index,
    input  logic [63:0] ctl_data,
    output logic        ctl_done,
    output logic        ctl_refused,
    input  logic        fence_valid,
    output logic        fence_ready,
    input  logic [2:0]  fence_op,
    output logic        fence_done,
    output logic        wb_error_valid,
    output logic [55:0] wb_error_addr,

    output logic [9:0] broken,

    output logic                  axi_awvalid,
    input  logic                  axi_awready,
    output logic [1:0]            axi_awid,
    output logic [AddrBits-1:0]   axi_awaddr,
    output logic [7:0]            axi_awlen,
    output logic [2:0]            axi_awsize,
    output logic [1:0]            axi_awburst,
    output logic                  axi_awlock,
    output logic [3:0]            axi_awcache,
    output logic [2:0]            axi_awprot,
    output logic [3:0]            axi_awqos,
    output logic                  axi_wvalid,
    input  logic                  axi_wready,
    output logic [DataBits-1:0]   axi_wdata,
    output logic [DataBits/8-1:0] axi_wstrb,
    output logic                  axi_wlast,
    input  logic                  axi_bvalid,
    output logic                  axi_bready,
    input  logic [1:0]            axi_bid,
    input  logic [1:0]            axi_bresp,
    output logic                  axi_arvalid,
    input  logic                  axi_arready,
    output logic [1:0]            axi_arid,
    output logic [AddrBits-1:0]   axi_araddr,
    output logic [7:0]            axi_arlen,
    output logic [2:0]            axi_arsize,
    output logic [1:0]            axi_arburst,
    output logic                  axi_arlock,
    output logic [3:0]            axi_arcache,
    output logic [2:0]            axi_arprot,
    output logic [3:0]            axi_arqos,
    input  logic                  axi_rvalid,
    output logic                  axi_rready,
    input  logic [1:0]            axi_rid,
    input  logic [DataBits-1:0]   axi_rdata,
    input  logic [1:0]            axi_rresp,
    input  logic                  axi_rlast
);

  core_req_t fetch_req, data_req;
  core_rsp_t fetch_rsp, data_rsp;
  ctl_req_t ctl_req;
  ctl_rsp_t ctl_rsp;
  fence_req_t fence_req;
  fence_rsp_t fence_rsp;
  always_comb begin
    fetch_req = '0;
    fetch_req.access = AccessFetch;
    fetch_req.size = 2'd2;
    fetch_req.va = fetch_va;
    data_req = '0;
    data_req.access = data_write ? AccessStore : AccessLoad;
    data_req.size = data_size;
    data_req.va = data_va;
    data_req.wdata = data_wdata;
    ctl_req = '{id: '0, user: 1'b0, index: ctl_reg_e'(ctl_index), data: ctl_data};
    fence_req = '0;
    fence_req.op = fence_op_e'(fence_op);
  end
  assign fetch_rdata = fetch_rsp.rdata;
  assign fetch_cause = fetch_rsp.fault.cause;
  assign data_rdata = data_rsp.rdata;
  assign data_cause = data_rsp.fault.cause;
  assign ctl_refused = ctl_rsp.refused;
  logic unused;
  assign unused = ^{fetch_rsp, data_rsp, ctl_rsp, fence_rsp};

  example_bus #(
      .Cfg     (Flat ? vm_machines_pkg::Csapp14 : example_bus_pkg::Cfg),
      .DataBits(DataBits)
  ) u_soc (
      .clk_i            (clk),
      .rst_ni           (rst_n),
      .fetch_req_valid_i(fetch_valid),
      .fetch_req_ready_o(fetch_ready),
      .fetch_req_i      (fetch_req),
      .fetch_rsp_valid_o(fetch_done),
      .fetch_rsp_o      (fetch_rsp),
      .data_req_valid_i (data_valid),
      .data_req_ready_o (data_ready),
      .data_req_i       (data_req),
      .data_rsp_valid_o (data_done),
      .data_rsp_o       (data_rsp),
      .ctl_req_valid_i  (ctl_valid),
      .ctl_req_ready_o  (ctl_ready),
      .ctl_req_i        (ctl_req),
      .ctl_rsp_valid_o  (ctl_done),
      .ctl_rsp_o        (ctl_rsp),
      .fence_req_valid_i(fence_valid),
      .fence_req_ready_o(fence_ready),
      .fence_req_i      (fence_req),
      .fence_rsp_valid_o(fence_done),
      .fence_rsp_o      (fence_rsp),
      .wb_error_valid_o (wb_error_valid),
      .wb_error_addr_o  (wb_error_addr),
      .axi_awvalid_o    (axi_awvalid),
      .axi_awready_i    (axi_awready),
      .axi_awid_o       (axi_awid),
      .axi_awaddr_o     (axi_awaddr),
      .axi_awlen_o      (axi_awlen),
      .axi_awsize_o     (axi_awsize),
      .axi_awburst_o    (axi_awburst),
      .axi_awlock_o     (axi_awlock),
      .axi_awcache_o    (axi_awcache),
      .axi_awprot_o     (axi_awprot),
      .axi_awqos_o      (axi_awqos),
      .axi_wvalid_o     (axi_wvalid),
      .axi_wready_i     (axi_wready),
      .axi_wdata_o      (axi_wdata),
      .axi_wstrb_o      (axi_wstrb),
      .axi_wlast_o      (axi_wlast),
      .axi_bvalid_i     (axi_bvalid),
      .axi_bready_o     (axi_bready),
      .axi_bid_i        (axi_bid),
      .axi_bresp_i      (axi_bresp),
      .axi_arvalid_o    (axi_arvalid),
      .axi_arready_i    (axi_arready),
      .axi_arid_o       (axi_arid),
      .axi_araddr_o     (axi_araddr),
      .axi_arlen_o      (axi_arlen),
      .axi_arsize_o     (axi_arsize),
      .axi_arburst_o    (axi_arburst),
      .axi_arlock_o     (axi_arlock),
      .axi_arcache_o    (axi_arcache),
      .axi_arprot_o     (axi_arprot),
      .axi_arqos_o      (axi_arqos),
      .axi_rvalid_i     (axi_rvalid),
      .axi_rready_o     (axi_rready),
      .axi_rid_i        (axi_rid),
      .axi_rdata_i      (axi_rdata),
      .axi_rresp_i      (axi_rresp),
      .axi_rlast_i      (axi_rlast)
  );

  vm_axi_rules #(
      .DataBits(DataBits),
      .AddrBits(AddrBits)
  ) u_rules (
      .clk_i    (clk),
      .rst_ni   (rst_n),
      .awvalid_i(axi_awvalid),
      .awready_i(axi_awready),
      .awid_i   (axi_awid),
      .awaddr_i (axi_awaddr),
      .awlen_i  (axi_awlen),
      .awsize_i (axi_awsize),
      .awburst_i(axi_awburst),
      .awcache_i(axi_awcache),
      .awprot_i (axi_awprot),
      .wvalid_i (axi_wvalid),
      .wready_i (axi_wready),
      .wdata_i  (axi_wdata),
      .wstrb_i  (axi_wstrb),
      .wlast_i  (axi_wlast),
      .bvalid_i (axi_bvalid),
      .bready_i (axi_bready),
      .bid_i    (axi_bid),
      .bresp_i  (axi_bresp),
      .arvalid_i(axi_arvalid),
      .arready_i(axi_arready),
      .arid_i   (axi_arid),
      .araddr_i (axi_araddr),
      .arlen_i  (axi_arlen),
      .arsize_i (axi_arsize),
      .arburst_i(axi_arburst),
      .arcache_i(axi_arcache),
      .arprot_i (axi_arprot),
      .rvalid_i (axi_rvalid),
      .rready_i (axi_rready),
      .rid_i    (axi_rid),
      .rdata_i  (axi_rdata),
      .rresp_i  (axi_rresp),
      .rlast_i  (axi_rlast),
      .broken_o (broken)
  );

endmodule
