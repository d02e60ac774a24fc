// SPDX-License-Identifier: Apache-2.0
#include "walk_text.h"

#include <fmt/format.h>

namespace vm::sim {

namespace {

std::string rights_text(const Pte& pte) {
  return fmt::format("{}{}{}{}{}{}{}", pte.read ? "r" : "", pte.write ? "w" : "", pte.exec ? "x" : "",
                     pte.user ? " user" : " kernel", pte.accessed ? " accessed" : "", pte.dirty ? " dirty" : "",
                     pte.global ? " global" : "");
}

std::string meaning(const Machine& machine, const Pte& pte, unsigned level) {
  const Format& format = machine.format;
  if (!pte.valid) return "not valid";
  if (pte.reserved) return "reserved bits or encoding";
  if (!pte.leaf) return fmt::format("table at 0x{:X}", pte.ppn.value << format.page_bits);
  const std::uint64_t bytes = format.page_size() << (pte.napot ? 4 : format.index_lsb(level));
  return fmt::format("PPN 0x{:X}, page of {} bytes, {}", pte.ppn.value, bytes, rights_text(pte));
}

}  // namespace

std::vector<BitField> index_fields(const Format& format, unsigned levels) {
  std::vector<BitField> fields;
  if (levels == 1) fields.push_back({"VPN", format.page_bits, format.vpn_bits(1)});
  for (unsigned level = levels; levels > 1 && level-- > 0;) {
    fields.push_back({fmt::format("VPN{}", levels - level), format.page_bits + format.index_lsb(level),
                      format.index_bits.at(level)});
  }
  fields.push_back({"VPO", 0, format.page_bits});
  return fields;
}

std::string path_text(const Machine& machine, const Context& context, const WalkResult& walk, VirtAddr va) {
  const Format& format = machine.format;
  std::string text = "  the path in memory (level 0 is the leaf; the slides count from the root, L1):\n";
  for (unsigned i = 0; i < walk.entry_reads; ++i) {
    const Step& step = walk.path.at(i);
    const std::uint64_t index =
        machine.vpn_of(va).value >> format.index_lsb(step.level) & low_mask(format.index_bits.at(step.level));
    const Pte pte = decode_pte(machine, context, step.value, step.level);
    text += fmt::format("    level {} (L{}): VPN{} 0x{:X}, entry 0x{:X} at 0x{:X}: {}\n", step.level,
                        context.levels - step.level, context.levels - step.level, index, step.value, step.entry.value,
                        meaning(machine, pte, step.level));
  }
  return text;
}

}  // namespace vm::sim
