// SPDX-License-Identifier: Apache-2.0
//
// A machine on a board: vm_top with block RAM behind its memory port and counters, driven over a serial line
// (docs/board.md). Nothing here is of one board; vm_ulx3s has the pins.
module vm_board
  import vm_pkg::*;
  import vm_link_pkg::*;
#(
    parameter machine_t         Cfg = '0,
    parameter int unsigned      ClocksPerBit = 25,
    parameter int unsigned      GapClocks = 100_000,   // a frame that stops for so long is given up
    parameter logic [PaMax-1:0] MemoryBase = '0,
    parameter int unsigned      MemoryBytes = 262_144
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic rx_i,
    output logic tx_o,
    output logic active_o,  // a frame is being executed
    output logic refused_o  // a frame has been refused since reset
);

  if (Cfg.Misses != 0 && Cfg.CriticalFirst) begin : gen_bad_critical
    $error("CriticalFirst: the memory of the board reads lines from their beginning; set CriticalFirst to 0");
  end

  localparam int unsigned CfgWords = ($bits(machine_t) + 63) / 64;
  localparam logic [64*CfgWords-1:0] CfgBits = (64 * CfgWords)'(Cfg);
  localparam int unsigned CounterBits = idx_bits($bits(events_t));

  // ------------------------------------------------------------------ line and frames

  logic byte_valid, byte_error, send_valid, send_ready;
  logic [7:0] byte_in, byte_out;
  logic frame_valid, frame_done;
  logic [7:0] frame_seq, frame_data, answer_seq, answer_data;
  length_t frame_length;
  logic [BufferBits-1:0] frame_addr;
  refused_t refused;
  executed_t executed;
  logic start, done, unknown, clear, append, full, send, sending;
  command_t command;
  logic command_valid, command_done, command_last, payload_valid, payload_end, payload_take;
  logic [7:0] payload;

  vm_uart #(
      .ClocksPerBit(ClocksPerBit)
  ) u_uart (
      .clk_i,
      .rst_ni,
      .rx_i,
      .tx_o,
      .rx_valid_o(byte_valid),
      .rx_error_o(byte_error),
      .rx_data_o (byte_in),
      .tx_valid_i(send_valid),
      .tx_ready_o(send_ready),
      .tx_data_i (byte_out)
  );

  vm_link_rx #(
      .GapClocks(GapClocks)
  ) u_rx (
      .clk_i,
      .rst_ni,
      .byte_valid_i (byte_valid),
      .byte_error_i (byte_error),
      .byte_i       (byte_in),
      .frame_valid_o(frame_valid),
      .frame_done_i (frame_done),
      .seq_o        (frame_seq),
      .length_o     (frame_length),
      .addr_i       (frame_addr),
      .data_o       (frame_data),
      .refused_o    (refused)
  );

  vm_link_seq u_seq (
      .clk_i,
      .rst_ni,
      .frame_valid_i   (frame_valid),
      .frame_done_o    (frame_done),
      .seq_i           (frame_seq),
      .engine_start_o  (start),
      .engine_done_i   (done),
      .engine_unknown_i(unknown),
      .clear_o         (clear),
      .send_o          (send),
      .seq_o           (answer_seq),
      .sender_busy_i   (sending),
      .executed_o      (executed)
  );

  vm_link_tx u_tx (
      .clk_i,
      .rst_ni,
      .clear_i     (clear),
      .append_i    (append || unknown),
      .data_i      (unknown ? AnswerUnknown : answer_data),
      .full_o      (full),
      .send_i      (send),
      .seq_i       (answer_seq),
      .busy_o      (sending),
      .byte_valid_o(send_valid),
      .byte_ready_i(send_ready),
      .byte_o      (byte_out)
  );

  vm_link_batch #(
      .Cfg(Cfg)
  ) u_batch (
      .clk_i,
      .rst_ni,
      .start_i        (start),
      .done_o         (done),
      .unknown_o      (unknown),
      .length_i       (frame_length),
      .addr_o         (frame_addr),
      .data_i         (frame_data),
      .full_i         (full),
      .command_valid_o(command_valid),
      .command_o      (command),
      .command_done_i (command_done),
      .command_last_i (command_last),
      .byte_valid_o   (payload_valid),
      .byte_end_o     (payload_end),
      .byte_o         (payload),
      .byte_take_i    (payload_take)
  );

  assign active_o = frame_valid;
  assign refused_o = refused != '0;

  // ------------------------------------------------------------------ machine, memory, counters

  logic machine_rst_n, machine_reset, reset_busy;
  logic [1:0] core_req_valid, core_req_ready, core_rsp_valid;
  core_req_t core_req;
  core_rsp_t [1:0] core_rsp;
  piece_t [1:0] pieces;
  events_t events;
  logic host_req_valid, host_req_ready, host_rsp_valid, ctl_req_valid, ctl_req_ready, ctl_rsp_valid;
  logic fence_req_valid, fence_req_ready, fence_rsp_valid, array_req_valid, array_req_ready, array_rsp_valid;
  host_req_t host_req;
  host_rsp_t host_rsp;
  ctl_req_t ctl_req;
  ctl_rsp_t ctl_rsp;
  fence_req_t fence_req;
  fence_rsp_t fence_rsp;
  array_req_t array_req;
  array_rsp_t array_rsp;
  logic mem_req_valid, mem_req_ready, mem_w_valid, mem_w_ready, mem_rsp_valid, mem_rsp_ready, memory_busy;
  mem_req_t mem_req;
  mem_wdata_t mem_w;
  mem_rsp_t mem_rsp;
  logic wb_error_valid;
  logic [PaMax-1:0] wb_error_addr;
  logic [7:0] word_index;
  logic [63:0] word_d, word_q, counter, cycles_q;

  vm_link_engine #(
      .Cfg(Cfg)
  ) u_engine (
      .clk_i,
      .rst_ni,
      .command_valid_i  (command_valid),
      .command_i        (command),
      .command_done_o   (command_done),
      .command_last_o   (command_last),
      .byte_valid_i     (payload_valid),
      .byte_end_i       (payload_end),
      .byte_i           (payload),
      .byte_take_o      (payload_take),
      .append_o         (append),
      .out_o            (answer_data),
      .word_index_o     (word_index),
      .word_i           (word_q),
      .reset_o          (machine_reset),
      .reset_busy_i     (reset_busy),
      .core_req_valid_o (core_req_valid),
      .core_req_ready_i (core_req_ready),
      .core_req_o       (core_req),
      .core_rsp_valid_i (core_rsp_valid),
      .core_rsp_i       (core_rsp),
      .pieces_i         (pieces),
      .events_i         (events),
      .mem_read_i       (mem_req_valid && mem_req_ready && !mem_req.write),
      .mem_write_i      (mem_req_valid && mem_req_ready && mem_req.write),
      .host_req_valid_o (host_req_valid),
      .host_req_ready_i (host_req_ready),
      .host_req_o       (host_req),
      .host_rsp_valid_i (host_rsp_valid),
      .host_rsp_i       (host_rsp),
      .ctl_req_valid_o  (ctl_req_valid),
      .ctl_req_ready_i  (ctl_req_ready),
      .ctl_req_o        (ctl_req),
      .ctl_rsp_valid_i  (ctl_rsp_valid),
      .ctl_rsp_i        (ctl_rsp),
      .fence_req_valid_o(fence_req_valid),
      .fence_req_ready_i(fence_req_ready),
      .fence_req_o      (fence_req),
      .fence_rsp_valid_i(fence_rsp_valid),
      .fence_rsp_i      (fence_rsp),
      .array_req_valid_o(array_req_valid),
      .array_req_ready_i(array_req_ready),
      .array_req_o      (array_req),
      .array_rsp_valid_i(array_rsp_valid),
      .array_rsp_i      (array_rsp)
  );

  vm_top #(
      .Cfg(Cfg)
  ) u_machine (
      .clk_i,
      .rst_ni           (machine_rst_n),
      .fetch_req_valid_i(core_req_valid[0]),
      .fetch_req_ready_o(core_req_ready[0]),
      .fetch_req_i      (core_req),
      .fetch_rsp_valid_o(core_rsp_valid[0]),
      .fetch_rsp_o      (core_rsp[0]),
      .data_req_valid_i (core_req_valid[1]),
      .data_req_ready_o (core_req_ready[1]),
      .data_req_i       (core_req),
      .data_rsp_valid_o (core_rsp_valid[1]),
      .data_rsp_o       (core_rsp[1]),
      .host_req_valid_i (host_req_valid),
      .host_req_ready_o (host_req_ready),
      .host_req_i       (host_req),
      .host_rsp_valid_o (host_rsp_valid),
      .host_rsp_o       (host_rsp),
      .ctl_req_valid_i  (ctl_req_valid),
      .ctl_req_ready_o  (ctl_req_ready),
      .ctl_req_i        (ctl_req),
      .ctl_rsp_valid_o  (ctl_rsp_valid),
      .ctl_rsp_o        (ctl_rsp),
      .fence_req_valid_i(fence_req_valid),
      .fence_req_ready_o(fence_req_ready),
      .fence_req_i      (fence_req),
      .fence_rsp_valid_o(fence_rsp_valid),
      .fence_rsp_o      (fence_rsp),
      .array_req_valid_i(array_req_valid),
      .array_req_ready_o(array_req_ready),
      .array_req_i      (array_req),
      .array_rsp_valid_o(array_rsp_valid),
      .array_rsp_o      (array_rsp),
      .mem_req_valid_o  (mem_req_valid),
      .mem_req_ready_i  (mem_req_ready),
      .mem_req_o        (mem_req),
      .mem_w_valid_o    (mem_w_valid),
      .mem_w_ready_i    (mem_w_ready),
      .mem_w_o          (mem_w),
      .mem_rsp_valid_i  (mem_rsp_valid),
      .mem_rsp_ready_o  (mem_rsp_ready),
      .mem_rsp_i        (mem_rsp),
      .wb_error_valid_o (wb_error_valid),
      .wb_error_addr_o  (wb_error_addr),
      .events_o         (events),
      .pieces_o         (pieces)
  );

  vm_board_memory #(
      .Base (MemoryBase),
      .Bytes(MemoryBytes)
  ) u_memory (
      .clk_i,
      .rst_ni     (rst_ni),
      .clear_i    (machine_reset),
      .busy_o     (memory_busy),
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

  vm_counters #(
      .Width(32)
  ) u_counters (
      .clk_i,
      .rst_ni  (machine_rst_n),
      .events_i(events),
      .index_i (word_index[CounterBits-1:0]),
      .value_o (counter)
  );

  // ------------------------------------------------------------------ reset of the machine, and what can be asked

  // The machine waits in reset until memory is zero; no answer of memory is under way then, as the engine waits for each.
  logic reset_q;
  assign reset_busy = reset_q;
  assign machine_rst_n = rst_ni && !reset_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) reset_q <= 1'b0;
    else if (machine_reset) reset_q <= 1'b1;
    else if (!memory_busy) reset_q <= 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (!machine_rst_n) cycles_q <= '0;
    else cycles_q <= cycles_q + 1'b1;
  end

  always_comb begin
    word_d = '0;
    unique casez (word_index)
      8'h00:
      word_d = {16'h5057, 16'($bits(machine_t)), 8'($bits(events_t)), 8'(BufferBits), 8'(pa_bytes(Cfg)), Version};
      8'h01: word_d = 64'(MemoryBase);
      8'h02: word_d = 64'(MemoryBytes);
      8'h03: word_d = cycles_q;
      8'h04: word_d = {refused.gap, refused.framing, refused.bad_length, refused.bad_crc};
      8'h05: word_d = {executed.unknown, executed.repeated, executed.executed, refused.overrun};
      8'b1???_????: word_d = counter;
      default: begin
        for (int unsigned i = 0; i < CfgWords; i++) begin
          if (32'(word_index) == 32'h10 + i) word_d = CfgBits[64*i+:64];
        end
      end
    endcase
  end
  always_ff @(posedge clk_i) word_q <= word_d;

  logic unused;
  assign unused = ^{wb_error_valid, wb_error_addr};

endmodule
