// SPDX-License-Identifier: Apache-2.0
//
// Page tables: entries, and the fences that changing them owes.
#include <fmt/format.h>

#include "machine/error.h"
#include "machine/pte.h"
#include "os/state.h"

namespace vm {

OsMapping Kernel::State::entry_for(const Page& page) const {
  if (page.blocked) return {};
  const Pte granted = expressible(machine.format, {.valid = true,
                                                   .user = !page.rights.kernel,
                                                   .read = page.rights.read,
                                                   .write = page.rights.write && !page.cow,
                                                   .exec = page.rights.exec,
                                                   .ppn = page.frame});
  return {.mapped = true,
          .ppn = granted.ppn,
          .user = granted.user,
          .read = granted.read,
          .write = granted.write,
          .exec = granted.exec};
}

Rights Kernel::State::expressible_rights(Rights rights) const {
  const Pte page = expressible(machine.format, {.valid = true,
                                                .user = !rights.kernel,
                                                .read = rights.read,
                                                .write = rights.write,
                                                .exec = rights.exec,
                                                .ppn = {}});
  return {.read = page.read, .write = page.write, .exec = page.exec, .kernel = !page.user};
}

PhysAddr Kernel::State::entry_address(const Process& process, Vpn vpn) const {
  return process.table + vpn.value * machine.format.pte_bytes();
}

void Kernel::State::write_entry(const Process& process, Vpn vpn, const OsMapping& mapping) {
  const std::uint64_t raw = mapping.mapped ? encode_pte(machine.format, {.valid = true,
                                                                         .user = mapping.user,
                                                                         .read = mapping.read,
                                                                         .write = mapping.write,
                                                                         .exec = mapping.exec,
                                                                         .ppn = mapping.ppn})
                                           : 0;
  const std::array<std::uint8_t, 8> bytes = pte_to_bytes(machine.format, raw);
  const PhysAddr at = entry_address(process, vpn);
  const Region* region = machine.region_of(at);
  if (region == nullptr || !write_memory(at, std::span(bytes).first(machine.format.pte_bytes()))) {
    throw InputError(
        fmt::format("the entry of page 0x{:x} of process {} cannot be written: there is no working memory at "
                    "0x{:x}",
                    vpn.value, process.name, at.value));
  }
  // A walker that reads memory directly sees an entry only after it has left the write-back cache.
  if (started && machine.walk_port == WalkPort::Memory && machine.dcache.ways != 0 && region->cacheable) {
    platform.fence({.op = FenceOp::CacheClean, .by_addr = true, .addr = at.value});
    ++counts.fences;
  }
}

void TableUpdate::set(Vpn vpn, const OsMapping& before, const OsMapping& after) {
  if (before == after) return;
  const bool narrower = (before.user && !after.user) || (before.read && !after.read) ||
                        (before.write && !after.write) || (before.exec && !after.exec);
  if (before.mapped && (!after.mapped || before.ppn != after.ppn || narrower)) {
    process_.stale.push_back({.vpn = vpn, .entry = before});
    owed_.push_back(vpn);
  }
  state_.write_entry(process_, vpn, after);
}

void TableUpdate::commit() {
  const bool asids = state_.machine.asid_bits != 0;
  // Without ASIDs the hardware remembers only the address space in force; and never one that did not run.
  const bool remembered = state_.started && process_.last_switch != 0 &&
                          (asids ? process_.asid.has_value() : state_.current == process_.id);
  if (!owed_.empty() && remembered) {
    Fence fence{.op = FenceOp::Tlb, .by_addr = owed_.size() == 1, .by_asid = asids};
    if (asids) fence.asid = *process_.asid;
    if (fence.by_addr) fence.addr = owed_.front().value << state_.machine.format.page_bits;
    if (fence.by_addr && state_.machine.format.upper_va == UpperVa::Sign) {
      const unsigned unused = 64 - state_.machine.va_bits;
      fence.addr = static_cast<std::uint64_t>(static_cast<std::int64_t>(fence.addr << unused) >> unused);
    }
    state_.fence_tlb(fence);
  }
  owed_.clear();
  process_.stale.clear();
}

void Kernel::State::map(Process& process, Vpn vpn, Ppn frame, Rights rights, bool cow, bool shared) {
  if (vpn.value > low_mask(machine.vpn_bits())) {
    throw InputError(fmt::format("page 0x{:x} does not exist: virtual page numbers of machine {} have {} bits",
                                 vpn.value, machine.name, machine.vpn_bits()));
  }
  if (frame.value > low_mask(machine.format.ppn_bits)) {
    throw InputError(fmt::format("frame 0x{:x} does not fit an entry of machine {}: physical page numbers have {} bits",
                                 frame.value, machine.name, machine.format.ppn_bits));
  }
  if (const Rights possible = expressible_rights(rights); possible != rights) {
    throw InputError(fmt::format("page 0x{:x}: an entry of machine {} cannot {}", vpn.value, machine.name,
                                 possible.kernel != rights.kernel ? "keep users out"
                                 : possible.read != rights.read   ? "withhold the right to read"
                                 : possible.write != rights.write ? "withhold the right to write"
                                                                  : "withhold the right to execute"));
  }
  if (cow && shared) {
    throw InputError(fmt::format("page 0x{:x} cannot be both copy-on-write and shared", vpn.value));
  }
  if (cow && !can_withhold_write()) {
    throw InputError(fmt::format("page 0x{:x} cannot be copy-on-write: entries of machine {} have no write bit",
                                 vpn.value, machine.name));
  }

  Page page{
      .frame = frame, .rights = rights, .cow = cow, .keep_frame = cow, .shared = shared, .blocked = false, .entry = {}};
  page.entry = entry_for(page);
  const Page* old = process.page(vpn);
  const OsMapping before = old == nullptr ? OsMapping{} : old->entry;
  const std::optional<Ppn> old_frame = old == nullptr ? std::nullopt : std::optional(old->frame);
  take_named_frame(process, vpn, page);
  TableUpdate update(*this, process);
  update.set(vpn, before, page.entry);
  update.commit();
  if (old_frame) frames.release(*old_frame);
  owe_fetch_sync(page);
}

void Kernel::State::take_named_frame(Process& process, Vpn vpn, const Page& page) {
  // The image of the page is the frame: shared with whoever maps it, else what lies there.
  ProcessImage::Slot slot{.bytes = nullptr, .is_private = page.cow};
  for (auto& [pid, other] : processes) {
    for (auto& [number, candidate] : other.pages) {
      if (candidate.frame == page.frame && !slot.bytes) slot.bytes = slot_for_store(other, Vpn(number)).bytes;
    }
  }
  if (!slot.bytes) {
    slot.bytes = std::make_shared<PageBytes>(machine.format.page_size());
    shadow.read(address_of(page.frame), *slot.bytes);
  }
  frames.name(page.frame);
  frames.retain(page.frame);
  process.pages[vpn.value] = page;
  process.image.put(vpn, std::move(slot));
}

void Kernel::State::adopt_table(Process& process) {
  const unsigned pte_bytes = machine.format.pte_bytes();
  const std::uint64_t entries = process.limit.value_or(1ULL << machine.vpn_bits());
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> entry = std::span(bytes).first(pte_bytes);
  for (std::uint64_t number = 0; number < entries; ++number) {
    const PhysAddr at = entry_address(process, Vpn(number));
    if (shadow.read_beat(at) == 0 || process.page(Vpn(number)) != nullptr) continue;
    shadow.read(at, entry);
    const Pte pte = decode_pte(machine.format, pte_from_bytes(machine.format, entry));
    if (!pte.valid) continue;
    Page page{.frame = pte.ppn,
              .rights = {.read = pte.read, .write = pte.write, .exec = pte.exec, .kernel = !pte.user},
              .entry = {}};
    page.entry = entry_for(page);
    take_named_frame(process, Vpn(number), page);
  }
}

void Kernel::State::drop_page(Process& process, Vpn vpn, TableUpdate& update) {
  const auto found = process.pages.find(vpn.value);
  if (found == process.pages.end()) return;
  const OsMapping before = found->second.entry;
  process.pages.erase(found);
  process.image.drop(vpn);
  update.set(vpn, before, {});
}

}  // namespace vm
