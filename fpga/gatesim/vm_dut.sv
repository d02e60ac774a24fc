// SPDX-License-Identifier: Apache-2.0
//
// What the harness has under test at gate level: the netlist that Yosys made of the machine answers on every port. The
// RTL runs in lockstep beside it on the same inputs. What it would have answered is compared in every cycle, and its
// monitors tell the checks what happens inside, which a netlist cannot.
module vm_dut
  import vm_pkg::*;
  import vm_dpi_pkg::*;
  import vm_harness_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
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

  // ---------------------------------------------------------------- the netlist answers
  vm_netlist u_netlist (
      .*
  );

  // ---------------------------------------------------------------- and this is what it should be
  typedef struct packed {
    logic fetch_req_ready;
    logic fetch_rsp_valid;
    core_rsp_t fetch_rsp;
    logic data_req_ready;
    logic data_rsp_valid;
    core_rsp_t data_rsp;
    logic host_req_ready;
    logic host_rsp_valid;
    host_rsp_t host_rsp;
    logic ctl_req_ready;
    logic ctl_rsp_valid;
    ctl_rsp_t ctl_rsp;
    logic fence_req_ready;
    logic fence_rsp_valid;
    fence_rsp_t fence_rsp;
    logic array_req_ready;
    logic array_rsp_valid;
    array_rsp_t array_rsp;
    logic mem_req_valid;
    mem_req_t mem_req;
    logic mem_w_valid;
    mem_wdata_t mem_w;
    logic mem_rsp_ready;
    logic wb_error_valid;
    logic [PaMax-1:0] wb_error_addr;
    events_t events;
    piece_t [1:0] pieces;
  } outputs_t;
  outputs_t rtl;

  vm_top #(
      .Cfg(Cfg)
  ) u_top (
      .clk_i,
      .rst_ni,
      .fetch_req_valid_i,
      .fetch_req_ready_o(rtl.fetch_req_ready),
      .fetch_req_i,
      .fetch_rsp_valid_o(rtl.fetch_rsp_valid),
      .fetch_rsp_o(rtl.fetch_rsp),
      .data_req_valid_i,
      .data_req_ready_o(rtl.data_req_ready),
      .data_req_i,
      .data_rsp_valid_o(rtl.data_rsp_valid),
      .data_rsp_o(rtl.data_rsp),
      .host_req_valid_i,
      .host_req_ready_o(rtl.host_req_ready),
      .host_req_i,
      .host_rsp_valid_o(rtl.host_rsp_valid),
      .host_rsp_o(rtl.host_rsp),
      .ctl_req_valid_i,
      .ctl_req_ready_o(rtl.ctl_req_ready),
      .ctl_req_i,
      .ctl_rsp_valid_o(rtl.ctl_rsp_valid),
      .ctl_rsp_o(rtl.ctl_rsp),
      .fence_req_valid_i,
      .fence_req_ready_o(rtl.fence_req_ready),
      .fence_req_i,
      .fence_rsp_valid_o(rtl.fence_rsp_valid),
      .fence_rsp_o(rtl.fence_rsp),
      .array_req_valid_i,
      .array_req_ready_o(rtl.array_req_ready),
      .array_req_i,
      .array_rsp_valid_o(rtl.array_rsp_valid),
      .array_rsp_o(rtl.array_rsp),
      .mem_req_valid_o(rtl.mem_req_valid),
      .mem_req_ready_i,
      .mem_req_o(rtl.mem_req),
      .mem_w_valid_o(rtl.mem_w_valid),
      .mem_w_ready_i,
      .mem_w_o(rtl.mem_w),
      .mem_rsp_valid_i,
      .mem_rsp_ready_o(rtl.mem_rsp_ready),
      .mem_rsp_i,
      .wb_error_valid_o(rtl.wb_error_valid),
      .wb_error_addr_o(rtl.wb_error_addr),
      .events_o(rtl.events),
      .pieces_o(rtl.pieces)
  );

  // Lanes that were not asked for carry no meaning. Answers have the id of their request.
  function automatic logic [7:0] lanes_of(logic reads, logic [1:0] size, logic [2:0] first);
    logic [15:0] lanes;
    lanes = ((16'd1 << (5'd1 << size)) - 16'd1) << first;
    return reads ? lanes[15:8] | lanes[7:0] : 8'd0;
  endfunction
  function automatic logic same_lanes(logic [7:0] lanes, logic [63:0] found, logic [63:0] expected);
    for (int b = 0; b < 8; b++) begin
      if (lanes[b] && found[8*b+:8] != expected[8*b+:8]) return 1'b0;
    end
    return 1'b1;
  endfunction
  function automatic logic same_core(logic [7:0] lanes, core_rsp_t found, core_rsp_t expected);
    core_rsp_t f, e;
    f = meaningful(found);
    e = meaningful(expected);
    return f.id == e.id && f.fault == e.fault && same_lanes(lanes, f.rdata, e.rdata);
  endfunction

  logic [7:0] fetch_lanes[2**IdBits], data_lanes[2**IdBits], host_lanes[2**IdBits];
  always_ff @(posedge clk_i) begin
    if (fetch_req_valid_i) fetch_lanes[fetch_req_i.id] <= lanes_of(1'b1, fetch_req_i.size, fetch_req_i.va[2:0]);
    if (data_req_valid_i) begin
      data_lanes[data_req_i.id] <= lanes_of(data_req_i.access != AccessStore || data_req_i.atomic != AtomicNone,
                                            data_req_i.size, data_req_i.va[2:0]);
    end
    if (host_req_valid_i) host_lanes[host_req_i.id] <= host_req_i.write ? 8'd0 : host_req_i.strb;
  end

  // What is read of a line or an entry that is not valid, or of a word, whose line may not be valid, can be anything.
  array_req_t array_q;
  always_ff @(posedge clk_i) begin
    if (array_req_valid_i && array_req_ready_o) array_q <= array_req_i;
  end
  function automatic logic same_array(array_req_t request, array_rsp_t found, array_rsp_t expected);
    if (request.flip || request.write) return 1'b1;
    if (request.array == ArrayIcacheData || request.array == ArrayDcacheData) return 1'b1;
    if (!found.data0[63] && !expected.data0[63]) return 1'b1;
    return found == expected;
  endfunction

  task automatic expect_same(string what, logic same);
    if (!same) vm_assert_failed({"G1 ", what, ": the netlist answers otherwise than the RTL"});
  endtask

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      expect_same("fetch_req_ready", fetch_req_ready_o == rtl.fetch_req_ready);
      expect_same("fetch_rsp_valid", fetch_rsp_valid_o == rtl.fetch_rsp_valid);
      expect_same("fetch_rsp", !fetch_rsp_valid_o ||
          same_core(fetch_lanes[fetch_rsp_o.id], fetch_rsp_o, rtl.fetch_rsp));
      expect_same("data_req_ready", data_req_ready_o == rtl.data_req_ready);
      expect_same("data_rsp_valid", data_rsp_valid_o == rtl.data_rsp_valid);
      expect_same("data_rsp", !data_rsp_valid_o || same_core(data_lanes[data_rsp_o.id], data_rsp_o, rtl.data_rsp));
      expect_same("host_req_ready", host_req_ready_o == rtl.host_req_ready);
      expect_same("host_rsp_valid", host_rsp_valid_o == rtl.host_rsp_valid);
      expect_same("host_rsp", !host_rsp_valid_o || (host_rsp_o.id == rtl.host_rsp.id &&
          host_rsp_o.err == rtl.host_rsp.err &&
          (host_rsp_o.err || same_lanes(host_lanes[host_rsp_o.id], host_rsp_o.rdata, rtl.host_rsp.rdata))));
      expect_same("ctl_req_ready", ctl_req_ready_o == rtl.ctl_req_ready);
      expect_same("ctl_rsp_valid", ctl_rsp_valid_o == rtl.ctl_rsp_valid);
      expect_same("ctl_rsp", !ctl_rsp_valid_o || ctl_rsp_o == rtl.ctl_rsp);
      expect_same("fence_req_ready", fence_req_ready_o == rtl.fence_req_ready);
      expect_same("fence_rsp_valid", fence_rsp_valid_o == rtl.fence_rsp_valid);
      expect_same("fence_rsp", !fence_rsp_valid_o || fence_rsp_o == rtl.fence_rsp);
      expect_same("array_req_ready", array_req_ready_o == rtl.array_req_ready);
      expect_same("array_rsp_valid", array_rsp_valid_o == rtl.array_rsp_valid);
      expect_same("array_rsp", !array_rsp_valid_o || same_array(array_q, array_rsp_o, rtl.array_rsp));
      expect_same("mem_req_valid", mem_req_valid_o == rtl.mem_req_valid);
      expect_same("mem_req", !mem_req_valid_o || mem_req_o == rtl.mem_req);
      expect_same("mem_w_valid", mem_w_valid_o == rtl.mem_w_valid);
      expect_same("mem_w", !mem_w_valid_o || mem_w_o == rtl.mem_w);
      expect_same("mem_rsp_ready", mem_rsp_ready_o == rtl.mem_rsp_ready);
      expect_same("wb_error_valid", wb_error_valid_o == rtl.wb_error_valid);
      expect_same("wb_error_addr", !wb_error_valid_o || wb_error_addr_o == rtl.wb_error_addr);
      expect_same("events", events_o == rtl.events);
      for (int p = 0; p < 2; p++) begin
        expect_same("pieces.valid", pieces_o[p].valid == rtl.pieces[p].valid);
        expect_same("pieces.pa", !pieces_o[p].valid || pieces_o[p].pa == rtl.pieces[p].pa);
      end
    end
  end

endmodule
