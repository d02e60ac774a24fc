// SPDX-License-Identifier: Apache-2.0
//
// Physical memory as the kernel uses it: through the host port, by preload before the machine runs.
#include "os/state.h"
#include "os/windows/page_manager.h"

namespace vm {

bool Kernel::State::write_memory(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  if (started) {
    if (!platform.host_write(pa, bytes)) return false;
  } else {
    platform.preload(pa, bytes);
  }
  shadow.write(pa, bytes);
  return true;
}

bool Kernel::State::read_memory(PhysAddr pa, std::span<std::uint8_t> bytes) {
  if (started) return platform.host_read(pa, bytes);
  shadow.read(pa, bytes);
  return true;
}

bool Kernel::State::zero_frame(Ppn frame) {
  const PageBytes zeros(machine.format.page_size());
  if (!write_memory(address_of(frame), zeros)) return false;
  ++counts.zero_fills;
  return true;
}

bool Kernel::State::copy_frame(Ppn from, Ppn to) {
  PageBytes bytes(machine.format.page_size());
  if (!read_memory(address_of(from), bytes) || !write_memory(address_of(to), bytes)) return false;
  ++counts.page_copies;
  return true;
}

void Kernel::State::owe_fetch_sync(const Page& page) {
  if (started && page.entry.mapped && page.entry.exec && fetch_is_incoherent()) fetch_sync_owed = true;
}

void Kernel::State::pay_fetch_sync() {
  pay(FenceReason::FetchSync, {.op = FenceOp::FetchSync});
  fetch_sync_owed = false;
  fetch_history.clear();
}

void Kernel::State::replace_byte(PhysAddr pa, std::uint8_t byte) {
  fetch_history.replaced(pa, shadow.read_byte(pa));
  shadow.write_byte(pa, byte);
}

void Kernel::State::note_physical_write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  if (!started) frames.reserve(pa, bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    replace_byte(pa + i, bytes[i]);
    forget_copy(Ppn((pa + i).value >> machine.format.page_bits));  // no entry tells of this store
    frames.note_written(Ppn((pa + i).value >> machine.format.page_bits));
    if (page_manager != nullptr) page_manager->note_physical_write(pa + i, bytes[i]);
  }
  // Processes that have one of these frames see the new bytes.
  const unsigned page_bits = machine.format.page_bits;
  for (auto& [pid, process] : processes) {
    for (auto& [number, page] : process.pages) {
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        const PhysAddr at = pa + i;
        const std::uint64_t piece = (at.value >> page_bits) - page.frame.value;
        if (piece >= page.count()) continue;
        (*slot_for_store(process, Vpn(number + piece)).bytes)[machine.offset_of(VirtAddr(at.value))] = bytes[i];
      }
    }
  }
}

}  // namespace vm
