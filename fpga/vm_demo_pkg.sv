// SPDX-License-Identifier: Apache-2.0
//
// The simple memory system as its book prints it (sim/scenarios/setup/csapp14.pwt has the same): what TLB and cache hold at the start,
// page table and memory, and the accesses that a button steps through.
package vm_demo_pkg;
  import vm_pkg::*;

  localparam logic [PaMax-1:0] TableBase = 56'h1000;

  // ------------------------------------------------------------------ accesses

  // byte_value: what the load gives, if it does not fault.
  typedef struct packed {
    logic [13:0] va;
    logic [7:0] byte_value;
  } step_t;

  // The three of the book, and a page without a valid entry.
  localparam int unsigned Steps = 4;
  localparam step_t [Steps-1:0] Step = '{
      '{va: 14'h0040, byte_value: 8'h00},
      '{va: 14'h0020, byte_value: 8'hD0},
      '{va: 14'h028F, byte_value: 8'hC3},
      '{va: 14'h03D4, byte_value: 8'h36}
  };

  // ------------------------------------------------------------------ TLB and cache

  typedef struct packed {
    logic valid;
    logic [5:0] tag;
    logic [5:0] ppn;
  } tlb_word_t;

  localparam tlb_word_t [3:0][3:0] Tlb = '{  // [set][way], the last one first
      '{'{1'b0, 6'h02, 6'h00}, '{1'b1, 6'h0A, 6'h34}, '{1'b1, 6'h03, 6'h0D}, '{1'b0, 6'h07, 6'h00}},
      '{'{1'b0, 6'h03, 6'h00}, '{1'b0, 6'h06, 6'h00}, '{1'b0, 6'h08, 6'h00}, '{1'b0, 6'h02, 6'h00}},
      '{'{1'b0, 6'h0A, 6'h00}, '{1'b0, 6'h04, 6'h00}, '{1'b0, 6'h02, 6'h00}, '{1'b1, 6'h03, 6'h2D}},
      '{'{1'b1, 6'h07, 6'h02}, '{1'b0, 6'h00, 6'h00}, '{1'b1, 6'h09, 6'h0D}, '{1'b0, 6'h03, 6'h00}}
  };

  typedef struct packed {
    logic valid;
    logic [5:0] tag;
    logic [31:0] bytes;  // of an invalid line: any
  } line_t;

  // Bytes as a number: the first one is the lowest.
  localparam line_t [15:0] Cache = '{  // the last set first
      '{1'b0, 6'h14, 32'h0},
      '{1'b1, 6'h13, 32'hD31B_7783},
      '{1'b1, 6'h16, 32'h1534_9604},
      '{1'b0, 6'h12, 32'h0},
      '{1'b0, 6'h0B, 32'h0},
      '{1'b1, 6'h2D, 32'h3BDA_1593},
      '{1'b0, 6'h2D, 32'h0},
      '{1'b1, 6'h24, 32'h8951_003A},
      '{1'b1, 6'h16, 32'h03DF_C211},
      '{1'b0, 6'h31, 32'h0},
      '{1'b1, 6'h0D, 32'h1DF0_7236},
      '{1'b1, 6'h32, 32'h098F_6D43},
      '{1'b0, 6'h36, 32'h0},
      '{1'b1, 6'h1B, 32'h0804_0200},
      '{1'b0, 6'h15, 32'h0},
      '{1'b1, 6'h19, 32'h1123_1199}
  };

  // ------------------------------------------------------------------ memory

  localparam logic [PaMax-1:0] MemoryBytes = 56'h4000;

  // The doubleword at an address, a multiple of 8. An entry is V7 PPN5:0. Memory holds the same bytes as the valid lines.
  function automatic logic [63:0] memory(logic [13:0] addr);
    unique case (addr)
      14'h1000: return 64'h0000_9600_82B3_00A8;  // VPN 00 to 07
      14'h1008: return 64'h8D91_AD00_0089_9793;  // VPN 08 to 0F
      14'h1018: return 64'h0000_0082_0000_0000;  // VPN 1C
      14'h1020: return 64'h0000_008D_0000_0000;  // VPN 24
      14'h1028: return 64'h0000_0000_B400_0000;  // VPN 2B
      14'h0640: return 64'h0000_0000_1123_1199;
      14'h06C8: return 64'h0000_0000_0804_0200;
      14'h0C90: return 64'h0000_0000_098F_6D43;
      14'h0350: return 64'h1DF0_7236_0000_0000;
      14'h0598: return 64'h03DF_C211_0000_0000;
      14'h0920: return 64'h0000_0000_8951_003A;
      14'h0B68: return 64'h0000_0000_3BDA_1593;
      14'h05B0: return 64'h1534_9604_0000_0000;
      14'h04F8: return 64'h0000_0000_D31B_7783;
      14'h0248: return 64'hC3C2_C1C0_0000_0000;
      14'h0A20: return 64'h0000_0000_D3D2_D1D0;
      default: return '0;
    endcase
  endfunction

  // ------------------------------------------------------------------ how it is brought into the machine

  localparam int unsigned TlbWords = 16;
  localparam int unsigned Lines = 16;
  localparam int unsigned BootSteps = TlbWords + 2 * Lines + 2;
  typedef logic [$clog2(BootSteps)-1:0] boot_t;

  // Array writes: TLB entries, then tags of lines, then their bytes.
  function automatic array_req_t boot_array(boot_t n);
    array_req_t req;
    tlb_word_t word;
    line_t line;
    req = '0;
    req.write = 1'b1;
    word = Tlb[n[3:2]][n[1:0]];
    line = Cache[n[3:0]];
    unique case (n[5:4])
      2'd0: begin
        req.array = ArrayDtlb;
        req.index = 16'(n[3:2]);
        req.way = 8'(n[1:0]);
        req.data0 = {word.valid, 2'b0, AttrAll, 44'b0, word.tag, n[3:2]};
        req.data1 = 64'(word.ppn);
      end
      2'd1: begin
        req.array = ArrayDcacheTag;
        req.index = 16'(n[3:0]);
        req.data0 = {line.valid, 51'b0, line.tag, n[3:0], 2'b0};
      end
      default: begin
        req.array = ArrayDcacheData;
        req.index = 16'(n[3:0]);
        req.data0 = 64'(line.bytes);
      end
    endcase
    return req;
  endfunction

  // Behind them, control writes: the table's base, and translation on.
  function automatic logic boot_is_ctl(boot_t n);
    return 32'(n) >= TlbWords + 2 * Lines;
  endfunction
  function automatic ctl_req_t boot_ctl(logic last);
    ctl_req_t req;
    req = '0;
    req.index = last ? CtlMode : CtlBase;
    req.data = last ? 64'd1 : 64'(TableBase);
    return req;
  endfunction

endpackage
