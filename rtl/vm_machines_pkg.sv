// SPDX-License-Identifier: Apache-2.0
//
// The machine table: the only file in rtl/ that knows machines by name. To add a machine, add a constant
// here and its twin in sw/machine/machines.cpp; a test compares the two at run time.
package vm_machines_pkg;
  import vm_pkg::*;

  localparam tlb_geometry_t NoTlb = '{Sets: 16'd1, Ways: 8'd0};
  localparam cache_geometry_t NoCache = '{Sets: 16'd1, Ways: 8'd0, LineBytes: 16'd8};
  localparam region_t NoRegion = '{Base: '0, Size: '0, Cacheable: 1'b0};

  function automatic region_t ram(logic [PaMax:0] base, logic [PaMax:0] size, logic cacheable);
    return '{Base: base, Size: size, Cacheable: cacheable};
  endfunction

  // A flat table: one level, flag bits where the arguments say.
  function automatic format_t flat(logic [7:0] vpn, logic [7:0] page, logic [7:0] pte_log2,
                                   logic big_endian, logic [7:0] ppn_lsb, logic [7:0] ppn,
                                   logic [7:0] v, logic [7:0] k, logic [7:0] r, logic [7:0] w,
                                   logic [7:0] x);
    format_t f;
    f = '0;
    f.Kind = PteFlat;
    f.Levels = 8'd1;
    f.IndexBits[0] = vpn;
    f.PageBits = page;
    f.PteBytesLog2 = pte_log2;
    f.PteBigEndian = big_endian;
    f.PpnLsb = ppn_lsb;
    f.PpnBits = ppn;
    f.ValidBit = v;
    f.KernelBit = k;
    f.ReadBit = r;
    f.WriteBit = w;
    f.ExecBit = x;
    f.UpperVa = UpperZero;
    return f;
  endfunction

  // 10-bit VA, 256-byte pages, 2 KiB of memory, tables above it. Entry: V7 K6 PPN2:0.
  localparam machine_t Toy10 = '{
    Format: flat(8'd2, 8'd8, 8'd0, 1'b0, 8'd0, 8'd3, 8'd7, 8'd6, NoBit, NoBit, NoBit),
    VaBits: 8'd10, PaBits: 8'd11, BusBits: 8'd12, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, Icache: NoCache, Dcache: NoCache,
    WalkPort: WalkMemory, TrapSwap: 1'b1, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h1000, 1'b0)}};

  // 5-bit VA, 8-byte pages, 64 bytes of memory, tables above it. Entry: V7 PPN2:0.
  localparam machine_t Toy5 = '{
    Format: flat(8'd2, 8'd3, 8'd0, 1'b0, 8'd0, 8'd3, 8'd7, NoBit, NoBit, NoBit, NoBit),
    VaBits: 8'd5, PaBits: 8'd6, BusBits: 8'd7, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, Icache: NoCache, Dcache: NoCache,
    WalkPort: WalkMemory, TrapSwap: 1'b0, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h80, 1'b0)}};

  // 18-bit VA, 1 KiB pages, 20-bit PA, 16-bit big-endian entries: V15 K14 PPN13:4.
  localparam machine_t Ptbr16 = '{
    Format: flat(8'd8, 8'd10, 8'd1, 1'b1, 8'd4, 8'd10, 8'd15, 8'd14, NoBit, NoBit, NoBit),
    VaBits: 8'd18, PaBits: 8'd20, BusBits: 8'd20, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, Icache: NoCache, Dcache: NoCache,
    WalkPort: WalkMemory, TrapSwap: 1'b0, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h10_0000, 1'b0)}};

  // Ptbr16 with write and execute rights in two of the unused bits: W3 X2.
  localparam machine_t Perm = '{
    Format: flat(8'd8, 8'd10, 8'd1, 1'b1, 8'd4, 8'd10, 8'd15, 8'd14, NoBit, 8'd3, 8'd2),
    VaBits: 8'd18, PaBits: 8'd20, BusBits: 8'd20, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, Icache: NoCache, Dcache: NoCache,
    WalkPort: WalkMemory, TrapSwap: 1'b0, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h10_0000, 1'b0)}};

  // Eight words of memory, one-word pages, tables above them. Entry: V7 W6 PPN2:0.
  localparam machine_t Lewis8 = '{
    Format: flat(8'd3, 8'd2, 8'd0, 1'b0, 8'd0, 8'd3, 8'd7, NoBit, NoBit, 8'd6, NoBit),
    VaBits: 8'd5, PaBits: 8'd5, BusBits: 8'd7, AsidBits: 8'd0,
    Itlb: '{Sets: 16'd1, Ways: 8'd2}, Dtlb: '{Sets: 16'd1, Ways: 8'd2}, Icache: NoCache, Dcache: NoCache,
    WalkPort: WalkMemory, TrapSwap: 1'b0, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h80, 1'b0)}};

  // 16-bit VA and PA, 16-byte pages, tables in uncached memory above 64 KiB. Entry: V15 W14 PPN11:0.
  localparam machine_t Lewis16 = '{
    Format: flat(8'd12, 8'd4, 8'd1, 1'b0, 8'd0, 8'd12, 8'd15, NoBit, NoBit, 8'd14, NoBit),
    VaBits: 8'd16, PaBits: 8'd16, BusBits: 8'd18, AsidBits: 8'd4,
    Itlb: '{Sets: 16'd4, Ways: 8'd2}, Dtlb: '{Sets: 16'd4, Ways: 8'd2},
    Icache: NoCache, Dcache: '{Sets: 16'd2, Ways: 8'd2, LineBytes: 16'd8},
    WalkPort: WalkMemory, TrapSwap: 1'b0, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, ram(57'h1_0000, 57'h3_0000, 1'b0), ram(57'h0, 57'h1_0000, 1'b1)}};

  // The simple memory system: 14-bit VA, 12-bit PA, 64-byte pages, TLB 4 sets x 4 ways, data cache of 16
  // direct-mapped 4-byte lines, tables in uncached memory above 4 KiB. Entry: V7 PPN5:0.
  localparam machine_t Csapp14 = '{
    Format: flat(8'd8, 8'd6, 8'd0, 1'b0, 8'd0, 8'd6, 8'd7, NoBit, NoBit, NoBit, NoBit),
    VaBits: 8'd14, PaBits: 8'd12, BusBits: 8'd14, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: '{Sets: 16'd4, Ways: 8'd4},
    Icache: NoCache, Dcache: '{Sets: 16'd16, Ways: 8'd1, LineBytes: 16'd4},
    WalkPort: WalkMemory, TrapSwap: 1'b0, ArrayPort: 1'b1,
    Regions: {NoRegion, NoRegion, ram(57'h1000, 57'h3000, 1'b0), ram(57'h0, 57'h1000, 1'b1)}};

  // 32-bit VA, 4 KiB pages, 30-bit PA, a flat table of 4 MiB in cacheable memory, walked through the data
  // cache. Memory up to 896 MiB, then a hole, then 64 MiB uncached. Entry: V0 K1 R2 W3 X4 PPN29:12.
  localparam machine_t Flat32 = '{
    Format: flat(8'd20, 8'd12, 8'd2, 1'b0, 8'd12, 8'd18, 8'd0, 8'd1, 8'd2, 8'd3, 8'd4),
    VaBits: 8'd32, PaBits: 8'd30, BusBits: 8'd30, AsidBits: 8'd8,
    Itlb: '{Sets: 16'd16, Ways: 8'd4}, Dtlb: '{Sets: 16'd16, Ways: 8'd4},
    Icache: '{Sets: 16'd64, Ways: 8'd4, LineBytes: 16'd64},
    Dcache: '{Sets: 16'd64, Ways: 8'd4, LineBytes: 16'd64},
    WalkPort: WalkCache, TrapSwap: 1'b0, ArrayPort: 1'b0,
    Regions: {NoRegion, NoRegion, ram(57'h3C00_0000, 57'h0400_0000, 1'b0), ram(57'h0, 57'h3800_0000, 1'b1)}};

endpackage
