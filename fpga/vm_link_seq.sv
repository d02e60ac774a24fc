// SPDX-License-Identifier: Apache-2.0
//
// Executes every frame at most once. A frame with the sequence number of the last one is that frame again, because its
// answer was lost: the kept answer is sent, and nothing is done. Number 0 begins a conversation: such a frame is always
// executed.
module vm_link_seq
  import vm_link_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,

    input  logic       frame_valid_i,
    output logic       frame_done_o,
    input  logic [7:0] seq_i,

    output logic engine_start_o,
    input  logic engine_done_i,
    input  logic engine_unknown_i,

    output logic       clear_o,  // of the answer
    output logic       send_o,
    output logic [7:0] seq_o,
    input  logic       sender_busy_i,

    output executed_t executed_o
);

  typedef enum logic [1:0] {
    StIdle,
    StRun,
    StSend
  } state_e;

  state_e state_d, state_q;
  logic [7:0] last_d, last_q;  // executed; 0 after reset, which is no repetition either
  executed_t executed_d, executed_q;

  assign seq_o = last_q;
  assign executed_o = executed_q;
  assign send_o = state_q == StSend;

  always_comb begin
    state_d = state_q;
    last_d = last_q;
    executed_d = executed_q;
    frame_done_o = 1'b0;
    engine_start_o = 1'b0;
    clear_o = 1'b0;
    unique case (state_q)
      StIdle:
      if (frame_valid_i && !sender_busy_i) begin
        if (seq_i != '0 && seq_i == last_q) begin
          executed_d.repeated = bump(executed_q.repeated);
          frame_done_o = 1'b1;
          state_d = StSend;
        end else begin
          clear_o = 1'b1;
          engine_start_o = 1'b1;
          last_d = seq_i;
          state_d = StRun;
        end
      end
      StRun:
      if (engine_done_i) begin
        executed_d.executed = bump(executed_q.executed);
        if (engine_unknown_i) executed_d.unknown = bump(executed_q.unknown);
        frame_done_o = 1'b1;
        state_d = StSend;
      end
      default: state_d = StIdle;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      last_q <= '0;
      executed_q <= '0;
    end else begin
      state_q <= state_d;
      last_q <= last_d;
      executed_q <= executed_d;
    end
  end

endmodule
