// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "trace/parser_state.h"

namespace vm::trace {

namespace {

constexpr std::size_t kMaxFrames = 1U << 20;

}  // namespace

bool Parser::setup_line() {
  const auto take = [this](std::string_view keyword) {
    if (!cursor_.is(keyword)) return false;
    begin_setup_item();
    return cursor_.accept(keyword);
  };
  if (take("memory")) {
    memory_line();
  } else if (take("free")) {
    free_line();
  } else if (take("process")) {
    process_line();
  } else if (take("area")) {
    area_line();
  } else if (take("cache")) {
    cache_line();
  } else if (take("env")) {
    env_line();
  } else if (take("mode")) {
    mode_line();
  } else if (take("kernel")) {
    kernel_line();
  } else if (take("asids")) {
    asids_line();
  } else if (take("files")) {
    file_line("files");
  } else if (take("file")) {
    file_line("file");
  } else if (take("device")) {
    device_line();
  } else {
    return false;
  }
  return true;
}

bool Parser::shared_line() {
  const bool map = cursor_.is("map");
  const bool tlb = cursor_.is("tlb");
  const bool entry = cursor_.is("entry");
  const bool limits = cursor_.is("rlimit");
  if (!map && !tlb && !entry && !limits && !cursor_.is("unmap")) return false;
  scenario();
  if (!has_steps_) has_setup_ = true;
  const Place place = cursor_.place();
  cursor_.take();
  if (map) {
    map_line();
  } else if (entry) {
    entry_line(place);
  } else if (limits) {
    limits_line(place);
  } else if (tlb) {
    if (!machine().array_port)
      cursor_.fail_at(cursor_.peek(), fmt::format("a machine with an array port ({} has none)", machine().name));
    const TlbSet set = tlb_set();
    add_shared(place, set, set);
  } else {
    const ProcessIndex process = known_process();
    const Vpn vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
    unmap(place, process, vpn);
  }
  return true;
}

void Parser::unmap(Place place, ProcessIndex process, Vpn vpn) {
  if (has_steps_) return add_step(place, UnmapPage{process, vpn});
  std::erase_if(scenario().setup, [&](const SetupItem& item) {
    const auto* map = std::get_if<MapPage>(&item.action);
    return map != nullptr && map->process == process && map->vpn == vpn;
  });
}

void Parser::add_shared(Place place, SetupAction setup, Action step) {
  if (has_steps_) {
    scenario().steps.push_back({place, std::move(step)});
  } else {
    scenario().setup.push_back({place, std::move(setup)});
  }
}

std::vector<std::uint8_t> Parser::hex_bytes() {
  std::vector<std::uint8_t> bytes;
  do {
    bytes.push_back(static_cast<std::uint8_t>(cursor_.hex_up_to(0xFF, "a byte in hexadecimal")));
  } while (!cursor_.at_end() && !cursor_.is("}"));
  return bytes;
}

void Parser::memory_line() {
  const Place place = cursor_.place();
  const Token token = cursor_.peek();
  MemoryBytes item;
  item.at = PhysAddr(cursor_.number_up_to(bus_max(), "a physical address"));
  if (cursor_.accept("..")) return random_memory_line(place, token, item.at);
  cursor_.expect(":");
  if (cursor_.peek().kind == TokenKind::Text) {
    const std::string_view text = cursor_.take().text;
    item.bytes.assign(text.begin(), text.end());
  } else {
    item.bytes = hex_bytes();
  }
  check_memory(token, item.at, item.bytes.size());
  scenario().setup.push_back({place, std::move(item)});
}

void Parser::check_memory(const Token& token, PhysAddr first, std::uint64_t bytes) const {
  for (std::uint64_t i = 0; i < bytes; ++i) {
    if (machine().region_of(first + i) == nullptr) {
      cursor_.fail_at(token,
                      fmt::format("addresses where {} has memory (0x{:x} is a hole)", machine().name, first.value + i));
    }
  }
}

void Parser::free_line() {
  const Place place = cursor_.place();
  FreeFrames item;
  do {
    const Token token = cursor_.peek();
    const std::uint64_t first = cursor_.number_up_to(ppn_max(), "a frame number");
    std::uint64_t last = first;
    if (cursor_.accept("..")) last = cursor_.number_up_to(ppn_max(), "a frame number");
    if (last < first || last - first >= kMaxFrames || item.frames.size() + (last - first) >= kMaxFrames) {
      cursor_.fail_at(token, fmt::format("a rising range, and at most {} frames", kMaxFrames));
    }
    for (std::uint64_t f = first; f <= last; ++f) item.frames.emplace_back(f);
  } while (!cursor_.at_end());
  scenario().setup.push_back({place, std::move(item)});
}

// The bytes of one page-table entry, in the machine's byte order.
void Parser::entry_line(Place place) {
  const Format& format = machine().format;
  const Token token = cursor_.peek();
  const PhysAddr at(cursor_.number_up_to(bus_max(), "the physical address of an entry"));
  if (at.value % format.pte_bytes() != 0 || machine().region_of(at) == nullptr) {
    cursor_.fail_at(token, fmt::format("a multiple of {} where {} has memory", format.pte_bytes(), machine().name));
  }
  cursor_.expect("=");
  const std::uint64_t value = cursor_.number_up_to(low_mask(8 * format.pte_bytes()), "the entry's value");
  const auto all = pte_to_bytes(format, value);
  std::vector<std::uint8_t> bytes(all.begin(), all.begin() + format.pte_bytes());
  if (has_steps_) {
    add_step(place, HostStep{.write = true, .at = at, .size = format.pte_bytes(), .bytes = std::move(bytes)});
  } else {
    scenario().setup.push_back({place, MemoryBytes{at, std::move(bytes)}});
  }
}

void Parser::env_line() {
  const Place place = cursor_.place();
  using Bit = std::pair<std::string_view, bool Environment::*>;
  std::vector<Bit> known;
  const Format& format = machine().format;
  if (format.kind == PteKind::Riscv && format.hw_ad) known.emplace_back("adue", &Environment::adue);
  if (format.kind == PteKind::Riscv && format.pbmt) known.emplace_back("pbmte", &Environment::pbmte);
  if (format.kind == PteKind::X86) {
    known = {{"wp", &Environment::wp},     {"pge", &Environment::pge},   {"pcide", &Environment::pcide},
             {"smep", &Environment::smep}, {"smap", &Environment::smap}, {"nxe", &Environment::nxe}};
    if (format.levels == Format::kMaxLevels) known.emplace_back("la57", &Environment::la57);
  }
  if (!scenario().processes.empty()) cursor_.fail("`env` before the first process");
  ModeBits item;
  do {
    const auto bit = std::find_if(known.begin(), known.end(), [&](const Bit& b) { return cursor_.is(b.first); });
    if (bit == known.end()) {
      std::string list;
      for (const Bit& b : known) list += fmt::format("{}{}", list.empty() ? "" : ", ", b.first);
      cursor_.fail(fmt::format("a mode bit of {} ({})", machine().name, list.empty() ? "it has none" : list));
    }
    cursor_.take();
    cursor_.expect("=");
    item.bits.emplace_back(bit->second, cursor_.number_up_to(1, "0 or 1") == 1);
  } while (!cursor_.at_end());
  scenario().setup.push_back({place, std::move(item)});
}

// By name (sv39) or by the number of levels.
void Parser::mode_line() {
  const Format& format = machine().format;
  std::string list;
  for (unsigned levels = format.min_levels; levels <= format.levels; ++levels) {
    const std::string name = format.kind == PteKind::Riscv
                                 ? fmt::format("sv{}", format.page_bits + format.vpn_bits(levels))
                                 : fmt::format("{}", levels);
    if (cursor_.accept(name)) {
      levels_ = levels;
      return;
    }
    list += (list.empty() ? "" : ", ") + name;
  }
  cursor_.fail(fmt::format("a mode of {}: {}", machine().name, list));
}

void Parser::process_line() {
  const Place place = cursor_.place();
  const Token token = cursor_.peek();
  NewProcess item;
  item.process = new_process(cursor_.name("a name for the process"), token);
  last_process_ = item.process;
  item.options.levels = levels_;
  while (!cursor_.at_end()) {
    if (cursor_.accept("raw")) {
      item.options.raw = true;
    } else if (cursor_.accept("asid")) {
      cursor_.expect("=");
      item.options.asid = static_cast<std::uint16_t>(cursor_.number_up_to(low_mask(machine().asid_bits), "an ASID"));
    } else if (cursor_.accept("table")) {
      cursor_.expect("=");
      item.options.table = PhysAddr(cursor_.number_up_to(bus_max(), "the physical address of a table"));
    } else if (cursor_.accept("limit")) {
      cursor_.expect("=");
      item.options.limit = cursor_.number_up_to(vpn_max() + 1, "the number of pages that the table serves");
    } else if (cursor_.accept("heap")) {
      cursor_.expect("=");
      const Token at = cursor_.peek();
      item.options.heap = cursor_.number_up_to(low_mask(machine().va_bits), "the address where the heap starts");
      if (item.options.heap % machine().format.page_size() != 0) cursor_.fail_at(at, "the address of a page");
    } else if (cursor_.accept("=")) {
      item.refused = cursor_.accept("nomem");
      item.any = cursor_.accept("any");
      if (!item.refused && !item.any) cursor_.fail("'nomem' or 'any'");
      break;
    } else {
      cursor_.fail("'asid=N', 'table=ADDR', 'limit=N', 'heap=ADDR', 'raw', '= nomem', '= any' or the end of the line");
    }
  }
  scenario().setup.push_back({place, item});
}

Rights Parser::rights() {
  const Token token = cursor_.peek();
  const std::string expected = "rights: letters of r, w, x and k";
  if (token.kind != TokenKind::Word) cursor_.fail(expected);
  Rights given{false, false, false, false};
  for (const char c : token.text) {
    bool* right = nullptr;
    if (c == 'r') right = &given.read;
    if (c == 'w') right = &given.write;
    if (c == 'x') right = &given.exec;
    if (c == 'k') right = &given.kernel;
    if (right == nullptr || *right) cursor_.fail(expected);
    *right = true;
  }
  const bool withholds_user = possible_rights(machine(), {.kernel = true}).kernel;
  if (given.kernel && !withholds_user) {
    cursor_.fail(fmt::format("rights without k ({}'s entries have no kernel bit)", machine().name));
  }
  cursor_.take();
  // `k` alone says only who may use the page. A right that the entries cannot withhold is always given.
  const bool all = token.text == "k";
  if (all) given = {.kernel = true};
  return possible_rights(machine(), given);
}

void Parser::area_line() {
  const Place place = cursor_.place();
  const std::uint64_t page = machine().format.page_size();
  NewArea item;
  item.process = known_process();
  const auto boundary = [&](std::string_view what) {
    const Token token = cursor_.peek();
    const std::uint64_t address = cursor_.number_up_to(low_mask(machine().va_bits) + 1, what);
    if (address % page != 0)
      cursor_.fail_at(token, fmt::format("{} that is a multiple of the page size {}", what, page));
    return VirtAddr(address);
  };
  item.from = boundary("the area's first address");
  cursor_.expect("..");
  const Token token = cursor_.peek();
  item.to = boundary("the address after the area's last");
  if (item.to <= item.from) cursor_.fail_at(token, "an address above the first");
  item.rights = rights();
  item.stack = cursor_.accept("stack");
  scenario().setup.push_back({place, item});
}

Side Parser::side() {
  if (cursor_.accept("data")) return Side::Data;
  if (cursor_.accept("fetch")) return Side::Fetch;
  cursor_.fail("'data' or 'fetch'");
}

TlbSet Parser::tlb_set() {
  TlbSet item;
  const Token token = cursor_.peek();
  item.side = side();
  const TlbGeometry& tlb = item.side == Side::Data ? machine().dtlb : machine().itlb;
  if (tlb.ways == 0) cursor_.fail_at(token, fmt::format("a TLB that {} has", machine().name));
  item.set = static_cast<unsigned>(cursor_.number_up_to(tlb.sets - 1, "the number of a set"));
  cursor_.expect(":");
  const std::uint64_t tag_max = vpn_max() >> std::countr_zero(tlb.sets);
  do {
    if (item.ways.size() == tlb.ways) cursor_.fail(fmt::format("at most {} ways", tlb.ways));
    TlbWay way;
    way.tag = cursor_.hex_up_to(tag_max, "a tag in hexadecimal");
    way.valid = !cursor_.accept("-");
    if (way.valid) {
      cursor_.expect("->");
      way.ppn = cursor_.hex_up_to(ppn_max(), "a physical page number in hexadecimal");
    }
    item.ways.push_back(way);
  } while (cursor_.accept(","));
  return item;
}

void Parser::cache_line() {
  const Place place = cursor_.place();
  const Token token = cursor_.peek();
  CacheLine item;
  item.side = side();
  const CacheGeometry& cache = item.side == Side::Data ? machine().dcache : machine().icache;
  if (cache.ways == 0) cursor_.fail_at(token, fmt::format("a cache that {} has", machine().name));
  if (!machine().array_port) {
    cursor_.fail_at(token, fmt::format("a machine with an array port ({} has none)", machine().name));
  }
  item.set = static_cast<unsigned>(cursor_.number_up_to(cache.sets - 1, "the number of a set"));
  if (cursor_.accept("."))
    item.way = static_cast<unsigned>(cursor_.number_up_to(cache.ways - 1, "the number of a way"));
  cursor_.expect(":");
  cursor_.expect("tag");
  cursor_.expect("=");
  const std::uint64_t line_max = bus_max() / cache.line_bytes;
  item.tag = cursor_.hex_up_to(line_max / cache.sets, "a tag in hexadecimal");
  item.valid = cursor_.accept("valid");
  if (!item.valid) cursor_.expect("invalid");
  item.dirty = cursor_.accept("dirty");
  if (item.valid || !cursor_.at_end()) {
    const Token bytes = cursor_.peek();
    item.bytes = hex_bytes();
    if (item.bytes.size() != cache.line_bytes)
      cursor_.fail_at(bytes, fmt::format("the {} bytes of a line", cache.line_bytes));
  }
  scenario().setup.push_back({place, std::move(item)});
}

}  // namespace vm::trace
