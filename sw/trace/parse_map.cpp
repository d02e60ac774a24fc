// SPDX-License-Identifier: Apache-2.0
//
// `map` lines: what page, what frame, and how.
#include <fmt/format.h>

#include "trace/parser_state.h"

namespace vm::trace {

void Parser::map_line() {
  const Place place = cursor_.place();
  MapPage item;
  item.process = known_process();
  item.vpn = Vpn(cursor_.number_up_to(vpn_max(), "a virtual page number"));
  cursor_.expect("->");
  if (cursor_.accept("none")) {
    return unmap(place, item.process, item.vpn);
  }
  item.frame = Ppn(cursor_.number_up_to(ppn_max(), "a frame number or 'none'"));
  map_options(item);
  item.any = accept_any();
  add_shared(place, item, item);
}

void Parser::map_options(MapPage& item) {
  Kernel::MapOptions& options = item.options;
  while (!cursor_.at_end() && !cursor_.is("=")) {
    const Token token = cursor_.peek();
    if (token.kind == TokenKind::Word && token.text.find_first_not_of("rwxk") == std::string_view::npos) {
      item.rights = rights();
    } else if (cursor_.accept("cow")) {
      options.cow = true;
    } else if (cursor_.accept("shared")) {
      options.shared = true;
    } else if (cursor_.accept("global")) {
      options.global = true;
    } else if (const auto type = memory_type()) {
      options.type = *type;
    } else if (const auto bytes = page_bytes()) {
      page_size(options, *bytes, token);
    } else {
      cursor_.fail(
          "rights (letters of r, w, x and k), 'cow', 'shared', 'global', a page size such as 2M, or a memory type (uc, "
          "wc, "
          "wt, wp, ucminus, nc, io)");
    }
  }
}

std::optional<MemType> Parser::memory_type() {
  constexpr std::pair<std::string_view, MemType> kX86[] = {
      {"uc", MemType::Uncached},     {"wc", MemType::WriteCombining}, {"wt", MemType::WriteThrough},
      {"wp", MemType::WriteProtect}, {"wb", MemType::WriteBack},      {"ucminus", MemType::UncachedMinus}};
  constexpr std::pair<std::string_view, MemType> kRiscv[] = {
      {"nc", MemType::NonCacheable}, {"io", MemType::Io}, {"pma", MemType::WriteBack}};
  const auto find = [&](auto&& types) -> std::optional<MemType> {
    for (const auto& [name, type] : types) {
      if (cursor_.accept(name)) return type;
    }
    return std::nullopt;
  };
  if (machine().format.kind == PteKind::X86) return find(kX86);
  return machine().format.pbmt ? find(kRiscv) : std::nullopt;
}

std::optional<std::uint64_t> Parser::page_bytes() {
  constexpr std::string_view kUnits = "BKMGT";
  const std::string_view text = cursor_.peek().text;
  if (cursor_.peek().kind != TokenKind::Word || text.size() < 2) return std::nullopt;
  const std::size_t unit = kUnits.find(text.back());
  const auto number = parse_number(text.substr(0, text.size() - 1));
  if (unit == std::string_view::npos || !number || *number == 0 || *number > 1024) return std::nullopt;
  cursor_.take();
  return *number << (10 * unit);
}

void Parser::page_size(Kernel::MapOptions& options, std::uint64_t bytes, const Token& token) const {
  const Format& format = machine().format;
  constexpr unsigned kNapotPages = 16;
  std::string list;
  const auto is = [&](std::uint64_t pages) {
    const std::uint64_t size = format.page_size() * pages;
    constexpr std::string_view kUnits = "BKMGT";
    unsigned unit = 0;
    while (unit + 1 < kUnits.size() && size >> (10 * unit) >= 1024) ++unit;
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", size >> (10 * unit), kUnits[unit]);
    return bytes == size;
  };
  for (unsigned level = 0; level <= format.max_leaf_level; ++level) {
    if (is(1ULL << format.index_lsb(level))) {
      options.level = level;
      return;
    }
  }
  options.napot = format.napot && is(kNapotPages);
  if (!options.napot) cursor_.fail_at(token, fmt::format("a page size of {}: {}", machine().name, list));
}

}  // namespace vm::trace
