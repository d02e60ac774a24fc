// SPDX-License-Identifier: Apache-2.0
//
// The reference platform's own small lockstep check: the operating system's map and image against what was done.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "platform/reference_platform.h"

namespace vm {

void ReferencePlatform::check_translation(const Access& access, VirtAddr va, const Translation& found) {
  if (view_ == nullptr || !context().translate) return;
  const Cause cause = found.fault.cause;
  // What the OS cannot know: holes and bus errors; what needs no map: upper bits and the limit; and what the map does
  // not say: accessed and dirty bits.
  if (cause != Cause::None && (!is_page_fault(cause) || cause == Cause::Va || cause == Cause::Limit)) return;
  if (cause == Cause::Accessed || cause == Cause::Dirty) return;
  view_->os_mappings(context(), machine_.vpn_of(va), mappings_);
  if (mappings_.empty()) return;
  const bool agreed = std::any_of(mappings_.begin(), mappings_.end(), [&](const OsMapping& m) {
    if (!m.mapped) return cause == Cause::Invalid;
    Pte page;
    page.user = m.user;
    page.read = m.read;
    page.write = m.write;
    page.exec = m.exec;
    const Cause denied = denied_by(machine_.format, context().env, page, request_of(access, va));
    if (denied != Cause::None) return cause == denied;
    return cause == Cause::None && found.pa.value >> machine_.format.page_bits == m.ppn.value;
  });
  if (agreed) return;
  mismatches_.push_back(fmt::format("os map: {} of 0x{:x} gave {} pa 0x{:x}, which the operating system did not mean",
                                    to_string(access.kind), va.value, to_string(cause), found.pa.value));
}

void ReferencePlatform::check_data(const Access& access, const AccessResult& result) {
  if (view_ == nullptr) return;
  if (access.atomic != AtomicOp::None) return check_atomic(access, result);
  // A store that ends in a bus error has written what lies before.
  const bool cut = result.fault.cause == Cause::Bus && access.kind == AccessKind::Store;
  if (result.fault && !cut) return;
  const std::uint64_t bytes = cut ? result.fault.va.value - access.va.value : access.size();
  const bool is_store = access.kind == AccessKind::Store;
  std::array<std::uint8_t, 8> data{};
  for (unsigned i = 0; i < bytes; ++i)
    data.at(i) = static_cast<std::uint8_t>((is_store ? access.data : result.data) >> (8 * i));
  const std::span<const std::uint8_t> moved = std::span(data).first(bytes);
  if (is_store) return view_->image_store_bytes(context(), access.va, moved);
  check_loaded(access, moved);
}

// What a process finds, and what it leaves: computed from its own bytes.
void ReferencePlatform::check_atomic(const Access& access, const AccessResult& result) {
  if (result.fault) return;
  const AtomicOp op = access.atomic;
  std::array<std::uint8_t, 8> bytes{};
  for (unsigned i = 0; i < access.size(); ++i) bytes.at(i) = static_cast<std::uint8_t>(result.data >> (8 * i));
  if (op != AtomicOp::Sc) check_loaded(access, std::span(bytes).first(access.size()));
  if (op == AtomicOp::Lr || (op == AtomicOp::Sc && result.data != 0)) return;
  std::uint64_t old = 0;
  for (unsigned i = 0; i < access.size(); ++i) {
    old |= std::uint64_t{view_->image_byte(context(), access.va + i).value_or(bytes.at(i))} << (8 * i);
  }
  const std::uint64_t value = amo_result(op, access.size(), old, access.data);
  for (unsigned i = 0; i < access.size(); ++i) bytes.at(i) = static_cast<std::uint8_t>(value >> (8 * i));
  view_->image_store_bytes(context(), access.va, std::span(bytes).first(access.size()));
}

void ReferencePlatform::check_loaded(const Access& access, std::span<const std::uint8_t> loaded) {
  if (view_->image_holds(context(), access.va, loaded)) return;
  for (unsigned i = 0; i < loaded.size(); ++i) {
    const VirtAddr va = access.va + i;
    const std::uint8_t found = loaded[i];
    const std::optional<std::uint8_t> expected = view_->image_byte(context(), va);
    if (!expected || *expected == found) continue;
    const bool incoherent = machine_.icache.ways != 0 || machine_.dcache.ways != 0;
    if (access.kind == AccessKind::Fetch && incoherent && view_->image_fetch_may_be(context(), va, found)) continue;
    mismatches_.push_back(fmt::format("image: {} of 0x{:x} gave 0x{:02x}, expected 0x{:02x}", to_string(access.kind),
                                      va.value, found, *expected));
  }
}

}  // namespace vm
