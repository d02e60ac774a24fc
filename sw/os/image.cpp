// SPDX-License-Identifier: Apache-2.0
#include "os/image.h"

#include <algorithm>

namespace vm {

const ProcessImage::Slot* ProcessImage::find(Vpn vpn) const {
  const auto found = slots_.find(vpn.value);
  return found == slots_.end() ? nullptr : &found->second;
}

std::uint8_t ProcessImage::byte(Vpn vpn, std::uint64_t offset) const {
  const Slot* slot = find(vpn);
  return slot == nullptr ? std::uint8_t{0} : (*slot->bytes)[offset];
}

void ProcessImage::store(Vpn vpn, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  Slot& slot = slots_.at(vpn.value);
  if (slot.is_private) separate(vpn);
  std::copy(bytes.begin(), bytes.end(), slot.bytes->begin() + static_cast<std::ptrdiff_t>(offset));
}

void ProcessImage::drop(Vpn vpn, std::uint64_t count) {
  for (const Vpn slot : slots_in(vpn, count)) slots_.erase(slot.value);
}

std::vector<Vpn> ProcessImage::slots_in(Vpn from, std::uint64_t count) const {
  std::vector<Vpn> found;
  if (count < slots_.size()) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (slots_.contains(from.value + i)) found.push_back(from + i);
    }
    return found;
  }
  for (const auto& [vpn, slot] : slots_) {
    if (vpn - from.value < count) found.emplace_back(vpn);
  }
  return found;
}

void ProcessImage::separate(Vpn vpn) {
  const auto found = slots_.find(vpn.value);
  if (found == slots_.end()) return;
  Slot& slot = found->second;
  if (slot.bytes.use_count() > 1) slot.bytes = std::make_shared<PageBytes>(*slot.bytes);
  slot.is_private = false;
}

void ProcessImage::copy(Vpn vpn, ProcessImage& child) const {
  if (const Slot* slot = find(vpn))
    child.put(vpn, {.bytes = std::make_shared<PageBytes>(*slot->bytes), .is_private = false});
}

void ProcessImage::copy_on_store(Vpn vpn, ProcessImage& child) {
  const auto found = slots_.find(vpn.value);
  if (found == slots_.end()) return;  // never written: the child's is zero as well
  found->second.is_private = true;
  child.slots_[vpn.value] = found->second;
}

void ProcessImage::share(Vpn vpn, ProcessImage& child) const {
  if (const Slot* slot = find(vpn)) child.slots_[vpn.value] = *slot;
}

FetchHistory::Block& FetchHistory::block(std::uint64_t number) {
  if (number != last_number_) {
    std::unique_ptr<Block>& found = blocks_[number];
    if (!found) found = std::make_unique<Block>();
    last_number_ = number;
    last_ = found.get();
  }
  if (last_->epoch != epoch_) *last_ = {.epoch = epoch_, .had = {}};
  return *last_;
}

void FetchHistory::replaced(PhysAddr pa, std::uint8_t old) {
  block(pa.value / kBytes).had.at(pa.value % kBytes).set(old);
}

bool FetchHistory::had(PhysAddr pa, std::uint8_t byte) const {
  const auto found = blocks_.find(pa.value / kBytes);
  return found != blocks_.end() && found->second->epoch == epoch_ &&
         found->second->had.at(pa.value % kBytes).test(byte);
}

}  // namespace vm
