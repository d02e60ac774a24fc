// SPDX-License-Identifier: Apache-2.0
//
// Host port: physical accesses, coherent with the data cache, for the operating system's own work, DMA, a debug
// link. One access at a time: accepted into a register, checked against the physical map in the next cycle, then
// offered to the cache until it is answered. A hole answers with err and touches nothing (M6).
module vm_host
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic      req_valid_i,
    output logic      req_ready_o,
    input  host_req_t req_i,
    output logic      rsp_valid_o,
    output host_rsp_t rsp_o,

    output logic        cache_req_valid_o,
    input  logic        cache_req_ready_i,
    output cache_req_t  cache_req_o,
    input  logic        cache_rsp_valid_i,
    input  logic        cache_retry_i,
    input  logic [63:0] cache_rdata_i,
    input  logic        cache_err_i
);

  typedef enum logic [1:0] {
    StIdle,
    StCheck,
    StRequest,
    StWait
  } state_e;

  state_e state_d, state_q;
  host_req_t req_q;
  logic mapped, cacheable, cacheable_q, unused_atomic;

  vm_pma #(
      .Cfg(Cfg)
  ) u_pma (
      .addr_i     ({1'b0, req_q.addr}),
      .mapped_o   (mapped),
      .cacheable_o(cacheable),
      .atomic_o   (unused_atomic)
  );

  assign req_ready_o = state_q == StIdle;
  assign cache_req_valid_o = state_q == StRequest;
  assign cache_req_o = '{
          write: req_q.write,
          uncached: !cacheable_q,
          through: 1'b0,
          strb: req_q.strb,
          addr: PaMax'(req_q.addr[32'(Cfg.BusBits)-1:0]),  // nothing above it is mapped
          wdata: req_q.wdata
      };

  always_comb begin
    state_d = state_q;
    rsp_valid_o = 1'b0;
    rsp_o = '{id: req_q.id, rdata: cache_rdata_i, err: cache_err_i};
    unique case (state_q)
      StIdle: if (req_valid_i) state_d = StCheck;
      StCheck: begin
        state_d = StRequest;
        if (!mapped) begin
          rsp_valid_o = 1'b1;
          rsp_o.err = 1'b1;
          state_d = StIdle;
        end
      end
      StRequest: if (cache_req_ready_i) state_d = StWait;
      StWait: begin
        if (cache_rsp_valid_i) begin
          rsp_valid_o = 1'b1;
          state_d = StIdle;
        end else if (cache_retry_i) begin
          state_d = StRequest;
        end
      end
      default: state_d = StIdle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    if (state_q == StIdle) req_q <= req_i;
    if (state_q == StCheck) cacheable_q <= cacheable;
  end

  logic unused;
  assign unused = unused_atomic;

endmodule
