// SPDX-License-Identifier: Apache-2.0
//
// Optional performance counters: one for every bit of events_t, that is of the strobes of vm_top (or of vm_mmu_unit, with
// the caches' bits tied to 0). docs/architecture.md numbers them.
//
// The strobes go into registers first, so that counting is on no path of the machine: a pulse in cycle n is in the counter
// from cycle n+2 on. Counters wrap. value_o is the counter that index_i named in the cycle before, 0 for an index beyond
// the last one. A counter that Enable leaves out is 0 and costs nothing.
module vm_counters
  import vm_pkg::*;
#(
    parameter  int unsigned Width = 64,      // 1 to 64
    parameter  events_t     Enable = '1,
    localparam int unsigned Count = $bits(events_t)
) (
    input  logic                           clk_i,
    input  logic                           rst_ni,
    input  events_t                        events_i,
    input  logic    [idx_bits(Count)-1:0]  index_i,
    output logic    [63:0]                 value_o
);

  logic [Count-1:0] events_q;
  logic [Count-1:0][Width-1:0] count;
  logic [63:0] value_d, value_q;

  if (Width == 0 || Width > 64) begin : gen_bad_width
    $error("Width: counters have 1 to 64 bits");
  end

  for (genvar i = 0; i < Count; i++) begin : gen_counter
    if (Enable[i]) begin : gen_on
      logic [Width-1:0] count_q;
      always_ff @(posedge clk_i) begin
        if (!rst_ni) count_q <= '0;
        else if (events_q[i]) count_q <= count_q + 1'b1;
      end
      assign count[i] = count_q;
    end else begin : gen_off
      logic unused;
      assign unused = events_q[i];
      assign count[i] = '0;
    end
  end

  assign value_d = (32'(index_i) < Count) ? 64'(count[index_i]) : '0;
  assign value_o = value_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) events_q <= '0;
    else events_q <= events_i;
    value_q <= value_d;
  end

endmodule
