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

  // An entry as a beat, the same value in every place it could lie.
  function automatic logic [63:0] pte_to_lanes(format_t f, logic [63:0] pte);
    logic [63:0] lanes;
    for (int unsigned i = 0; i < 8; i++) begin
      int unsigned b;
      b = i % (32'd1 << f.PteBytesLog2);
      if (f.PteBigEndian) b = (32'd1 << f.PteBytesLog2) - 1 - b;
      lanes[8*i+:8] = pte[8*b+:8];
    end
    return lanes;
  endfunction

  // What an entry says. valid = 0: everything else means nothing (R7, X3).
  typedef struct packed {
    logic valid;
    logic reserved;  // a reserved bit or encoding, a misaligned superpage, a pointer where none may be
    logic leaf;
    logic accessed;
    logic napot;
    attr_t attr;     // of a pointer: what it allows below it, and the memory type of the table it points to
  } pte_t;

  function automatic logic [63:0] pte_ppn(format_t f, logic [63:0] pte);
    return (pte >> f.PpnLsb) & ~({64{1'b1}} << f.PpnBits);
  endfunction

  // The PPN bits that a leaf at this level leaves to the virtual address.
  function automatic logic [63:0] span_mask(format_t f, logic [2:0] level, logic napot);
    logic [63:0] mask;
    mask = '0;
    for (int unsigned l = 1; l < MaxLevels; l++) begin
      if (32'(level) >= l && l < 32'(f.Levels)) mask |= (64'd1 << index_lsb(f, l)) - 1;
    end
    if (f.Napot && napot) mask |= 64'hF;
    return mask;
  endfunction

  // x86: entry i of the page attribute table (X18).
  function automatic mem_type_e pat_type(logic [63:0] pat, logic [2:0] i);
    return mem_type_e'(pat[{i, 3'b000}+:3]);
  endfunction

  function automatic pte_t pte_flat(format_t f, logic [63:0] pte);
    pte_t e;
    e = '{valid: pte_flag(pte, f.ValidBit, 1'b1), reserved: 1'b0, leaf: 1'b1, accessed: 1'b1, napot: 1'b0,
          attr: AttrAll};
    e.attr.u = !pte_flag(pte, f.KernelBit, 1'b0);
    e.attr.r = pte_flag(pte, f.ReadBit, 1'b1);
    e.attr.w = pte_flag(pte, f.WriteBit, 1'b1);
    e.attr.x = pte_flag(pte, f.ExecBit, 1'b1);
    return e;
  endfunction

  // V0 R1 W2 X3 U4 G5 A6 D7, PPN from PpnLsb; 8-byte entries: reserved up to bit 60, PBMT 62:61, N 63 (R2).
  function automatic pte_t pte_riscv(format_t f, env_t env, logic [63:0] pte, logic [2:0] level);
    pte_t e;
    logic [63:0] ppn;
    logic high;
    ppn = pte_ppn(f, pte);
    e.valid = pte[0];
    e.leaf = pte[1] || pte[3];
    e.accessed = pte[6];
    e.napot = f.Napot && pte[63];
    e.attr = AttrAll;
    e.attr.g = pte[5];
    high = 1'b0;
    e.reserved = !pte[1] && pte[2];
    if (f.PteBytesLog2 == 8'd3) begin
      for (int unsigned b = 0; b <= 60; b++) begin
        if (b >= 32'(f.PpnLsb) + 32'(f.PpnBits)) e.reserved |= pte[b];
      end
      high = pte[63:61] != '0;
      if (!f.Napot) e.reserved |= pte[63];
      if (!f.Pbmt) e.reserved |= pte[62:61] != '0;
      else e.reserved |= (pte[62:61] != '0 && !env.pbmte) || pte[62:61] == 2'd3;
    end
    if (e.leaf) begin
      e.attr.u = pte[4];
      e.attr.r = pte[1];
      e.attr.w = pte[2];
      e.attr.x = pte[3];
      e.attr.d = pte[7];
      if (f.Pbmt && pte[62:61] == 2'd1) e.attr.mem_type = TypeNonCacheable;
      if (f.Pbmt && pte[62:61] == 2'd2) e.attr.mem_type = TypeIo;
      e.reserved |= (ppn & span_mask(f, level, 1'b0)) != '0;
      if (e.napot) e.reserved |= level != '0 || ppn[3:0] != 4'b1000;
    end else begin
      e.reserved |= level == '0 || pte[4] || pte[6] || pte[7] || high;
    end
    return e;
  endfunction

  // P0 RW1 US2 PWT3 PCD4 A5 D6 PS/PAT7 G8, PAT of large pages 12, XD63 (X17); reserved bits X4.
  function automatic pte_t pte_x86(format_t f, env_t env, logic [63:0] pat, logic [63:0] pte, logic [2:0] level);
    pte_t e;
    logic super_leaf;
    super_leaf = level != '0 && pte[7];
    e.valid = pte[0];
    e.leaf = level == '0 || super_leaf;
    e.accessed = pte[5];
    e.napot = 1'b0;
    e.attr = '{
        mem_type: pat_type(pat, {e.leaf && (super_leaf ? pte[12] : pte[7]), pte[4], pte[3]}),
        g: e.leaf && pte[8] && env.pge,
        d: pte[6],
        u: pte[2],
        r: 1'b1,
        w: pte[1],
        x: !pte[63]
    };
    e.reserved = !env.nxe && pte[63];
    for (int unsigned b = 12; b < 52; b++) begin
      if (b >= 32'(f.PpnLsb) + 32'(f.PpnBits)) e.reserved |= pte[b];
    end
    if (super_leaf) begin
      e.reserved |= 32'(level) > 32'(f.MaxLeafLevel);
      // Bit 12, the lowest of the PPN, is the PAT bit.
      e.reserved |= (pte_ppn(f, pte) & span_mask(f, level, 1'b0) & ~64'd1) != '0;
    end
    return e;
  endfunction

  function automatic pte_t pte_decode(format_t f, env_t env, logic [63:0] pat, logic [63:0] pte, logic [2:0] level);
    unique case (f.Kind)
      PteRiscv: return pte_riscv(f, env, pte, level);
      PteX86: return pte_x86(f, env, pat, pte, level);
      default: return pte_flat(f, pte);
    endcase
  endfunction

  // The entry with the accessed bit set, and the dirty bit for a store to the page it names.
  function automatic logic [63:0] pte_with_accessed(format_t f, logic [63:0] pte, logic dirty);
    unique case (f.Kind)
      PteRiscv: return pte | 64'h40 | (dirty ? 64'h80 : 64'h0);
      PteX86: return pte | 64'h20 | (dirty ? 64'h40 : 64'h0);
      default: return pte;
    endcase
  endfunction

endpackage
