// SPDX-License-Identifier: Apache-2.0
//
// The iCEBreaker (UP5K) with its break-off board: csapp14 and the accesses of its book. Button 1 makes the next access, button 2
// the last one once more, button 3 starts over. LED 1 (red) fault, 2 TLB hit, 3 cache hit, 5 and 4 number of the access less
// one; on the board itself green for the byte that the book has, red while nothing can be pressed.
module vm_icebreaker #(
    parameter int unsigned DivR = 0,
    parameter int unsigned DivF = 63,
    parameter int unsigned DivQ = 5,
    parameter int unsigned FilterRange = 1,
    parameter int unsigned SampleClocks = 240_000  // of the buttons: 10 ms
) (
    input  logic       clk_12mhz,
    input  logic [3:1] btn,
    output logic [5:1] led,
    output logic       led_red_n,
    output logic       led_green_n
);

  logic clk, locked, rst_n, ready, tlb_hit, cache_hit, fault, right;
  logic [2:1] press;
  logic [2:0] step;
  logic [1:0] number;

  vm_pll_ice40 #(
      .DivR       (DivR),
      .DivF       (DivF),
      .DivQ       (DivQ),
      .FilterRange(FilterRange)
  ) u_pll (
      .pin_i   (clk_12mhz),
      .clk_o   (clk),
      .locked_o(locked)
  );

  vm_board_reset u_reset (
      .clk_i   (clk),
      .locked_i(locked),
      .button_i(btn[3]),
      .rst_no  (rst_n)
  );

  vm_debounce #(
      .Buttons     (2),
      .SampleClocks(SampleClocks)
  ) u_debounce (
      .clk_i    (clk),
      .rst_ni   (rst_n),
      .buttons_i(btn[2:1]),
      .press_o  (press)
  );

  vm_demo u_demo (
      .clk_i      (clk),
      .rst_ni     (rst_n),
      .next_i     (press[1]),
      .again_i    (press[2]),
      .ready_o    (ready),
      .step_o     (step),
      .tlb_hit_o  (tlb_hit),
      .cache_hit_o(cache_hit),
      .fault_o    (fault),
      .right_o    (right)
  );

  assign number = (step == '0) ? '0 : 2'(step - 1'b1);
  assign led = {number, cache_hit, tlb_hit, fault};
  assign led_red_n = ready;
  assign led_green_n = !right;

endmodule
