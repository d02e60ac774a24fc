// SPDX-License-Identifier: Apache-2.0
//
// csapp14 stepping through the accesses of vm_demo_pkg, one for each press of a button. After reset TLB and cache are filled as
// the book prints them; then ready_o. next_i makes the next access, again_i the one before once more; presses meanwhile are
// lost. What the machine's events said of the last access stays until the next one.
module vm_demo
  import vm_pkg::*;
  import vm_demo_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input logic next_i,   // one cycle
    input logic again_i,  // one cycle

    output logic       ready_o,
    output logic [2:0] step_o,       // of the last access, from 1 on; 0: none yet
    output logic       tlb_hit_o,
    output logic       cache_hit_o,
    output logic       fault_o,
    output logic       right_o       // it gave the byte that the book has
);

  localparam machine_t Cfg = vm_machines_pkg::Csapp14;

  typedef enum logic [2:0] {
    StBoot,
    StBootWait,
    StReady,
    StRequest,
    StAnswer
  } state_e;

  state_e state_d, state_q;
  boot_t boot_d, boot_q;
  logic [2:0] step_d, step_q;
  logic tlb_hit_d, tlb_hit_q, cache_hit_d, cache_hit_q, fault_d, fault_q, right_d, right_q;

  logic array_req_valid, array_req_ready, array_rsp_valid, ctl_req_valid, ctl_req_ready, ctl_rsp_valid;
  logic core_req_valid, core_req_ready, core_rsp_valid;
  core_req_t core_req;
  core_rsp_t core_rsp;
  logic mem_req_valid, mem_req_ready, mem_w_valid, mem_w_ready, mem_rsp_valid, mem_rsp_ready;
  mem_req_t mem_req;
  mem_wdata_t mem_w;
  mem_rsp_t mem_rsp;
  events_t events;
  step_t step;

  assign step = Step[2'(step_q - 1'b1)];
  assign array_req_valid = state_q == StBoot && !boot_is_ctl(boot_q);
  assign ctl_req_valid = state_q == StBoot && boot_is_ctl(boot_q);
  assign core_req_valid = state_q == StRequest;
  always_comb begin
    core_req = '0;
    core_req.access = AccessLoad;
    core_req.user = 1'b1;
    core_req.va = VaMax'(step.va);
  end

  assign ready_o = state_q == StReady;
  assign step_o = step_q;
  assign tlb_hit_o = tlb_hit_q;
  assign cache_hit_o = cache_hit_q;
  assign fault_o = fault_q;
  assign right_o = right_q;

  always_comb begin
    state_d = state_q;
    boot_d = boot_q;
    step_d = step_q;
    tlb_hit_d = tlb_hit_q;
    cache_hit_d = cache_hit_q;
    fault_d = fault_q;
    right_d = right_q;
    unique case (state_q)
      StBoot: if (array_req_valid ? array_req_ready : ctl_req_ready) state_d = StBootWait;
      StBootWait:
      if (array_rsp_valid || ctl_rsp_valid) begin
        boot_d = boot_q + 1'b1;
        state_d = (32'(boot_q) == BootSteps - 1) ? StReady : StBoot;
      end
      StReady: begin
        if (next_i) step_d = (32'(step_q) == Steps) ? 3'd1 : step_q + 1'b1;
        if (next_i || (again_i && step_q != '0)) begin
          {tlb_hit_d, cache_hit_d, fault_d, right_d} = '0;
          state_d = StRequest;
        end
      end
      StRequest: if (core_req_ready) state_d = StAnswer;
      default: begin  // StAnswer
        if (events.mmu.port[1].l1_base) tlb_hit_d = 1'b1;
        if (events.cache[1].hit) cache_hit_d = 1'b1;
        if (events.mmu.port[1].outcome[14:1] != '0) fault_d = 1'b1;
        if (core_rsp_valid) begin
          right_d = core_rsp.fault.cause == FaultNone && core_rsp.rdata[8*step.va[2:0]+:8] == step.byte_value;
          state_d = StReady;
        end
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StBoot;
      boot_q <= '0;
      step_q <= '0;
      tlb_hit_q <= 1'b0;
      cache_hit_q <= 1'b0;
      fault_q <= 1'b0;
      right_q <= 1'b0;
    end else begin
      state_q <= state_d;
      boot_q <= boot_d;
      step_q <= step_d;
      tlb_hit_q <= tlb_hit_d;
      cache_hit_q <= cache_hit_d;
      fault_q <= fault_d;
      right_q <= right_d;
    end
  end

  vm_top #(
      .Cfg(Cfg)
  ) u_machine (
      .clk_i,
      .rst_ni,
      .fetch_req_valid_i(1'b0),
      .fetch_req_ready_o(),
      .fetch_req_i      ('0),
      .fetch_rsp_valid_o(),
      .fetch_rsp_o      (),
      .data_req_valid_i (core_req_valid),
      .data_req_ready_o (core_req_ready),
      .data_req_i       (core_req),
      .data_rsp_valid_o (core_rsp_valid),
      .data_rsp_o       (core_rsp),
      .host_req_valid_i (1'b0),
      .host_req_ready_o (),
      .host_req_i       ('0),
      .host_rsp_valid_o (),
      .host_rsp_o       (),
      .ctl_req_valid_i  (ctl_req_valid),
      .ctl_req_ready_o  (ctl_req_ready),
      .ctl_req_i        (boot_ctl(boot_q[0])),
      .ctl_rsp_valid_o  (ctl_rsp_valid),
      .ctl_rsp_o        (),
      .fence_req_valid_i(1'b0),
      .fence_req_ready_o(),
      .fence_req_i      ('0),
      .fence_rsp_valid_o(),
      .fence_rsp_o      (),
      .array_req_valid_i(array_req_valid),
      .array_req_ready_o(array_req_ready),
      .array_req_i      (boot_array(boot_q)),
      .array_rsp_valid_o(array_rsp_valid),
      .array_rsp_o      (),
      .mem_req_valid_o  (mem_req_valid),
      .mem_req_ready_i  (mem_req_ready),
      .mem_req_o        (mem_req),
      .mem_w_valid_o    (mem_w_valid),
      .mem_w_ready_i    (mem_w_ready),
      .mem_w_o          (mem_w),
      .mem_rsp_valid_i  (mem_rsp_valid),
      .mem_rsp_ready_o  (mem_rsp_ready),
      .mem_rsp_i        (mem_rsp),
      .wb_error_valid_o (),
      .wb_error_addr_o  (),
      .events_o         (events),
      .pieces_o         ()
  );

  vm_demo_memory u_memory (
      .clk_i,
      .rst_ni,
      .req_valid_i(mem_req_valid),
      .req_ready_o(mem_req_ready),
      .req_i      (mem_req),
      .w_valid_i  (mem_w_valid),
      .w_ready_o  (mem_w_ready),
      .w_i        (mem_w),
      .rsp_valid_o(mem_rsp_valid),
      .rsp_ready_i(mem_rsp_ready),
      .rsp_o      (mem_rsp)
  );

  logic unused;
  assign unused = ^{events, core_rsp};

endmodule
