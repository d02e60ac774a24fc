// SPDX-License-Identifier: Apache-2.0
//
// vm_l1 towards memory: the request register, through which every request goes, and the victim buffer of one line.
//
//   fetch    a line is asked for, from fetch_word_i on (wrapping), under the id of its miss register
//   evict    a line is copied into the victim buffer, a word per cycle of S0, as soon as the buffer is empty;
//            evict_done_o when all of it is there. From then on it goes to memory by itself: the buffer waits for
//            memory only
//   single   one uncached or written-through access; the answer is the pulse single_rsp_valid_o
//
// A fetch goes before a line that waits to be written; single accesses come when nothing else is under way. The
// owner of fetch holds back a line that is still in the buffer (buffer_busy_o, buffer_line_o).
module vm_l1_bus
  import vm_pkg::*;
#(
    parameter  mem_src_e    Src = MemData,
    parameter  int unsigned Regs = 5,
    parameter  int unsigned IdW = 3,
    parameter  int unsigned Ways = 4,
    parameter  int unsigned Words = 8,
    parameter  int unsigned TagW = 22,
    parameter  int unsigned SetBits = 6,
    parameter  bit          CriticalFirst = 1'b1,
    localparam int unsigned SetW = (SetBits > 0) ? SetBits : 1,
    localparam int unsigned WordIdxW = idx_bits(Words),
    localparam int unsigned LineW = TagW + SetBits
) (
    input logic clk_i,
    input logic rst_ni,

    output logic idle_o,

    input  logic                fetch_valid_i,
    output logic                fetch_ready_o,
    input  logic [IdW-1:0]      fetch_id_i,
    input  logic [LineW-1:0]    fetch_line_i,
    input  logic [WordIdxW-1:0] fetch_word_i,

    // evict_valid_i and what it names hold until evict_done_o
    input  logic                      evict_valid_i,
    output logic                      evict_done_o,
    input  logic [SetW-1:0]           evict_set_i,
    input  logic [Ways-1:0]           evict_way_i,
    output logic                      read_o,       // this cycle's S0 belongs to the copy
    output logic [WordIdxW-1:0]       read_word_o,
    input  logic [Ways-1:0][TagW-1:0] read_tag_i,   // one cycle later
    input  logic [Ways-1:0][63:0]     read_data_i,
    output logic                      buffer_busy_o,
    output logic [LineW-1:0]          buffer_line_o,

    input  logic             single_valid_i,      // holds until single_ready_o; the payload until the answer
    output logic             single_ready_o,
    input  logic             single_write_i,
    input  logic [7:0]       single_strb_i,
    input  logic [PaMax-1:0] single_addr_i,
    input  logic [63:0]      single_wdata_i,
    output logic             single_rsp_valid_o,

    output logic             mem_req_valid_o,
    input  logic             mem_req_ready_i,
    output mem_req_t         mem_req_o,
    output logic             mem_w_valid_o,
    input  logic             mem_w_ready_i,
    output mem_wdata_t       mem_w_o,
    input  logic             mem_rsp_valid_i,
    input  logic [IdW-1:0]   mem_rsp_id_i,
    input  logic             mem_rsp_err_i,
    output logic             written_o,           // a line has been written back
    output logic             wb_error_valid_o,
    output logic [PaMax-1:0] wb_error_addr_o
);

  localparam int unsigned OffBits = $clog2(Words) + 3;
  localparam logic [IdW-1:0] IdBuffer = IdW'(Regs);
  localparam logic [IdW-1:0] IdSingle = IdW'(Regs + 1);
  localparam logic [WordIdxW-1:0] LastWord = WordIdxW'(Words - 1);

  typedef enum logic [2:0] {
    StEmpty,
    StCopy,    // reads
    StTail,    // the last word comes
    StOffer,   // waits for the request register
    StWrite,   // data goes out
    StAnswer
  } state_e;

  state_e state_d, state_q;
  logic [WordIdxW-1:0] word_d, word_q;
  logic [SetW-1:0] set_q;
  logic [Ways-1:0] way_q;
  logic [TagW-1:0] tag_d, tag_q;
  logic keep_q;                      // the word read in the cycle before is here
  logic first_q;
  logic [WordIdxW-1:0] keep_word_q;
  logic [63:0] keep_data;
  logic buffer_load, data_go;

  (* ram_style = "distributed", no_rw_check *) logic [63:0] buffer_mem[Words];

  always_comb begin
    keep_data = '0;
    tag_d = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (way_q[w]) begin
        keep_data |= read_data_i[w];
        tag_d |= read_tag_i[w];
      end
    end
  end

  assign read_o = state_q == StCopy;
  assign read_word_o = word_q;
  assign evict_done_o = state_q == StTail;
  assign buffer_busy_o = state_q != StEmpty;
  assign buffer_line_o = (SetBits > 0) ? LineW'({tag_q, set_q}) : LineW'(tag_q);
  assign written_o = state_q == StAnswer && mem_rsp_valid_i && mem_rsp_id_i == IdBuffer;
  assign wb_error_valid_o = written_o && mem_rsp_err_i;
  assign wb_error_addr_o = PaMax'(buffer_line_o) << OffBits;

  always_comb begin
    state_d = state_q;
    word_d = word_q;
    unique case (state_q)
      StEmpty: begin
        word_d = '0;
        if (evict_valid_i) state_d = StCopy;
      end
      StCopy: begin
        word_d = word_q + 1'b1;
        if (word_q == LastWord) state_d = StTail;
      end
      StTail: begin
        word_d = '0;
        state_d = StOffer;
      end
      StOffer: if (buffer_load) state_d = StWrite;
      StWrite: begin
        if (data_go) begin
          word_d = word_q + 1'b1;
          if (word_q == LastWord) state_d = StAnswer;
        end
      end
      StAnswer: if (written_o) state_d = StEmpty;
      default: state_d = StEmpty;
    endcase
  end

  // ------------------------------------------------------------------ request register

  mem_req_t request_d, request_q;
  logic valid_d, valid_q;
  logic writing_d, writing_q;    // data of the request before is going out
  logic free, single_data;

  assign mem_req_valid_o = valid_q && !writing_q;
  assign mem_req_o = request_q;
  assign free = !valid_q;
  assign fetch_ready_o = free;
  assign buffer_load = free && !fetch_valid_i && state_q == StOffer;
  assign single_ready_o = free && !fetch_valid_i && state_q != StOffer;
  assign single_rsp_valid_o = mem_rsp_valid_i && mem_rsp_id_i == IdSingle;

  always_comb begin
    valid_d = valid_q && !(mem_req_valid_o && mem_req_ready_i);
    request_d = request_q;
    if (free) begin
      if (fetch_valid_i) begin
        valid_d = 1'b1;
        request_d = '{src: Src, id: MemIdBits'(fetch_id_i), write: 1'b0, len: 8'(Words - 1), strb: '1,
                      addr: PaMax'(fetch_line_i) << OffBits};
        if (CriticalFirst) request_d.addr |= PaMax'(fetch_word_i) << 3;
      end else if (state_q == StOffer) begin
        valid_d = 1'b1;
        request_d = '{src: Src, id: MemIdBits'(IdBuffer), write: 1'b1, len: 8'(Words - 1), strb: '1,
                      addr: wb_error_addr_o};
      end else if (single_valid_i) begin
        valid_d = 1'b1;
        request_d = '{src: Src, id: MemIdBits'(IdSingle), write: single_write_i, len: 8'd0, strb: single_strb_i,
                      addr: single_addr_i};
      end
    end
  end

  assign single_data = state_q == StEmpty;
  assign mem_w_valid_o = writing_q;
  assign mem_w_o.data = single_data ? single_wdata_i : buffer_mem[word_q];
  assign mem_w_o.last = single_data || word_q == LastWord;
  assign data_go = writing_q && mem_w_ready_i;
  always_comb begin
    writing_d = writing_q && !(data_go && mem_w_o.last);
    if (mem_req_valid_o && mem_req_ready_i && request_q.write) writing_d = 1'b1;
  end

  assign idle_o = state_q == StEmpty && !evict_valid_i && !valid_q && !writing_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StEmpty;
      valid_q <= 1'b0;
      writing_q <= 1'b0;
      keep_q <= 1'b0;
    end else begin
      state_q <= state_d;
      valid_q <= valid_d;
      writing_q <= writing_d;
      keep_q <= state_q == StCopy;
    end
  end
  always_ff @(posedge clk_i) begin
    word_q <= word_d;
    request_q <= request_d;
    keep_word_q <= word_q;
    first_q <= word_q == '0;
    if (state_q == StEmpty) begin
      set_q <= evict_set_i;
      way_q <= evict_way_i;
    end
    if (keep_q && first_q) tag_q <= tag_d;
    if (keep_q) buffer_mem[keep_word_q] <= keep_data;
  end

endmodule
