// SPDX-License-Identifier: Apache-2.0
//
// An Sv39 MMU between the load/store and fetch ports of a RISC-V core and a small RAM. The core side is what a simple
// in-order core has: two ports of 64-bit words, the CSRs satp and menvcfg, and sfence.vma. The RAM has one synchronous port:
// what is asked in one cycle comes in the next.
module example_soc
  import vm_pkg::*;
#(
    localparam int unsigned RamWords = 8192  // of 64 bits
) (
    input logic clk_i,
    input logic rst_ni,

    // [0] fetch, [1] load/store: valid/ready; the answer, one cycle of done, may come in any later cycle. Addresses are
    // aligned to 8 bytes. user: the privilege of the access (MPRV applied); sum, mxr: as in sstatus.
    input  logic [1:0]       core_valid_i,
    output logic [1:0]       core_ready_o,
    input  logic [1:0]       core_write_i,
    input  logic [1:0]       core_user_i,
    input  logic             core_sum_i,
    input  logic             core_mxr_i,
    input  logic [1:0][63:0] core_va_i,
    input  logic [1:0][63:0] core_wdata_i,
    output logic [1:0]       core_done_o,
    output logic [1:0][63:0] core_rdata_o,
    output logic [1:0]       core_exception_o,  // with done: cause and tval for the trap
    output logic [1:0][5:0]  core_cause_o,
    output logic [1:0][63:0] core_tval_o,

    // csrw satp (menvcfg = 0) or menvcfg (1), from M or S mode; wait for done. A satp with a MODE that is not there
    // changes nothing.
    input  logic        csr_valid_i,
    output logic        csr_ready_o,
    input  logic        csr_menvcfg_i,
    input  logic [63:0] csr_wdata_i,
    output logic        csr_done_o,

    // sfence.vma rs1, rs2: whether each is x0, and their values; wait for done.
    input  logic        sfence_valid_i,
    output logic        sfence_ready_o,
    input  logic        sfence_rs1_is_x0_i,
    input  logic        sfence_rs2_is_x0_i,
    input  logic [63:0] sfence_rs1_i,
    input  logic [63:0] sfence_rs2_i,
    output logic        sfence_done_o,

    // Performance counter `index` of the MMU, one cycle later.
    input  logic [6:0]  counter_index_i,
    output logic [63:0] counter_value_o
);

  // ------------------------------------------------------------------ the machine: Sv39 with this SoC's memory map

  function automatic machine_t machine();
    machine_t m;
    m = vm_machines_pkg::Sv39;
    m.Regions = '0;
    m.Regions[0] = '{Base: 57'h8000_0000, Size: 57'(RamWords * 8), Cacheable: 1'b1, Atomic: 1'b1};
    return m;
  endfunction
  localparam machine_t Cfg = machine();

  // ------------------------------------------------------------------ MMU

  xlat_req_t [1:0] xlat_req;
  logic [1:0] xlat_valid, xlat_take;
  xlat_rsp_t [1:0] xlat;
  ctl_req_t ctl_req;
  ctl_rsp_t ctl_rsp;
  fence_req_t fence_req;
  fence_rsp_t fence_rsp;
  logic walk_slot, walk_valid, walk_ready, walk_rsp_valid;
  walk_req_t walk_req;
  walk_rsp_t walk_rsp;
  mmu_events_t events;

  always_comb begin
    xlat_req = '0;
    for (int unsigned p = 0; p < 2; p++) begin
      xlat_req[p].access = (p == 0) ? AccessFetch : (core_write_i[p] ? AccessStore : AccessLoad);
      xlat_req[p].user = core_user_i[p];
      xlat_req[p].sum = core_sum_i;
      xlat_req[p].mxr = core_mxr_i;
      xlat_req[p].va = core_va_i[p];
    end
  end

  always_comb begin
    ctl_req = '{id: '0, user: 1'b0, index: CtlRoot, data: csr_wdata_i};
    if (csr_menvcfg_i) begin
      ctl_req.index = CtlEnv;
      ctl_req.data = '0;
      ctl_req.data[8] = csr_wdata_i[61];  // ADUE
      ctl_req.data[9] = csr_wdata_i[62];  // PBMTE
    end
  end

  // Global pages go unless an address space is named.
  assign fence_req = '{
          id: '0,
          user: 1'b0,
          op: FenceTlb,
          by_addr: !sfence_rs1_is_x0_i,
          by_asid: !sfence_rs2_is_x0_i,
          globals: sfence_rs2_is_x0_i,
          addr: sfence_rs1_i,
          asid: sfence_rs2_i[AsidMax-1:0]
      };

  vm_mmu_unit #(
      .Cfg(Cfg)
  ) u_mmu (
      .clk_i,
      .rst_ni,
      .req_valid_i      (core_valid_i),
      .req_ready_o      (core_ready_o),
      .req_i            (xlat_req),
      .rsp_valid_o      (xlat_valid),
      .rsp_ready_i      (xlat_take),
      .rsp_o            (xlat),
      .ctl_req_valid_i  (csr_valid_i),
      .ctl_req_ready_o  (csr_ready_o),
      .ctl_req_i        (ctl_req),
      .ctl_rsp_valid_o  (csr_done_o),
      .ctl_rsp_o        (ctl_rsp),
      .fence_req_valid_i(sfence_valid_i),
      .fence_req_ready_o(sfence_ready_o),
      .fence_req_i      (fence_req),
      .fence_rsp_valid_o(sfence_done_o),
      .fence_rsp_o      (fence_rsp),
      .walk_slot_o      (walk_slot),
      .walk_valid_o     (walk_valid),
      .walk_ready_i     (walk_ready),
      .walk_req_o       (walk_req),
      .walk_rsp_valid_i (walk_rsp_valid),
      .walk_retry_i     (1'b0),
      .walk_rsp_i       (walk_rsp),
      .events_o         (events)
  );

  // Of 50 events four are counted: misses of both L1 TLBs, walks, and updates of accessed and dirty bits.
  function automatic events_t counted();
    events_t e;
    e = '0;
    e.mmu.port[0].l1_miss = 1'b1;
    e.mmu.port[1].l1_miss = 1'b1;
    e.mmu.walker.walk = 1'b1;
    e.mmu.walker.update = 1'b1;
    return e;
  endfunction

  vm_counters #(
      .Width (40),
      .Enable(counted())
  ) u_counters (
      .clk_i,
      .rst_ni,
      .events_i('{lower: '0, atomic: '0, cache: '0, mmu: events}),
      .index_i (counter_index_i),
      .value_o (counter_value_o)
  );

  // A store's data waits while its address is translated.
  logic [63:0] wdata_q;
  always_ff @(posedge clk_i) begin
    if (core_valid_i[1] && core_ready_o[1]) wdata_q <= core_wdata_i[1];
  end

  // ------------------------------------------------------------------ RAM: walker first, then load/store, then fetch

  typedef enum logic [1:0] {
    UserNone,
    UserCore,  // port_q
    UserWalk,
    UserSwap   // the second cycle of a compare-and-set: the RAM is kept for the write
  } user_e;

  logic [63:0] ram[RamWords];
  logic [63:0] ram_rdata_q, ram_wdata;
  logic [$clog2(RamWords)-1:0] ram_index;
  logic ram_write, equal;
  user_e user_d, user_q;
  logic port_d, port_q;
  logic [1:0] denied, granted;

  for (genvar p = 0; p < 2; p++) begin : gen_verdict
    assign denied[p] = xlat_valid[p] && xlat[p].fault.cause != FaultNone;
  end
  assign granted = xlat_valid & ~denied;
  assign equal = ram_rdata_q == walk_req.expected;  // entries of Sv39 are whole words

  always_comb begin
    user_d = UserNone;
    port_d = 1'b1;
    walk_ready = 1'b0;
    xlat_take = denied;  // a fault needs no RAM
    ram_write = 1'b0;
    ram_wdata = wdata_q;
    ram_index = walk_req.addr[3+:$clog2(RamWords)];
    if (user_q == UserSwap) begin
      // Nothing else reached the RAM since the entry was read, so comparison and write are one access.
      ram_write = equal;
      ram_wdata = walk_req.desired;
    end else if (walk_valid) begin
      walk_ready = 1'b1;
      user_d = walk_req.cas ? UserSwap : UserWalk;
    end else if (granted != '0) begin
      port_d = granted[1];
      xlat_take[port_d] = 1'b1;
      user_d = UserCore;
      ram_index = xlat[port_d].pa[3+:$clog2(RamWords)];
      ram_write = xlat[port_d].req.access == AccessStore;
    end
  end

  always_ff @(posedge clk_i) begin
    ram_rdata_q <= ram[ram_index];
    if (ram_write) ram[ram_index] <= ram_wdata;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) user_q <= UserNone;
    else user_q <= user_d;
    port_q <= port_d;
  end

  assign walk_rsp_valid = user_q == UserWalk || user_q == UserSwap;
  assign walk_rsp = '{data: ram_rdata_q, err: 1'b0, success: user_q == UserSwap && equal};

  // ------------------------------------------------------------------ answers

  for (genvar p = 0; p < 2; p++) begin : gen_answer
    logic denied_q;
    logic [5:0] cause_q;
    logic [63:0] tval_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) denied_q <= 1'b0;
      else denied_q <= denied[p];
      cause_q <= xlat[p].fault.code[5:0];
      tval_q <= xlat[p].fault.va;
    end
    assign core_done_o[p] = denied_q || (user_q == UserCore && port_q == 1'(p));
    assign core_rdata_o[p] = ram_rdata_q;
    assign core_exception_o[p] = denied_q;
    assign core_cause_o[p] = cause_q;
    assign core_tval_o[p] = tval_q;
  end

  logic unused;
  assign unused = ^{walk_slot, walk_req, xlat, ctl_rsp, fence_rsp, core_write_i[0], core_wdata_i[0],
                    sfence_rs2_i};

endmodule
