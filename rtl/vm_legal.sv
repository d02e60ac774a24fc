// SPDX-License-Identifier: Apache-2.0
//
// What a machine may be: elaboration of any other Cfg stops with a sentence that says what to change. No hardware.
module vm_legal
  import vm_pkg::*;
#(
    parameter machine_t Cfg = '0
) ();

  function automatic bit pow2(int unsigned n);
    return n != 0 && (n & (n - 1)) == 0;
  endfunction
  function automatic bit tlb_ok(tlb_geometry_t g);
    return g.Ways == 0 || (pow2(32'(g.Sets)) && pow2(32'(g.Ways)) && $clog2(32'(g.Sets)) < vpn_bits(Cfg));
  endfunction
  function automatic bit indices_fit();
    for (int unsigned l = 0; l < 32'(Cfg.Format.Levels); l++) begin
      if (32'(Cfg.Format.IndexBits[l]) + 32'(Cfg.Format.PteBytesLog2) > 32'(Cfg.Format.PageBits)) return 1'b0;
    end
    return 1'b1;
  endfunction
  function automatic bit regions_ok();
    for (int unsigned r = 0; r < MaxRegions; r++) begin
      if (((Cfg.Regions[r].Base | Cfg.Regions[r].Size) & ((57'd1 << Cfg.Format.PageBits) - 1'b1)) != '0) return 1'b0;
    end
    return 1'b1;
  endfunction
  localparam bit Flat = Cfg.Format.Kind == PteFlat;
  localparam logic [2:0] RootLevel = 3'(Cfg.Format.Levels - 8'd1);
  function automatic bit cache_ok(cache_geometry_t g);
    return g.Ways == 0 || (pow2(32'(g.Sets)) && pow2(32'(g.Ways)) && pow2(32'(g.LineBytes)) &&
        g.LineBytes >= 4 && g.LineBytes <= 2048);
  endfunction
  function automatic bit index_in_page(cache_geometry_t g);
    return cache_index_bits(g) <= 32'(Cfg.Format.PageBits);
  endfunction
  function automatic bit index_on_bus(cache_geometry_t g);
    return cache_index_bits(g) < 32'(Cfg.BusBits);
  endfunction

  function automatic bit nonblocking_ok(cache_geometry_t g);
    return g.Ways != 0 && cache_ok(g) && g.LineBytes >= 16;
  endfunction

  // Whole lines are passed on, so all levels have lines of one length.
  function automatic bit unified_ok(cache_geometry_t g);
    return g.Ways == 0 || (cache_ok(g) && g.LineBytes >= 16 &&
        (Cfg.Icache.Ways == 0 || Cfg.Icache.LineBytes == g.LineBytes) &&
        (Cfg.Dcache.Ways == 0 || Cfg.Dcache.LineBytes == g.LineBytes) &&
        index_on_bus(g));
  endfunction

  if (Cfg.Format.PageBits < 2) begin : gen_bad_page
    $error("PageBits: pages of fewer than 4 bytes are not supported");
  end
  if (Flat && Cfg.Format.Levels != 1) begin : gen_bad_levels
    $error("Format: a flat table has one level; set Levels to 1");
  end
  if (!Flat && (Cfg.Format.Levels < 2 || 32'(Cfg.Format.Levels) > MaxLevels)) begin : gen_bad_tree
    $error("Format: RISC-V and x86 tables have 2 to 5 levels");
  end
  if (Cfg.Format.Kind == PteX86 && Cfg.Format.Levels < 4) begin : gen_bad_x86
    $error("Format: x86 tables have 4 or 5 levels");
  end
  if (Cfg.Format.MinLevels == 0 || Cfg.Format.MinLevels > Cfg.Format.Levels) begin : gen_bad_min
    $error("MinLevels: must be 1 to Levels");
  end
  if (!Flat && !indices_fit()) begin : gen_bad_index
    $error("IndexBits: a table must fit in one page; lower IndexBits or raise PageBits");
  end
  if (Cfg.Format.HwAd && (Flat || Cfg.WalkPort != WalkCache)) begin : gen_bad_ad
    $error("HwAd: accessed and dirty bits need a walk through the data cache (WalkCache) and a format that has them");
  end
  if (Cfg.Format.Kind == PteX86 && !Cfg.Format.HwAd) begin : gen_bad_x86_ad
    $error("HwAd: x86 always updates accessed and dirty bits in hardware; set HwAd");
  end
  if (Cfg.Format.Kind == PteX86 && Cfg.Format.PpnBits != Cfg.PaBits - Cfg.Format.PageBits) begin : gen_bad_x86_pa
    $error("PpnBits: on x86 PaBits minus PageBits");
  end
  if (32'(Cfg.Format.PpnBits) + 32'(Cfg.Format.PageBits) > PaMax && !Flat) begin : gen_bad_wide
    $error("PpnBits: PpnBits plus PageBits must not exceed the 56 bits of a physical address");
  end
  if (Cfg.TrapSwap && !Flat) begin : gen_bad_trap
    $error("TrapSwap: only flat formats");
  end
  if (Cfg.Format.Napot && Cfg.Format.IndexBits[0] < 4) begin : gen_bad_napot
    $error("Napot: a range is 16 pages, so IndexBits[0] must be at least 4");
  end
  if (Cfg.SuperEntries != 0 && !pow2(32'(Cfg.SuperEntries))) begin : gen_bad_super
    $error("SuperEntries: must be a power of two, or 0");
  end
  if (!tlb_ok(Cfg.L2Tlb) || (Flat && Cfg.L2Tlb.Ways != 0)) begin : gen_bad_l2
    $error("L2Tlb: sets and ways must be powers of two, the set index shorter than the VPN, and the format not flat");
  end
  if (Cfg.WalkCacheSets != 0 && (Flat || !pow2(32'(Cfg.WalkCacheSets)) ||
      $clog2(32'(Cfg.WalkCacheSets)) >= 32'(Cfg.Format.IndexBits[RootLevel]))) begin : gen_bad_walk_cache
    $error("WalkCacheSets: must be a power of two below the size of the root table, or 0, and the format not flat");
  end
  if (Cfg.Atomics && unit_bytes(Cfg) != 8) begin : gen_bad_atomics
    $error("Atomics: need pages and lines of at least 8 bytes; raise PageBits or LineBytes, or leave Atomics out");
  end
  if (Cfg.L2Prefetch && Cfg.L2Tlb.Ways == 0) begin : gen_bad_prefetch
    $error("L2Prefetch: needs an L2 TLB to fill; give L2Tlb ways");
  end
  if (Cfg.HitLatency != 1 && Cfg.HitLatency != 2) begin : gen_bad_hit
    $error("HitLatency: must be 1 or 2");
  end
  if (32'(Cfg.VaBits) != 32'(Cfg.Format.PageBits) + index_lsb(Cfg.Format, 32'(Cfg.Format.Levels))) begin : gen_bad_va
    $error("VaBits: must be PageBits plus the index bits of all levels");
  end
  if (!regions_ok()) begin : gen_bad_regions
    $error("Regions: base and size must be whole pages");
  end
  if (Cfg.PaBits > Cfg.BusBits || 32'(Cfg.BusBits) > PaMax) begin : gen_bad_pa
    $error("PaBits: must not exceed BusBits, nor BusBits the 56 bits of a physical address");
  end
  if (Cfg.BusBits <= Cfg.Format.PageBits || 32'(Cfg.BusBits) < 3) begin : gen_bad_bus
    $error("BusBits: the bus must reach more than one page");
  end
  if (Cfg.Format.PpnLsb + Cfg.Format.PpnBits > (8'd8 << Cfg.Format.PteBytesLog2)) begin : gen_bad_ppn
    $error("PpnBits: the PPN field does not fit in the entry; widen PteBytesLog2 or move PpnLsb");
  end
  if (!tlb_ok(Cfg.Itlb) || !tlb_ok(Cfg.Dtlb)) begin : gen_bad_tlb
    $error("Itlb, Dtlb: sets and ways must be powers of two, and the set index shorter than the VPN");
  end
  if (!cache_ok(Cfg.Icache) || !cache_ok(Cfg.Dcache)) begin : gen_bad_cache
    $error("Icache, Dcache: sets, ways and line bytes must be powers of two, lines 4 to 2048 bytes");
  end
  if ((Cfg.Icache.Ways != 0 && $clog2(32'(Cfg.Icache.LineBytes)) > 32'(Cfg.Format.PageBits)) ||
      (Cfg.Dcache.Ways != 0 && $clog2(32'(Cfg.Dcache.LineBytes)) > 32'(Cfg.Format.PageBits))) begin : gen_bad_line
    $error("Icache, Dcache: a line exceeds the page; make LineBytes smaller");
  end
  if (!Cfg.AliasResolution && !(index_in_page(Cfg.Icache) && index_in_page(Cfg.Dcache))) begin : gen_bad_vipt
    $error("Icache, Dcache: Sets * LineBytes exceeds the page, so aliases arise: add ways, or set AliasResolution");
  end
  if (!index_on_bus(Cfg.Icache) || !index_on_bus(Cfg.Dcache)) begin : gen_bad_colours
    $error("Icache, Dcache: Sets * LineBytes is all that the bus can reach; make it smaller");
  end
  if (!unified_ok(Cfg.L2Cache) || !unified_ok(Cfg.L3Cache)) begin : gen_bad_unified
    $error("L2Cache, L3Cache: sets, ways and line bytes must be powers of two, lines 16 to 2048 bytes, as the L1");
  end
  if (Cfg.L3Cache.Ways != 0 && Cfg.L2Cache.Ways == 0) begin : gen_bad_l3
    $error("L3Cache: needs an L2Cache in front of it; a single cache is the L2Cache");
  end
  if (Cfg.WalkPort == WalkCache && Cfg.Dcache.Ways == 0) begin : gen_bad_walk
    $error("WalkPort: WalkCache needs a data cache; set Dcache or use WalkMemory");
  end
  if (Cfg.Misses != 0 && (Cfg.Misses > 8'd13 || !pow2(32'(Cfg.Waiters)))) begin : gen_bad_misses
    $error("Misses, Waiters: at most 13 misses outstanding, and a power of two of waiters for each");
  end
  if (Cfg.Misses == 0 && (Cfg.Waiters != 0 || Cfg.CriticalFirst)) begin : gen_bad_waiters
    $error("Waiters, CriticalFirst: belong to a cache with misses outstanding; set Misses, or leave them 0");
  end
  if (Cfg.Misses != 0 && !(nonblocking_ok(Cfg.Icache) && nonblocking_ok(Cfg.Dcache))) begin : gen_bad_nonblocking
    $error("Misses: both first-level caches are there then, with lines of at least 16 bytes");
  end
  if (Cfg.Misses != 0 && (Cfg.ArrayPort || Cfg.Parity)) begin : gen_bad_l1_array
    $error("Misses: the non-blocking cache has neither array port nor parity; set Misses to 0, or leave them out");
  end
  if (Cfg.Misses != 0 && Cfg.L2Cache.Ways != 0) begin : gen_bad_l1_l2
    $error("Misses: an L2Cache serves one request at a time and forgets ids; set Misses to 0, or leave L2Cache out");
  end
  if (32'(Cfg.AsidBits) > AsidMax) begin : gen_bad_asid
    $error("AsidBits: at most 16");
  end

endmodule
