// SPDX-License-Identifier: Apache-2.0
#include "coverage/unreachable.h"

#include <fnmatch.h>

#include <algorithm>
#include <string>

namespace vm {
namespace {

// ---------------------------------------------------------------- what decides

bool any(const Machine&) { return true; }
bool outstanding(const Machine& m) { return m.misses != 0; }
bool one_miss(const Machine& m) { return m.misses == 0; }
bool flat(const Machine& m) { return m.format.kind == PteKind::Flat; }
bool riscv(const Machine& m) { return m.format.kind == PteKind::Riscv; }
bool x86(const Machine& m) { return m.format.kind == PteKind::X86; }
bool tree(const Machine& m) { return !flat(m); }
bool no_asid(const Machine& m) { return m.asid_bits == 0; }
bool no_itlb(const Machine& m) { return m.itlb.ways == 0; }
bool no_dtlb(const Machine& m) { return m.dtlb.ways == 0; }
bool no_tlb(const Machine& m) { return no_itlb(m) && no_dtlb(m); }
bool no_super(const Machine& m) { return m.super_entries == 0; }
bool no_itlb_at_all(const Machine& m) { return no_itlb(m) && no_super(m); }
bool no_dtlb_at_all(const Machine& m) { return no_dtlb(m) && no_super(m); }
bool no_l2(const Machine& m) { return m.l2tlb.ways == 0; }
bool no_icache(const Machine& m) { return m.icache.ways == 0; }
bool no_dcache(const Machine& m) { return m.dcache.ways == 0; }
bool no_walk_cache(const Machine& m) { return m.walk_cache_sets == 0; }
bool no_look(const Machine& m) { return no_l2(m) && no_walk_cache(m); }
bool no_update(const Machine& m) { return !m.format.hw_ad; }
bool no_kernel_bit(const Machine& m) { return flat(m) && !m.format.kernel_bit; }
bool no_read_bit(const Machine& m) { return flat(m) && !m.format.read_bit; }
// What may be stored to may be read: the bit is always there, or such an entry reserved.
bool write_gives_read(const Machine& m) { return no_read_bit(m) || tree(m); }
bool no_amo_read(const Machine& m) { return !m.atomics || write_gives_read(m); }
bool no_write_bit(const Machine& m) { return flat(m) && !m.format.write_bit; }
bool no_exec_bit(const Machine& m) { return flat(m) && !m.format.exec_bit; }
bool no_rights(const Machine& m) { return no_kernel_bit(m) && no_read_bit(m) && no_write_bit(m) && no_exec_bit(m); }
bool one_type(const Machine& m) { return flat(m) || (riscv(m) && !m.format.pbmt); }
bool svpbmt(const Machine& m) { return riscv(m) && m.format.pbmt; }
bool wide_va(const Machine& m) { return m.va_bits >= 64; }
bool page_is_a_unit(const Machine& m) { return m.format.page_size() <= m.unit_bytes(); }
// A translation that was just used stays in the TLB of the port, and hits. (Where there is a super part, what it learns
// may lie behind an older entry of the base part, which permits less.)
bool itlb_keeps(const Machine& m) { return !no_itlb(m) && flat(m); }
bool dtlb_keeps(const Machine& m) { return !no_dtlb(m) && flat(m); }
bool takes_atomics_everywhere(const Machine& m) {
  return std::all_of(m.regions.begin(), m.regions.end(), [](const Region& region) { return region.atomic; });
}
bool cached_everywhere(const Machine& m) {
  return std::all_of(m.regions.begin(), m.regions.end(), [](const Region& region) { return region.cacheable; });
}

bool cached_everywhere_or_no_atomics(const Machine& m) {
  return m.dcache.ways != 0 && one_type(m) &&
         std::none_of(m.regions.begin(), m.regions.end(), [](const Region& r) { return r.atomic && !r.cacheable; });
}

// Every address that an entry's page number can form, if it does not reach beyond PaBits, lies in memory.
bool all_frames_mapped(const Machine& m) {
  const Format& f = m.format;
  if (f.ppn_bits + f.page_bits > m.pa_bits) return false;
  std::uint64_t at = 0;
  const std::uint64_t end = 1ULL << (f.ppn_bits + f.page_bits);
  while (at < end) {
    const Region* region = m.region_of(PhysAddr(at));
    if (region == nullptr) return false;
    at = region->base.value + region->size;
  }
  return true;
}

template <unsigned kLevel>
bool no_leaf_at(const Machine& m) {
  return m.format.max_leaf_level < kLevel;
}

// ---------------------------------------------------------------- reasons

constexpr const char* kNoBit = "the format has no such bit: the right is always given";
constexpr const char* kNoTlb = "this port has no TLB";
constexpr const char* kNoL2 = "the machine has no L2 TLB";
constexpr const char* kNoWalkCache = "the machine has no walk caches";
constexpr const char* kNoSuper = "the L1 TLBs have no super part";
constexpr const char* kNoAsid = "without ASIDs no fence names one";
constexpr const char* kNoLeaf = "no leaf can be at this level";
constexpr const char* kByAddress = "the physical map alone decides: an address is always cached or never";
constexpr const char* kOneLookup =
    "compare-and-set reads the entry first and lets nobody into the cache between that and its write";
constexpr const char* kNoUncachedAtomics = "memory that is not cached takes no atomics";
constexpr const char* kOneAtomic = "an atomic reads first and lets nobody into the cache between that and its write";
constexpr const char* kFixedErrors =
    "the memory of the testbench refuses an address always or never, and the read before this write was not refused";
constexpr const char* kStays =
    "the first piece leaves the translation in the TLB, and nothing removes it while the access is in flight";

constexpr Unreachable kEntries[] = {
    // faults, and what walks end in
    {"@(faults|origins): reserved, *", flat, "a flat entry has no reserved bits"},
    {"@(faults|origins): @(accessed|dirty), *", flat, "a flat entry has no accessed and dirty bits"},
    {"@(faults|origins): @(accessed|dirty), *", x86, "x86 hardware always keeps the accessed and dirty bits itself"},
    {"@(faults|origins): privilege, *", no_kernel_bit, kNoBit},
    {"@(faults|origins): read, *", no_read_bit, kNoBit},
    {"@(faults|origins): read, *", x86, "a present page may always be read"},
    {"@(faults|origins): write, *", no_write_bit, kNoBit},
    {"@(faults|origins): exec, *", no_exec_bit, kNoBit},
    {"@(faults|origins): access, @(level *|not known|denied*|restarted*)", all_frames_mapped,
     "every page number that an entry can hold lies in memory"},
    {"faults: read, *, fetch", any, "only a load or an AMO needs the right to read"},
    {"faults: read, *, store", no_amo_read, "a store needs no right to read; an AMO that may store may read (R7)"},
    {"faults: write, *, @(fetch|load)", any, "only a store needs the right to write"},
    {"faults: exec, *, @(load|store)", any, "only a fetch needs the right to execute"},
    {"faults: dirty, *, @(fetch|load)", any, "only a store needs the dirty bit"},
    {"faults: @(privilege|read|write|exec|access), level 1, *", no_leaf_at<1>, kNoLeaf},
    {"faults: @(privilege|read|write|exec|access), level 2, *", no_leaf_at<2>, kNoLeaf},
    {"faults: @(privilege|read|write|exec|access), level 3, *", no_leaf_at<3>, kNoLeaf},
    {"faults: @(privilege|read|write|exec|access), level 4, *", no_leaf_at<4>, kNoLeaf},
    {"faults: va, *", wide_va, "all 64 bits are translated"},
    {"faults: limit, *", tree, "only flat tables have a limit"},
    {"origins: *, denied by the L1 TLB", no_rights, "an entry of this format denies nothing"},

    // hits and types
    {"@(hits|types): *L1 base part, fetch, *", no_itlb, kNoTlb},
    {"@(hits|types): *L1 base part, @(load|store), *", no_dtlb, kNoTlb},
    {"hits: L1 super part level 1, *", no_leaf_at<1>, kNoLeaf},
    {"hits: L1 super part level 2, *", no_leaf_at<2>, kNoLeaf},
    {"hits: L1 super part level 3, *", no_leaf_at<3>, kNoLeaf},
    {"hits: L1 super part level 4, *", no_leaf_at<4>, kNoLeaf},
    {"types: @(uncached|write-combining|write-through|write-protected|non-cacheable|I/O), *", one_type,
     "the format has no memory types"},
    {"types: uncached minus, *", one_type, "the format has no memory types"},
    {"types: @(uncached|uncached minus|write-combining|write-through|write-protected), *", svpbmt,
     "Svpbmt has no such type (R29)"},
    {"types: @(non-cacheable|I/O), *", x86, "the PAT has no such type (X18)"},
    {"types: *, L1 TLB, fetch", no_itlb_at_all, kNoTlb},
    {"types: *, L1 TLB, @(load|store)", no_dtlb_at_all, kNoTlb},
    {"types: *, L2 TLB, *", no_l2, kNoL2},

    // walks
    {"accessed-dirty: bus error on compare-and-set, *", any, kFixedErrors},
    {"walks: entry read from uncached memory, *", cached_everywhere, "all memory of this machine is cached"},

    // fences
    {"fences: *, L2 TLB and walk caches looked up", no_look, "the machine has neither"},
    {"fences: *, compare-and-set", no_update, "hardware does not update entries on this machine"},
    {"operations: translations, page of an illegal address, *", wide_va, "all 64 bits are translated"},
    {"dropped: @(ASID*|page in ASID*), *", no_asid, kNoAsid},
    {"dropped: page*, walk caches", riscv, "a fence by address leaves pointers alone (R22)"},
    {"dropped: *, fetch TLB base part", no_itlb, kNoTlb},
    {"dropped: *, data TLB base part", no_dtlb, kNoTlb},
    {"dropped: *, @(fetch|data) TLB super part", no_super, kNoSuper},
    {"dropped: *, L2 TLB", no_l2, kNoL2},
    {"dropped: *, walk caches", no_walk_cache, kNoWalkCache},
    {"dropped: spared, global, *", flat, "a flat entry is never global"},
    {"dropped: spared, of another ASID, *", no_asid, kNoAsid},
    {"dropped: spared, *, base part", no_tlb, "neither port has a TLB"},
    {"dropped: spared, *, super part", no_super, kNoSuper},

    {"walks: read turned away by the cache, *", outstanding, "a cache with misses outstanding turns nobody away"},

    // caches
    {"caches: * core @(read|write), uncached, @(clean|dirty)", one_type, kByAddress},
    {"caches: * host @(read|write), uncached, @(clean|dirty)", any, kByAddress},
    {"caches: * walk read, uncached, @(clean|dirty)", riscv, kByAddress},
    {"caches: * walk read, uncached, @(clean|dirty)", flat, kByAddress},
    {"caches: * walk write, uncached, @(clean|dirty)", any, "the read of the compare-and-set has dropped the line"},
    {"caches: * walk write, not present", one_miss, kOneLookup},
    {"caches: * walk write, write-through, not present", one_miss, kOneLookup},
    {"caches: * walk write, @(replaces, *|fill fails)", any, kOneLookup},
    {"caches: data cache: invalidate, whole, *", any, "invalidating everything is one sweep that looks at no line"},
    {"caches: data cache: write-back refused by memory", any, kFixedErrors},

    {"caches: * atomic read, uncached, @(clean|dirty)", one_type, kByAddress},
    {"caches: * atomic @(read|write), uncached, not present", cached_everywhere_or_no_atomics, kNoUncachedAtomics},
    {"caches: * atomic write, uncached, @(clean|dirty)", any, "the read of the atomic has dropped the line"},
    {"caches: * atomic write, not present", one_miss, kOneAtomic},
    {"caches: * atomic write, @(replaces, *|fill fails)", any, kOneAtomic},

    // atomics
    {"atomics: *, *, uncached", cached_everywhere_or_no_atomics, kNoUncachedAtomics},
    {"atomics: reservation, lost by an update of the walker", no_update, "hardware does not update entries"},
    {"atomics: *, exec", any, "only a fetch needs the right to execute"},
    {"atomics: *, read", no_read_bit, kNoBit},
    {"atomics: lr, read", x86, "a present page may always be read"},
    {"atomics: sc, read", any, "an SC needs the right to write only"},
    {"atomics: amo, read", write_gives_read, "an AMO that may store may read (R7)"},
    {"atomics: lr, @(write|dirty)", any, "an LR is a load"},
    {"atomics: *, write", no_write_bit, kNoBit},
    {"atomics: *, privilege", no_kernel_bit, kNoBit},
    {"atomics: *, va", wide_va, "all 64 bits are translated"},
    {"atomics: *, limit", tree, "only flat tables have a limit"},
    {"atomics: *, reserved", flat, "a flat entry has no reserved bits"},
    {"atomics: *, @(accessed|dirty)", flat, "a flat entry has no accessed and dirty bits"},
    {"atomics: *, @(accessed|dirty)", x86, "x86 hardware always keeps the accessed and dirty bits itself"},
    {"atomics: *, access", all_frames_mapped, "every page number that an entry can hold lies in memory"},
    {"atomics: *, no atomics there", takes_atomics_everywhere, "all memory of this machine takes atomics"},

    // parity
    {"parity: removed, fetch TLB", no_itlb, kNoTlb},
    {"parity: removed, data TLB", no_dtlb, kNoTlb},
    {"parity: removed, L2 TLB", no_l2, kNoL2},
    {"parity: removed, walk cache", no_walk_cache, "the machine has no walk caches"},
    {"parity: fetched again, instruction line", no_icache, "the machine has no instruction cache"},
    {"parity: @(fetched again, line of the data cache|lost, *)", no_dcache, "the machine has no data cache"},

    // crossings
    {"crossings: inside a page, *", page_is_a_unit, "a page is not larger than a unit"},
    {"crossings: inside a page, a later piece faults, fetch", itlb_keeps, kStays},
    {"crossings: inside a page, a later piece faults, @(load|store)", dtlb_keeps, kStays},
    {"crossings: two pages, @(both|first|second) in the TLB, fetch", no_itlb_at_all, kNoTlb},
    {"crossings: two pages, @(both|first|second) in the TLB, @(load|store)", no_dtlb_at_all, kNoTlb},

    // modes
    {"modes: *, L1 TLB, fetch port", no_itlb_at_all, kNoTlb},
    {"modes: *, L1 TLB, data port", no_dtlb_at_all, kNoTlb},
    {"modes: *, L2 TLB, *", no_l2, kNoL2},
    {"modes: *, walk from the walk cache, *", no_walk_cache, kNoWalkCache},
};

}  // namespace

std::span<const Unreachable> unreachable_bins() { return kEntries; }

std::string_view why_unreachable(const Machine& machine, std::string_view group, std::string_view name) {
  const std::string text = std::string(group) + ": " + std::string(name);
  for (const Unreachable& entry : kEntries) {
    if (fnmatch(entry.bins, text.c_str(), FNM_EXTMATCH) == 0 && entry.on(machine)) return entry.reason;
  }
  return {};
}

}  // namespace vm
