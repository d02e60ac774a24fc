// SPDX-License-Identifier: Apache-2.0
#include "traffic/random_tables.h"

#include <algorithm>
#include <map>

namespace vm {

RandomTables::RandomTables(const Machine& machine, Random& random) : machine_(machine), random_(random) {
  for (const bool first : {true, false}) {
    const auto home = std::find_if(machine.regions.begin(), machine.regions.end(), [&](const Region& region) {
      return (region.cacheable == (machine.walk_port == WalkPort::Cache)) == first;
    });
    if (home == machine.regions.end() || (!first && machine.walk_port == WalkPort::Memory)) continue;
    const std::uint64_t page = machine.format.page_size();
    const std::uint64_t start = (home->base.value + home->size / 4 * 3) / page * page;
    homes_.push_back({start, start});
  }
  choose_frames();
  choose_pages();
  paths_.resize(pages_.size());
  for (unsigned levels = machine.format.min_levels; levels <= machine.format.levels; ++levels) {
    build(levels);
    build(levels);
  }
}

// Most in memory, some where nothing is, or beyond what a translation can reach.
void RandomTables::choose_frames() {
  const unsigned page_bits = machine_.format.page_bits;
  for (unsigned i = 0; i < 14; ++i) {
    const Region& region = machine_.regions[random_.one_in(4) ? random_.below(machine_.regions.size()) : 0];
    frames_.push_back((region.base.value >> page_bits) +
                      random_.below(std::min<std::uint64_t>(region.size >> page_bits, 64)));
  }
  frames_.push_back(random_.below(1ULL << (machine_.pa_bits - page_bits)));
  frames_.push_back(random_.below(1ULL << machine_.format.ppn_bits));
}

// The first and last pages of the address space, and of its halves: accesses cross from them into what no table serves.
void RandomTables::choose_edges(unsigned bits) {
  const std::uint64_t page = machine_.format.page_size();
  if (machine_.format.upper_va == UpperVa::Sign) {
    pages_ = {0, low_mask(bits - 1) + 1 - page, ~low_mask(bits - 1), 0 - page};
  } else {
    pages_ = {0, low_mask(bits) + 1 - page};
  }
}

void RandomTables::choose_pages() {
  const Format& f = machine_.format;
  const unsigned bits = f.page_bits + f.vpn_bits(f.min_levels);
  choose_edges(bits);
  while (pages_.size() < 28) {
    std::uint64_t va = 0;
    for (unsigned level = 0; level < f.min_levels; ++level) {
      const std::uint64_t entries = 1ULL << f.index_bits.at(level);
      // Few tables, so that walk caches hit; many pages in one of them, so that TLB sets fill. The last page of a table
      // is that of a superpage, too.
      const std::uint64_t index = random_.one_in(6) ? entries - 1
                                  : level == 0      ? random_.below(24) * (random_.one_in(4) ? 16 : 1)
                                                    : random_.below(2) + (random_.one_in(8) ? entries / 2 : 0);
      va |= (index & (entries - 1)) << (f.page_bits + f.index_lsb(level));
    }
    // The address of memory itself: the largest page that begins at 0 leads there.
    if (random_.one_in(5)) va = frames_[random_.below(3)] << f.page_bits & low_mask(bits);
    if (f.upper_va == UpperVa::Sign && (va >> (bits - 1) & 1U) != 0) va |= ~low_mask(bits);
    pages_.push_back(va);
    if (random_.one_in(2) && machine_.va_is_legal(VirtAddr(va + f.page_size()), f.min_levels)) {
      pages_.push_back(va + f.page_size());
    }
  }
}

std::uint64_t RandomTables::index_of(std::uint64_t va, unsigned level) const {
  return machine_.vpn_of(VirtAddr(va)).value >> machine_.format.index_lsb(level) &
         low_mask(machine_.format.index_bits.at(level));
}

std::uint64_t RandomTables::new_table() {
  Home& home = homes_.size() > 1 && random_.one_in(12) ? homes_[1] : homes_[0];
  const std::uint64_t table = home.next;
  home.next += machine_.format.page_size();
  return table;
}

void RandomTables::build(unsigned levels) {
  const Format& f = machine_.format;
  const std::uint64_t root = new_table();
  roots_.push_back({.base = PhysAddr(root), .levels = levels});
  std::map<std::uint64_t, std::size_t> known;  // slots of this address space by address
  for (std::size_t p = 0; p < pages_.size(); ++p) {
    std::uint64_t table = root;
    for (unsigned level = levels; level-- > 0;) {
      const std::uint64_t at = table + (index_of(pages_[p], level) << f.pte_bytes_log2);
      const auto [place, fresh] = known.emplace(at, slots_.size());
      if (fresh) {
        Slot slot{.at = PhysAddr(at), .level = level, .table = 0, .value = 0};
        if (level != 0) {
          slot.table = new_table() >> f.page_bits;
        }
        slots_.push_back(slot);
        change(slots_.size() - 1, false);
      }
      paths_[p].push_back(place->second);
      table = slots_[place->second].table << f.page_bits;
    }
  }
}

std::uint64_t RandomTables::random_entry(const Slot& slot) {
  const bool points = slot.level != 0 && !random_.one_in(slot.level == 1 ? 4 : 8);
  Pte pte = random_pte(slot, points);
  // What is wrong with a pointer hides everything below it.
  pte.valid = !random_.one_in(points ? 64 : 12);
  pte.leaf = !points && !(slot.level == 0 && random_.one_in(64));
  const std::uint64_t raw = encoded(pte, slot.level);
  return random_.one_in(points ? 48 : 8) ? spoiled(raw, slot.level, some_context()) : raw;
}

// A valid one, with any rights.
Pte RandomTables::random_pte(const Slot& slot, bool points) {
  const Format& f = machine_.format;
  Pte pte;
  pte.valid = true;
  pte.leaf = !points;
  pte.ppn = Ppn(points ? slot.table : frames_[random_.below(frames_.size())]);
  // A page that is itself a table: the core's own stores change entries.
  if (!points && machine_.walk_port == WalkPort::Cache && random_.one_in(40)) {
    pte.ppn = Ppn(slots_[random_.below(slots_.size())].at.value >> f.page_bits);
  }
  if (!points && slot.level > 0) pte.ppn = Ppn(pte.ppn.value & ~low_mask(f.index_lsb(slot.level)));
  pte.user = !random_.one_in(points ? 16 : 6);
  pte.write = !random_.one_in(points ? 16 : 4);
  pte.read = pte.write || !random_.one_in(8);
  pte.exec = f.kind == PteKind::X86 ? !random_.one_in(8) : (!pte.read || !random_.one_in(3));
  pte.accessed = !random_.one_in(4);
  pte.dirty = pte.accessed && random_.one_in(2);
  pte.global = random_.one_in(points ? 12 : 4);
  pte.napot = !points && slot.level == 0 && random_.one_in(6);
  if (!points && random_.one_in(8)) pte.type = random_.one_in(2) ? MemType::NonCacheable : MemType::Io;
  if (f.kind == PteKind::X86 && random_.one_in(points ? 24 : 8))
    pte.type = random_.one_in(2) ? MemType::WriteThrough : MemType::Uncached;
  return pte;
}

std::uint64_t RandomTables::encoded(const Pte& pte, unsigned level) {
  const Format& f = machine_.format;
  std::uint64_t raw = encode_pte(f, pte, level);
  // Any entry of the PAT.
  if (f.kind == PteKind::X86 && pte.leaf && random_.one_in(4)) {
    for (unsigned bit = 0; bit < f.page_bits + 1; ++bit) {
      const bool counts = pat_index(raw ^ 1ULL << bit, level) != pat_index(raw, level);
      if (counts && random_.one_in(2)) raw ^= 1ULL << bit;
    }
  }
  return raw;
}

Context RandomTables::some_context() {
  Context context;
  context.env = {.pbmte = random_.one_in(2), .nxe = random_.one_in(2)};
  return context;
}

// With a bit nobody meant, or reserved for one reason alone, each of them as often.
std::uint64_t RandomTables::spoiled(std::uint64_t raw, unsigned level, const Context& context) {
  const unsigned bits = 8 * machine_.format.pte_bytes();
  if (random_.one_in(3)) return raw ^ 1ULL << random_.below(bits);
  const std::uint64_t wanted = 1ULL << random_.below(kReservedReasons);
  // One bit or two, the first found from a random one on.
  const unsigned start = static_cast<unsigned>(random_.below(bits));
  for (unsigned i = 0; i < bits; ++i) {
    for (unsigned j = i; j < bits; ++j) {
      const std::uint64_t first = 1ULL << (start + i) % bits, second = i == j ? 0 : 1ULL << (start + j) % bits;
      if (reserved_reasons(machine_, context, raw ^ first ^ second, level) == wanted) return raw ^ first ^ second;
    }
  }
  return raw;
}

std::uint64_t RandomTables::change(std::size_t slot, bool tame) {
  Slot& s = slots_[slot];
  if (!tame) return s.value = random_entry(s);
  // RISC-V reserves these bits of a pointer (R7).
  const bool leaf = decode_pte(machine_, Context{}, s.value, s.level).leaf;
  if (machine_.format.kind == PteKind::Riscv && !leaf && !random_.one_in(16)) return s.value;
  const std::uint64_t set = with_accessed(machine_.format, s.value, random_.one_in(2));
  const std::uint64_t both = with_accessed(machine_.format, 0, true);
  return s.value = random_.one_in(2) ? set : s.value & ~both;
}

std::optional<std::size_t> RandomTables::forget_use(std::uint64_t va, PhysAddr root) {
  const std::uint64_t page = va >> machine_.format.page_bits << machine_.format.page_bits;
  const auto found = std::find(pages_.begin(), pages_.end(), page);
  if (found == pages_.end()) return std::nullopt;
  const std::vector<std::size_t>& path = paths_[static_cast<std::size_t>(found - pages_.begin())];
  std::size_t first = 0;
  for (const Root& r : roots_) {
    if (r.base == root) {
      // Of pointers only some formats have the bits: the leaf more often.
      const std::size_t level = random_.one_in(2) ? 0 : random_.below(r.levels);
      Slot& slot = slots_[path[first + r.levels - 1 - level]];
      slot.value &= ~with_accessed(machine_.format, 0, true);
      return path[first + r.levels - 1 - level];
    }
    first += r.levels;
  }
  return std::nullopt;
}

RandomTables::Path RandomTables::repair(std::uint64_t va, PhysAddr root, const Leaf& leaf) {
  const Format& f = machine_.format;
  const std::uint64_t page = va >> f.page_bits << f.page_bits;
  const auto found = std::find(pages_.begin(), pages_.end(), page);
  const auto space = std::find_if(roots_.begin(), roots_.end(), [&](const Root& r) { return r.base == root; });
  if (found == pages_.end() || space == roots_.end()) return {};
  // The slots of a page are those of all address spaces, one after the other.
  std::size_t first = 0;
  for (auto before = roots_.begin(); before != space; ++before) first += before->levels;
  Path path{.levels = space->levels};
  for (unsigned i = 0; i < space->levels; ++i) {
    const std::size_t slot = paths_[static_cast<std::size_t>(found - pages_.begin())][first + i];
    Slot& s = slots_[slot];
    if (s.level < leaf.level) break;
    path.slots.at(path.count++) = slot;
    Pte pte;
    pte.valid = pte.exec = true;
    pte.leaf = s.level == leaf.level;
    pte.read = !pte.leaf || leaf.read;
    pte.write = !pte.leaf || (leaf.write && leaf.read);
    pte.global = pte.leaf && leaf.global;
    pte.dirty = pte.leaf && leaf.dirty;
    pte.user = !pte.leaf || leaf.user;
    pte.accessed = pte.leaf ? leaf.accessed : f.kind == PteKind::X86;
    // The first frames are those where memory may answer with an error.
    const std::uint64_t frame = leaf.frame ? leaf.frame->value : frames_[random_.below(3)];
    pte.ppn = Ppn(pte.leaf ? frame & ~low_mask(f.index_lsb(s.level)) : s.table);
    s.value = encode_pte(f, pte, s.level);
  }
  return path;
}

std::uint64_t RandomTables::permit(std::size_t slot) {
  Slot& s = slots_[slot];
  Pte pte;
  pte.valid = pte.leaf = pte.read = pte.write = pte.exec = pte.accessed = pte.dirty = true;
  pte.user = random_.one_in(2);
  pte.ppn = Ppn(frames_.front() & ~low_mask(machine_.format.index_lsb(s.level)));
  return s.value = encode_pte(machine_.format, pte, s.level);
}

std::uint64_t RandomTables::disturb(std::size_t slot) {
  Slot& s = slots_[slot];
  const Format& f = machine_.format;
  Pte pte = random_pte(s, s.level != 0 && random_.one_in(2));
  // Where nothing is, or beyond what a translation can reach.
  if (random_.one_in(8)) pte.ppn = Ppn(random_.below(1ULL << f.ppn_bits) & ~low_mask(f.index_lsb(s.level)));
  pte.valid = !random_.one_in(12);
  pte.global = pte.global || random_.one_in(4);
  const std::uint64_t raw = encoded(pte, s.level);
  return s.value = random_.one_in(2) ? raw : spoiled(raw, s.level, some_context());
}

std::uint64_t RandomTables::spoil(std::size_t slot, const Context& context) {
  Slot& s = slots_[slot];
  const std::uint64_t right = s.value;
  // Not everything can be wrong with every entry.
  for (unsigned i = 0; i < 8 && s.value == right; ++i) s.value = spoiled(right, s.level, context);
  return s.value;
}

std::size_t RandomTables::slot_of(std::uint64_t va) {
  const std::uint64_t page = va >> machine_.format.page_bits << machine_.format.page_bits;
  const auto found = std::find(pages_.begin(), pages_.end(), page);
  const auto p =
      found == pages_.end() ? random_.below(pages_.size()) : static_cast<std::uint64_t>(found - pages_.begin());
  return paths_[p][random_.below(paths_[p].size())];
}

}  // namespace vm
