// SPDX-License-Identifier: Apache-2.0
//
// Asynchronous serial line, 8 data bits, no parity, 1 stop bit, both directions.
//
// A received byte is there for one cycle (rx_valid_o) and must be taken; rx_error_o instead of it says that the stop
// bit was missing. Bits are sampled in their middle, counted from the falling edge of the start bit. Sending is
// valid/ready.
module vm_uart #(
    parameter int unsigned ClocksPerBit = 25  // 4 or more
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic rx_i,
    output logic tx_o,

    output logic       rx_valid_o,
    output logic       rx_error_o,
    output logic [7:0] rx_data_o,

    input  logic       tx_valid_i,
    output logic       tx_ready_o,
    input  logic [7:0] tx_data_i
);

  localparam int unsigned Width = $clog2(ClocksPerBit + 1);
  typedef logic [Width-1:0] clocks_t;
  localparam clocks_t Whole = clocks_t'(ClocksPerBit - 1);
  localparam clocks_t Half = clocks_t'(ClocksPerBit / 2 - 1);

  if (ClocksPerBit < 4) begin : gen_too_fast
    $error("ClocksPerBit: a bit takes at least 4 cycles to be sampled in its middle");
  end

  // ------------------------------------------------------------------ receiver

  logic [2:0] line_q;  // two stages against metastability, and the bit before
  logic rx_busy_d, rx_busy_q;
  clocks_t rx_clock_d, rx_clock_q;
  logic [3:0] rx_bit_d, rx_bit_q;  // 0 start bit, 1 to 8 data, 9 stop bit
  logic [7:0] rx_shift_d, rx_shift_q;
  logic line;
  assign line = line_q[1];

  always_comb begin
    rx_busy_d = rx_busy_q;
    rx_clock_d = rx_clock_q - 1'b1;
    rx_bit_d = rx_bit_q;
    rx_shift_d = rx_shift_q;
    rx_valid_o = 1'b0;
    rx_error_o = 1'b0;
    if (!rx_busy_q) begin
      rx_clock_d = Half;
      rx_bit_d = '0;
      rx_busy_d = line_q[2] && !line;
    end else if (rx_clock_q == '0) begin
      rx_clock_d = Whole;
      rx_bit_d = rx_bit_q + 1'b1;
      unique case (rx_bit_q)
        4'd0: rx_busy_d = !line;  // a glitch is no start bit
        4'd9: begin
          rx_busy_d = 1'b0;
          rx_valid_o = line;
          rx_error_o = !line;
        end
        default: rx_shift_d = {line, rx_shift_q[7:1]};
      endcase
    end
  end
  assign rx_data_o = rx_shift_q;

  // ------------------------------------------------------------------ sender

  logic [9:0] tx_shift_d, tx_shift_q;  // stop bit, data, start bit; ones behind it
  logic [3:0] tx_left_d, tx_left_q;    // bits
  clocks_t tx_clock_d, tx_clock_q;

  assign tx_ready_o = tx_left_q == '0;
  assign tx_o = tx_shift_q[0];

  always_comb begin
    tx_shift_d = tx_shift_q;
    tx_left_d = tx_left_q;
    tx_clock_d = tx_clock_q;
    if (tx_left_q == '0) begin
      if (tx_valid_i) begin
        tx_shift_d = {1'b1, tx_data_i, 1'b0};
        tx_left_d = 4'd10;
        tx_clock_d = Whole;
      end
    end else if (tx_clock_q != '0) begin
      tx_clock_d = tx_clock_q - 1'b1;
    end else begin
      tx_clock_d = Whole;
      tx_shift_d = {1'b1, tx_shift_q[9:1]};
      tx_left_d = tx_left_q - 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      line_q <= '1;
      rx_busy_q <= 1'b0;
      tx_shift_q <= '1;
      tx_left_q <= '0;
    end else begin
      line_q <= {line_q[1:0], rx_i};
      rx_busy_q <= rx_busy_d;
      tx_shift_q <= tx_shift_d;
      tx_left_q <= tx_left_d;
    end
    rx_clock_q <= rx_clock_d;
    rx_bit_q <= rx_bit_d;
    rx_shift_q <= rx_shift_d;
    tx_clock_q <= tx_clock_d;
  end

endmodule
