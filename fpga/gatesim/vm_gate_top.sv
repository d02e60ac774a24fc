// SPDX-License-Identifier: Apache-2.0
//
// What becomes the netlist of gate-level simulation: vm_top with all its ports, with the machine that the package written
// by fpga/gates.py chooses.
module vm_gate_top
  import vm_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input  logic      fetch_req_valid_i,
    output logic      fetch_req_ready_o,
    input  core_req_t fetch_req_i,
    output logic      fetch_rsp_valid_o,
    output core_rsp_t fetch_rsp_o,

    input  logic      data_req_valid_i,
    output logic      data_req_ready_o,
    input  core_req_t data_req_i,
    output logic      data_rsp_valid_o,
    output core_rsp_t data_rsp_o,

    input  logic      host_req_valid_i,
    output logic      host_req_ready_o,
    input  host_req_t host_req_i,
    output logic      host_rsp_valid_o,
    output host_rsp_t host_rsp_o,

    input  logic     ctl_req_valid_i,
    output logic     ctl_req_ready_o,
    input  ctl_req_t ctl_req_i,
    output logic     ctl_rsp_valid_o,
    output ctl_rsp_t ctl_rsp_o,

    input  logic       fence_req_valid_i,
    output logic       fence_req_ready_o,
    input  fence_req_t fence_req_i,
    output logic       fence_rsp_valid_o,
    output fence_rsp_t fence_rsp_o,

    input  logic       array_req_valid_i,
    output logic       array_req_ready_o,
    input  array_req_t array_req_i,
    output logic       array_rsp_valid_o,
    output array_rsp_t array_rsp_o,

    output logic       mem_req_valid_o,
    input  logic       mem_req_ready_i,
    output mem_req_t   mem_req_o,
    output logic       mem_w_valid_o,
    input  logic       mem_w_ready_i,
    output mem_wdata_t mem_w_o,
    input  logic       mem_rsp_valid_i,
    output logic       mem_rsp_ready_o,
    input  mem_rsp_t   mem_rsp_i,

    output logic             wb_error_valid_o,
    output logic [PaMax-1:0] wb_error_addr_o,

    output events_t      events_o,
    output piece_t [1:0] pieces_o
);

  vm_top #(
      .Cfg(vm_synth_machine_pkg::Cfg)
  ) u_top (
      .*
  );

endmodule
