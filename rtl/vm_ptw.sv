// SPDX-License-Identifier: Apache-2.0
//
// Hardware page-table walker, shared by the fetch and the data port (round robin).
//
//   StIdle   accepts a miss and computes the address of the entry
//   StRead   checks that address against the physical memory map, then asks the walk port for the entry (M6)
//   StWait   waits for it; a cache that had to turn the read away (rd_retry_i) is asked again
//   StCheck  judges the entry and hands the result to the port (done_o)
//   StHold   keeps the result until the port has answered its core (release_i)
//
// Latency: acceptance to done_o is 2 cycles + the walk port's latency (acceptance to data); 2 cycles when the
// entry's address lies in a hole. No entry is read outside the table: the port has checked VA and limit before.
module vm_ptw
  import vm_pkg::*;
  import vm_pte_pkg::*;
#(
    parameter  machine_t    Cfg = '0,
    localparam int unsigned PpnW = ppn_w(Cfg)
) (
    input logic clk_i,
    input logic rst_ni,

    input  context_t                context_i,
    // [0] fetch, [1] data
    input  logic [1:0]              req_valid_i,
    output logic [1:0]              req_ready_o,
    input  logic [1:0][VaMax-1:0]   req_va_i,
    output logic [1:0]              done_o,
    output logic [PpnW-1:0]         ppn_o,       // with done_o
    output attr_t                   attr_o,      // with done_o
    output walk_result_t            result_o,    // from done_o to release_i
    input  logic [1:0]              release_i,

    output logic             rd_slot_o,       // StRead: the cache's S0 is the walker's, from a register
    output logic             rd_valid_o,
    input  logic             rd_ready_i,
    output logic [PaMax-1:0] rd_addr_o,
    output logic [7:0]       rd_strb_o,
    output logic             rd_cacheable_o,
    input  logic             rd_rsp_valid_i,
    input  logic             rd_retry_i,
    input  logic [63:0]      rd_rsp_data_i,
    input  logic             rd_rsp_err_i
);

  localparam int unsigned PageBits = 32'(Cfg.Format.PageBits);
  localparam int unsigned VaBits = 32'(Cfg.VaBits);

  typedef enum logic [2:0] {
    StIdle,
    StRead,
    StWait,
    StCheck,
    StHold
  } state_e;

  state_e state_d, state_q;
  logic port_d, port_q;       // whose walk this is; in StIdle: who had the last one
  logic [PaMax:0] addr_d, addr_q;
  logic [63:0] pte_d, pte_q;
  fault_e cause_d, cause_q;

  logic grant_port;
  logic pma_mapped;
  logic [VaMax-1:0] grant_va;

  vm_pma #(
      .Cfg(Cfg)
  ) u_pma (
      .addr_i     (addr_q),
      .mapped_o   (pma_mapped),
      .cacheable_o(rd_cacheable_o)
  );

  // The port that did not have the last walk goes first.
  assign grant_port = req_valid_i[!port_q] ? !port_q : port_q;
  assign grant_va = req_va_i[grant_port];

  assign rd_addr_o = addr_q[PaMax-1:0];
  assign rd_strb_o = pte_strb(Cfg.Format, addr_q[2:0]);
  assign rd_slot_o = state_q == StRead;
  assign rd_valid_o = state_q == StRead && pma_mapped;

  assign ppn_o = PpnW'(pte_ppn(Cfg.Format, pte_q));
  assign attr_o = pte_attr(Cfg.Format, pte_q);
  assign result_o = '{cause: cause_q, level: 3'd0, pte_addr: addr_q[PaMax-1:0], pte: pte_q};

  always_comb begin
    state_d = state_q;
    port_d = port_q;
    addr_d = addr_q;
    pte_d = pte_q;
    cause_d = cause_q;
    req_ready_o = '0;
    done_o = '0;

    unique case (state_q)
      StIdle: begin
        if (|req_valid_i) begin
          req_ready_o[grant_port] = 1'b1;
          port_d = grant_port;
          addr_d = {1'b0, context_i.base} +
              ((PaMax + 1)'(grant_va[VaBits-1:PageBits]) << Cfg.Format.PteBytesLog2);
          cause_d = FaultNone;
          pte_d = '0;
          state_d = StRead;
        end
      end
      StRead: begin
        if (!pma_mapped) begin
          cause_d = FaultEntryAccess;
          state_d = StCheck;
        end else if (rd_ready_i) begin
          state_d = StWait;
        end
      end
      StWait: begin
        if (rd_rsp_valid_i) begin
          if (rd_rsp_err_i) cause_d = FaultEntryBus;
          else pte_d = pte_from_lanes(Cfg.Format, rd_rsp_data_i, addr_q[2:0]);
          state_d = StCheck;
        end else if (rd_retry_i) begin
          state_d = StRead;
        end
      end
      StCheck: begin
        if (cause_q == FaultNone && !pte_valid(Cfg.Format, pte_q)) cause_d = FaultInvalid;
        done_o[port_q] = 1'b1;
        state_d = StHold;
      end
      StHold: begin
        if (release_i[port_q]) state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      port_q <= 1'b0;
    end else begin
      state_q <= state_d;
      port_q <= port_d;
    end
  end
  always_ff @(posedge clk_i) begin
    addr_q <= addr_d;
    pte_q <= pte_d;
    cause_q <= cause_d;
  end

endmodule
