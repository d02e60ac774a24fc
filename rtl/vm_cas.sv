// SPDX-License-Identifier: Apache-2.0
//
// Between the MMU's walk port and the data cache: reads pass through; a compare-and-set becomes a locked read and
// write. From its acceptance to its answer the walker owns S0 of the cache, so nothing comes in between (X11, R13).
//
//   StPass     reads; accepts a compare-and-set as the read of its entry
//   StRead     that read was turned away: again
//   StWait     the entry comes
//   StDecide   not as expected, or an error: answer. Otherwise offer the write
//   StWrite    the write is done: answer
//
// Latency of a compare-and-set: the read's, and 1 cycle if it fails; else from that cycle on the write's.
module vm_cas
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic      slot_i,
    input  logic      req_valid_i,
    output logic      req_ready_o,
    input  walk_req_t req_i,
    output logic      rsp_valid_o,
    output logic      retry_o,
    output walk_rsp_t rsp_o,

    output logic        cache_slot_o,
    output logic        cache_req_valid_o,
    input  logic        cache_req_ready_i,
    output cache_req_t  cache_req_o,
    input  logic        cache_rsp_valid_i,
    input  logic        cache_retry_i,
    input  logic [63:0] cache_rdata_i,
    input  logic        cache_err_i
);

  typedef enum logic [2:0] {
    StPass,
    StRead,
    StWait,
    StDecide,
    StWrite
  } state_e;

  state_e state_d, state_q;
  logic [63:0] found_d, found_q;
  logic err_d, err_q;
  logic same_d, same_q;

  always_comb begin
    same_d = same_q;
    if (state_q == StWait) begin
      same_d = 1'b1;
      for (int unsigned i = 0; i < 8; i++) begin
        if (req_i.strb[i] && cache_rdata_i[8*i+:8] != req_i.expected[8*i+:8]) same_d = 1'b0;
      end
    end
  end

  if (!Cfg.Format.HwAd) begin : gen_pass
    logic unused;
    assign unused = ^{state_q, found_q, err_q, same_q, cache_retry_i, req_i};
    assign state_d = StPass;
    assign found_d = '0;
    assign err_d = 1'b0;
  end else begin : gen_cas
    always_comb begin
      state_d = state_q;
      found_d = found_q;
      err_d = err_q;
      unique case (state_q)
        StPass: if (req_valid_i && req_i.cas && cache_req_ready_i) state_d = StWait;
        StRead: if (cache_req_ready_i) state_d = StWait;
        StWait: begin
          found_d = cache_rdata_i;
          err_d = cache_err_i;
          if (cache_rsp_valid_i) state_d = StDecide;
          else if (cache_retry_i) state_d = StRead;
        end
        StDecide: begin
          if (err_q || !same_q) state_d = StPass;
          else if (cache_req_ready_i) state_d = StWrite;
        end
        StWrite: begin
          if (cache_rsp_valid_i) state_d = StPass;
          else if (cache_retry_i) state_d = StDecide;
        end
        default: state_d = StPass;
      endcase
    end
  end

  always_comb begin
    cache_slot_o = slot_i || state_q != StPass;
    cache_req_valid_o = (state_q == StPass) ? req_valid_i
                                            : state_q == StRead || (state_q == StDecide && !err_q && same_q);
    req_ready_o = state_q == StPass && cache_req_ready_i;
    cache_req_o = '{
        write: state_q == StDecide,
        uncached: !req_i.cacheable,
        strb: req_i.strb,
        addr: req_i.addr,
        wdata: Cfg.Format.HwAd ? req_i.desired : '0
    };
    rsp_valid_o = cache_rsp_valid_i;
    rsp_o = '{data: cache_rdata_i, err: cache_err_i, success: 1'b0};
    retry_o = cache_retry_i;
    if (state_q != StPass) begin
      retry_o = 1'b0;
      rsp_valid_o = (state_q == StDecide && (err_q || !same_q)) || (state_q == StWrite && cache_rsp_valid_i);
      rsp_o.data = found_q;
      rsp_o.err = err_q || (state_q == StWrite && cache_err_i);
      rsp_o.success = state_q == StWrite && !cache_err_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StPass;
    else state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    found_q <= found_d;
    err_q <= err_d;
    same_q <= same_d;
  end

endmodule
