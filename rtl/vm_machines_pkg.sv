// SPDX-License-Identifier: Apache-2.0
//
// The machine table: the only file in rtl/ that knows machines by name. To add a machine, add a constant
// here and its twin in sw/machine/machines.cpp; a test compares the two at run time.
package vm_machines_pkg;
  import vm_pkg::*;

  localparam tlb_geometry_t NoTlb = '{Sets: 16'd1, Ways: 8'd0};
  localparam cache_geometry_t NoCache = '{Sets: 16'd1, Ways: 8'd0, LineBytes: 16'd8};
  localparam region_t NoRegion = '{Base: '0, Size: '0, Cacheable: 1'b0, Atomic: 1'b0};

  function automatic region_t ram(logic [PaMax:0] base, logic [PaMax:0] size, logic cacheable, logic atomics = 1'b0);
    return '{Base: base, Size: size, Cacheable: cacheable, Atomic: atomics};
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
    f.MinLevels = 8'd1;
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

  // RISC-V tables of so many levels, with hardware updates of A and D.
  function automatic format_t riscv(logic [7:0] levels, logic [7:0] min_levels, logic [7:0] index, logic [7:0] page,
                                    logic [7:0] pte_log2, logic [7:0] ppn, logic extensions);
    format_t f;
    f = '0;
    f.Kind = PteRiscv;
    f.Levels = levels;
    f.MinLevels = min_levels;
    f.MaxLeafLevel = levels - 8'd1;
    f.IndexBits = {MaxLevels{index}} & ~({8*MaxLevels{1'b1}} << (8 * levels));
    f.PageBits = page;
    f.PteBytesLog2 = pte_log2;
    f.PpnLsb = 8'd10;
    f.PpnBits = ppn;
    f.ValidBit = NoBit;
    f.KernelBit = NoBit;
    f.ReadBit = NoBit;
    f.WriteBit = NoBit;
    f.ExecBit = NoBit;
    f.UpperVa = (pte_log2 == 8'd2) ? UpperZero : UpperSign;
    f.Napot = extensions;
    f.Pbmt = extensions;
    f.HwAd = 1'b1;
    return f;
  endfunction

  // x86-64 tables of so many levels; leaves up to 1 GiB.
  function automatic format_t x86(logic [7:0] levels, logic [7:0] pa_bits);
    format_t f;
    f = '0;
    f.Kind = PteX86;
    f.Levels = levels;
    f.MinLevels = 8'd4;
    f.MaxLeafLevel = 8'd2;
    f.IndexBits = {MaxLevels{8'd9}} & ~({8*MaxLevels{1'b1}} << (8 * levels));
    f.PageBits = 8'd12;
    f.PteBytesLog2 = 8'd3;
    f.PpnLsb = 8'd12;
    f.PpnBits = pa_bits - 8'd12;
    f.ValidBit = NoBit;
    f.KernelBit = NoBit;
    f.ReadBit = NoBit;
    f.WriteBit = NoBit;
    f.ExecBit = NoBit;
    f.UpperVa = UpperSign;
    f.HwAd = 1'b1;
    return f;
  endfunction

  // What the RISC-V machines share: 64-entry L1 TLBs, a 512-entry L2 TLB, 16 KiB caches, 2 GiB of memory.
  function automatic machine_t riscv_machine(format_t f, logic [7:0] pa_bits, logic [7:0] asid_bits,
                                             logic [7:0] hit_latency = 8'd1);
    machine_t m;
    m = '0;
    m.Format = f;
    m.VaBits = 8'(32'(f.PageBits) + index_lsb(f, 32'(f.Levels)));
    m.PaBits = pa_bits;
    m.BusBits = pa_bits;
    m.AsidBits = asid_bits;
    m.Itlb = '{Sets: 16'd16, Ways: 8'd4};
    m.Dtlb = '{Sets: 16'd16, Ways: 8'd4};
    m.SuperEntries = 8'd4;
    m.L2Tlb = '{Sets: 16'd128, Ways: 8'd4};
    m.WalkCacheSets = 16'd4;
    m.HitLatency = hit_latency;
    m.Icache = '{Sets: 16'd64, Ways: 8'd4, LineBytes: 16'd64};
    m.Dcache = '{Sets: 16'd64, Ways: 8'd4, LineBytes: 16'd64};
    m.L2Cache = NoCache;
    m.L3Cache = NoCache;
    m.WalkPort = WalkCache;
    m.Atomics = 1'b1;
    // Memory; uncached memory; devices, which take no atomics.
    m.Regions = {NoRegion, ram(57'h1000_0000, 57'h0100_0000, 1'b0), ram(57'h4000_0000, 57'h0400_0000, 1'b0, 1'b1),
                 ram(57'h8000_0000, 57'h8000_0000, 1'b1, 1'b1)};
    return m;
  endfunction

  function automatic machine_t with_lower_caches(machine_t machine, cache_geometry_t l2, cache_geometry_t l3);
    machine_t m;
    m = machine;
    m.L2Cache = l2;
    m.L3Cache = l3;
    return m;
  endfunction

  function automatic machine_t with_itlb(machine_t machine, tlb_geometry_t itlb);
    machine_t m;
    m = machine;
    m.Itlb = itlb;
    return m;
  endfunction

  function automatic machine_t with_prefetch(machine_t machine);
    machine_t m;
    m = machine;
    m.L2Prefetch = 1'b1;
    return m;
  endfunction

  function automatic machine_t with_misses(machine_t machine, logic [7:0] misses, logic [7:0] waiters);
    machine_t m;
    m = machine;
    m.Misses = misses;
    m.Waiters = waiters;
    m.CriticalFirst = 1'b1;
    return m;
  endfunction

  // First-level caches whose sets reach beyond the page.
  function automatic machine_t with_alias_resolution(machine_t machine, cache_geometry_t icache,
                                                     cache_geometry_t dcache);
    machine_t m;
    m = machine;
    m.AliasResolution = 1'b1;
    m.Icache = icache;
    m.Dcache = dcache;
    return m;
  endfunction

  // With an array port, through which bits can be flipped.
  function automatic machine_t with_parity(machine_t machine);
    machine_t m;
    m = machine;
    m.Parity = 1'b1;
    m.ArrayPort = 1'b1;
    return m;
  endfunction

  // 10-bit VA, 256-byte pages, 2 KiB of memory, tables above it. Entry: V7 K6 PPN2:0.
  localparam machine_t Toy10 = '{
    Format: flat(8'd2, 8'd8, 8'd0, 1'b0, 8'd0, 8'd3, 8'd7, 8'd6, NoBit, NoBit, NoBit),
    VaBits: 8'd10, PaBits: 8'd11, BusBits: 8'd12, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: NoCache, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b1, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h1000, 1'b0)}};

  // 5-bit VA, 8-byte pages, 64 bytes of memory, tables above it. Entry: V7 PPN2:0.
  localparam machine_t Toy5 = '{
    Format: flat(8'd2, 8'd3, 8'd0, 1'b0, 8'd0, 8'd3, 8'd7, NoBit, NoBit, NoBit, NoBit),
    VaBits: 8'd5, PaBits: 8'd6, BusBits: 8'd7, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: NoCache, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h80, 1'b0)}};

  // 18-bit VA, 1 KiB pages, 20-bit PA, 16-bit big-endian entries: V15 K14 PPN13:4.
  localparam machine_t Ptbr16 = '{
    Format: flat(8'd8, 8'd10, 8'd1, 1'b1, 8'd4, 8'd10, 8'd15, 8'd14, NoBit, NoBit, NoBit),
    VaBits: 8'd18, PaBits: 8'd20, BusBits: 8'd20, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: NoCache, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h10_0000, 1'b0)}};

  // Ptbr16 with write and execute rights in two of the unused bits: W3 X2.
  localparam machine_t Perm = '{
    Format: flat(8'd8, 8'd10, 8'd1, 1'b1, 8'd4, 8'd10, 8'd15, 8'd14, NoBit, 8'd3, 8'd2),
    VaBits: 8'd18, PaBits: 8'd20, BusBits: 8'd20, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: NoTlb, SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: NoCache, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h10_0000, 1'b0)}};

  // Eight words of memory, one-word pages, tables above them. Entry: V7 W6 PPN2:0.
  localparam machine_t Lewis8 = '{
    Format: flat(8'd3, 8'd2, 8'd0, 1'b0, 8'd0, 8'd3, 8'd7, NoBit, NoBit, 8'd6, NoBit),
    VaBits: 8'd5, PaBits: 8'd5, BusBits: 8'd7, AsidBits: 8'd0,
    Itlb: '{Sets: 16'd1, Ways: 8'd2}, Dtlb: '{Sets: 16'd1, Ways: 8'd2},
    SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: NoCache, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, NoRegion, ram(57'h0, 57'h80, 1'b0)}};

  // 16-bit VA and PA, 16-byte pages, tables in uncached memory above 64 KiB. Entry: V15 W14 PPN11:0.
  localparam machine_t Lewis16 = '{
    Format: flat(8'd12, 8'd4, 8'd1, 1'b0, 8'd0, 8'd12, 8'd15, NoBit, NoBit, 8'd14, NoBit),
    VaBits: 8'd16, PaBits: 8'd16, BusBits: 8'd18, AsidBits: 8'd4,
    Itlb: '{Sets: 16'd4, Ways: 8'd2}, Dtlb: '{Sets: 16'd4, Ways: 8'd2},
    SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: '{Sets: 16'd2, Ways: 8'd2, LineBytes: 16'd8}, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, ram(57'h1_0000, 57'h3_0000, 1'b0), ram(57'h0, 57'h1_0000, 1'b1)}};

  // The simple memory system: 14-bit VA, 12-bit PA, 64-byte pages, TLB 4 sets x 4 ways, data cache of 16
  // direct-mapped 4-byte lines, tables in uncached memory above 4 KiB. Entry: V7 PPN5:0.
  localparam machine_t Csapp14 = '{
    Format: flat(8'd8, 8'd6, 8'd0, 1'b0, 8'd0, 8'd6, 8'd7, NoBit, NoBit, NoBit, NoBit),
    VaBits: 8'd14, PaBits: 8'd12, BusBits: 8'd14, AsidBits: 8'd0,
    Itlb: NoTlb, Dtlb: '{Sets: 16'd4, Ways: 8'd4},
    SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: NoCache, Dcache: '{Sets: 16'd16, Ways: 8'd1, LineBytes: 16'd4}, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkMemory, Atomics: 1'b0, TrapSwap: 1'b0, ArrayPort: 1'b1, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, ram(57'h1000, 57'h3000, 1'b0), ram(57'h0, 57'h1000, 1'b1)}};

  // 32-bit VA, 4 KiB pages, 30-bit PA, a flat table of 4 MiB in cacheable memory, walked through the data
  // cache. Memory up to 896 MiB, then a hole, then 64 MiB uncached. Entry: V0 K1 R2 W3 X4 PPN29:12.
  localparam machine_t Flat32 = '{
    Format: flat(8'd20, 8'd12, 8'd2, 1'b0, 8'd12, 8'd18, 8'd0, 8'd1, 8'd2, 8'd3, 8'd4),
    VaBits: 8'd32, PaBits: 8'd30, BusBits: 8'd30, AsidBits: 8'd8,
    Itlb: '{Sets: 16'd16, Ways: 8'd4}, Dtlb: '{Sets: 16'd16, Ways: 8'd4},
    SuperEntries: 8'd0, L2Tlb: NoTlb, WalkCacheSets: 16'd0, HitLatency: 8'd1,
    Icache: '{Sets: 16'd64, Ways: 8'd4, LineBytes: 16'd64},
    Dcache: '{Sets: 16'd64, Ways: 8'd4, LineBytes: 16'd64}, L2Cache: NoCache, L3Cache: NoCache,
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, WalkPort: WalkCache, Atomics: 1'b1, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, ram(57'h3C00_0000, 57'h0400_0000, 1'b0), ram(57'h0, 57'h3800_0000, 1'b1, 1'b1)}};

  localparam machine_t Sv32 = riscv_machine(riscv(8'd2, 8'd2, 8'd10, 8'd12, 8'd2, 8'd22, 1'b0), 8'd34, 8'd9);
  localparam machine_t Sv39 = riscv_machine(riscv(8'd3, 8'd3, 8'd9, 8'd12, 8'd3, 8'd44, 1'b1), 8'd56, 8'd16);
  // With 32 KiB of L2; with that and 64 KiB of L3: small enough that random traffic fills them. The first level of Sv48 has
  // two and four colours of pages.
  localparam machine_t Sv48 = with_alias_resolution(with_lower_caches(
      riscv_machine(riscv(8'd4, 8'd3, 8'd9, 8'd12, 8'd3, 8'd44, 1'b1), 8'd56, 8'd16),
      '{Sets: 16'd64, Ways: 8'd8, LineBytes: 16'd64}, NoCache),
      '{Sets: 16'd128, Ways: 8'd4, LineBytes: 16'd64}, '{Sets: 16'd256, Ways: 8'd2, LineBytes: 16'd64});
  localparam machine_t Sv57 = with_lower_caches(
      riscv_machine(riscv(8'd5, 8'd3, 8'd9, 8'd12, 8'd3, 8'd44, 1'b1), 8'd56, 8'd16),
      '{Sets: 16'd64, Ways: 8'd8, LineBytes: 16'd64}, '{Sets: 16'd128, Ways: 8'd8, LineBytes: 16'd64});
  // Made to be fast on a small board.
  localparam machine_t Sv39Ulx3s = riscv_machine(riscv(8'd3, 8'd3, 8'd9, 8'd12, 8'd3, 8'd44, 1'b1), 8'd34, 8'd9, 8'd2);
  // For programs that go through memory page by page.
  localparam machine_t Sv39Prefetch = with_prefetch(Sv39);
  // For a core that has several accesses in flight: misses do not stop the caches. Two colours of pages in the instruction cache.
  localparam machine_t Sv39Nb = with_misses(
      with_alias_resolution(Sv39, '{Sets: 16'd128, Ways: 8'd2, LineBytes: 16'd64}, Sv39.Dcache), 8'd4, 8'd8);
  // The tables of Sv39 with 8 KiB pages; parity, also in an L2 of 32 KiB and an L3 of 64 KiB.
  localparam machine_t Riscv8k = with_parity(with_lower_caches(with_itlb(
      riscv_machine(riscv(8'd3, 8'd3, 8'd10, 8'd13, 8'd3, 8'd43, 1'b0), 8'd40, 8'd9), '{Sets: 16'd1, Ways: 8'd4}),
      '{Sets: 16'd128, Ways: 8'd4, LineBytes: 16'd64}, '{Sets: 16'd256, Ways: 8'd4, LineBytes: 16'd64}));

  // 4-level x86-64 with the TLBs and caches of the Core i7: 64 and 128 entries, 512 in the L2; 32 KiB 8-way, 256 KiB 8-way,
  // 8 MiB 16-way.
  localparam machine_t Corei7 = '{
    Format: x86(8'd4, 8'd52),
    VaBits: 8'd48, PaBits: 8'd52, BusBits: 8'd52, AsidBits: 8'd12,
    Itlb: '{Sets: 16'd32, Ways: 8'd4}, Dtlb: '{Sets: 16'd16, Ways: 8'd4}, SuperEntries: 8'd4,
    L2Tlb: '{Sets: 16'd128, Ways: 8'd4}, WalkCacheSets: 16'd4, HitLatency: 8'd1,
    Icache: '{Sets: 16'd64, Ways: 8'd8, LineBytes: 16'd64}, Dcache: '{Sets: 16'd64, Ways: 8'd8, LineBytes: 16'd64},
    AliasResolution: 1'b0, Misses: 8'd0, Waiters: 8'd0, CriticalFirst: 1'b0,
    L2Prefetch: 1'b0, L2Cache: '{Sets: 16'd512, Ways: 8'd8, LineBytes: 16'd64},
    L3Cache: '{Sets: 16'd8192, Ways: 8'd16, LineBytes: 16'd64}, WalkPort: WalkCache,
    Atomics: 1'b1, TrapSwap: 1'b0, ArrayPort: 1'b0, Parity: 1'b0,
    Regions: {NoRegion, NoRegion, ram(57'hF_0000_0000, 57'h0400_0000, 1'b0, 1'b1),
              ram(57'h0, 57'h1_0000_0000, 1'b1, 1'b1)}};

endpackage
