// SPDX-License-Identifier: Apache-2.0
//
// The bit layout of page-table entries: the only file in rtl/ that knows it. Every function takes the format
// as its first argument, which is a parameter wherever it is called, so the selection costs no logic.
package vm_pte_pkg;
  import vm_pkg::*;

  // One flag of an entry; `missing` where the format has no such bit.
  function automatic logic pte_flag(logic [63:0] pte, logic [7:0] position, logic missing);
    return (position == NoBit) ? missing : pte[position[5:0]];
  endfunction

  // The entry as a number, from the 64-bit beat that holds it (byte lanes) and its address.
  function automatic logic [63:0] pte_from_lanes(format_t f, logic [63:0] lanes, logic [2:0] addr_low);
    logic [63:0] raw;
    logic [63:0] pte;
    raw = lanes >> {addr_low, 3'b000};
    pte = '0;
    for (int unsigned i = 0; i < 8; i++) begin
      if (i < (32'd1 << f.PteBytesLog2)) begin
        if (f.PteBigEndian) begin
          pte[8*i+:8] = raw[8*((32'd1<<f.PteBytesLog2)-1-i)+:8];
        end else begin
          pte[8*i+:8] = raw[8*i+:8];
        end
      end
    end
    return pte;
  endfunction

  // Byte lanes an entry at this address occupies.
  function automatic logic [7:0] pte_strb(format_t f, logic [2:0] addr_low);
    return 8'((32'd1 << (32'd1 << f.PteBytesLog2)) - 1) << addr_low;
  endfunction

  function automatic logic pte_valid(format_t f, logic [63:0] pte);
    return pte_flag(pte, f.ValidBit, 1'b1);
  endfunction

  function automatic attr_t pte_attr(format_t f, logic [63:0] pte);
    attr_t a;
    a.u = !pte_flag(pte, f.KernelBit, 1'b0);
    a.r = pte_flag(pte, f.ReadBit, 1'b1);
    a.w = pte_flag(pte, f.WriteBit, 1'b1);
    a.x = pte_flag(pte, f.ExecBit, 1'b1);
    return a;
  endfunction

  function automatic logic [63:0] pte_ppn(format_t f, logic [63:0] pte);
    return (pte >> f.PpnLsb) & ~({64{1'b1}} << f.PpnBits);
  endfunction

endpackage
