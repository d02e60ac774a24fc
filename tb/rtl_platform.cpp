// SPDX-License-Identifier: Apache-2.0
#include "rtl_platform.h"

#include <algorithm>
#include <stdexcept>

#include "pieces.h"

namespace vm {
namespace {

Port port_of(const Access& access) { return access.kind == AccessKind::Fetch ? Port::Fetch : Port::Data; }

}  // namespace

AccessResult RtlPlatform::result_of(const TrackedAccess& access) const {
  const Machine& machine = bench_.machine();
  AccessResult result;
  result.fault = access.response.fault;
  if (!result.fault && access.answers_data()) {
    result.data = from_lanes(access.response.rdata, access.request.va, access.size());
  }
  result.entry_reads = access.entry_reads;
  result.entry_addr = access.entry_addr;
  result.bus_reads = access.bus_reads;
  result.bus_writes = access.bus_writes;
  result.accepted = access.accepted;
  result.answered = access.answered;
  if (access.piece_count == 0) return result;
  const Piece& first = access.pieces[0];
  result.pa = PhysAddr(first.xlat.c);
  const bool has_tlb =
      (access.port == Port::Fetch ? machine.itlb : machine.dtlb).ways != 0 || machine.super_entries != 0;
  if (has_tlb && first.xlat.source() == Source::Tlb) result.tlb = Hit::Hit;
  if (has_tlb && (first.xlat.source() == Source::Walk || first.xlat.source() == Source::L2)) result.tlb = Hit::Miss;
  for (unsigned i = 0; i < access.piece_count; ++i) {
    const Piece& piece = access.pieces[i];
    if (!piece.looked_up) continue;
    if (!piece.lookup.single()) result.cache = piece.lookup.hit() ? Hit::Hit : Hit::Miss;
    break;
  }
  return result;
}

void RtlPlatform::issue(std::size_t index, const Access& access) {
  CoreRequest request;
  request.user = access.user;
  request.sum = access.sum;
  request.mxr = access.mxr;
  request.write = access.kind == AccessKind::Store;
  request.atomic = access.atomic;
  request.size = access.size_log2;
  request.va = access.va.value;
  request.wdata = request.write ? to_lanes(access.data & low_mask(8 * access.size()), access.va.value) : 0;
  const Port port = port_of(access);
  index_of_[static_cast<unsigned>(port)][bench_.submit(port, request)] = index;
}

std::size_t RtlPlatform::perform(std::span<const Access> accesses, std::span<AccessResult> results,
                                 FunctionRef<bool(std::size_t)> surely_ok) {
  std::size_t issued = 0, answered = 0;
  std::size_t first_fault = accesses.size();
  while (answered < issued || (issued < accesses.size() && first_fault == accesses.size())) {
    // An access is issued once nothing before it can fault any more.
    while (issued < accesses.size() && first_fault == accesses.size() && bench_.can_submit(port_of(accesses[issued]))) {
      const bool all_before_sure = answered == issued || surely_ok(issued - 1);
      if (!all_before_sure) break;
      issue(issued, accesses[issued]);
      ++issued;
      if (!surely_ok(issued - 1)) break;
    }
    bench_.step();
    for (const TrackedAccess* access : bench_.tracker().retired()) {
      const std::size_t index = index_of_[static_cast<unsigned>(access->port)][access->request.id];
      results[index] = result_of(*access);
      ++answered;
      if (access->response.fault) first_fault = std::min(first_fault, index);
    }
  }
  return first_fault;
}

template <class Fill, class Use>
bool RtlPlatform::host_access(PhysAddr pa, std::size_t size, bool write, Fill fill, Use use) {
  const unsigned unit = bench_.machine().unit_bytes();
  bool good = true;
  std::size_t issued = 0, answered = 0;
  const auto chunk = [&](std::size_t offset) {
    return std::min<std::size_t>(unit - (pa.value + offset) % unit, size - offset);
  };
  while (answered < size) {
    while (issued < size && bench_.can_submit_host()) {
      const std::size_t bytes = chunk(issued);
      HostRequest request;
      request.id = next_side_id_++ & 15U;
      request.write = write;
      request.addr = pa.value + issued;
      request.strb = static_cast<std::uint8_t>(((1U << bytes) - 1U) << (request.addr % 8));
      request.wdata = write ? to_lanes(fill(issued, bytes), request.addr) : 0;
      bench_.submit_host(request);
      issued += bytes;
    }
    bench_.step();
    if (const HostResponse& response = bench_.cycle().out->host; response.valid) {
      const std::size_t bytes = chunk(answered);
      good = good && !response.err;
      use(answered, bytes, from_lanes(response.rdata, pa.value + answered, static_cast<unsigned>(bytes)));
      answered += bytes;
    }
  }
  return good;
}

bool RtlPlatform::host_read(PhysAddr pa, std::span<std::uint8_t> bytes) {
  return host_access(
      pa, bytes.size(), false, [](std::size_t, std::size_t) { return std::uint64_t{0}; },
      [&bytes](std::size_t offset, std::size_t count, std::uint64_t value) {
        for (std::size_t i = 0; i < count; ++i) bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
      });
}

bool RtlPlatform::host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  return host_access(
      pa, bytes.size(), true,
      [&bytes](std::size_t offset, std::size_t count) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i) value |= static_cast<std::uint64_t>(bytes[offset + i]) << (8 * i);
        return value;
      },
      [](std::size_t, std::size_t, std::uint64_t) {});
}

bool RtlPlatform::ctl_write(CtlReg reg, std::uint64_t value, bool user) {
  CtlRequest request;
  request.id = next_side_id_++ & 15U;
  request.user = user;
  request.index = static_cast<std::uint8_t>(reg);
  request.data = value;
  bench_.submit_ctl(request);
  do {
    bench_.step();
  } while (!bench_.cycle().out->ctl.valid);
  return !bench_.cycle().out->ctl.refused;
}

bool RtlPlatform::fence(const Fence& fence) {
  FenceRequest request;
  request.id = next_side_id_++ & 15U;
  request.user = fence.user;
  request.op = static_cast<std::uint8_t>(fence.op);
  request.by_addr = fence.by_addr;
  request.by_asid = fence.by_asid;
  request.globals = fence.globals;
  request.addr = fence.addr;
  request.asid = fence.asid;
  bench_.submit_fence(request);
  do {
    bench_.step();
  } while (!bench_.cycle().out->fence.valid);
  return !bench_.cycle().out->fence.refused;
}

ArrayElement RtlPlatform::array_access(const ArrayElement& element, bool write) {
  if (!bench_.machine().array_port) throw std::logic_error("machine " + bench_.machine().name + " has no array port");
  ArrayRequest request;
  request.write = write;
  request.array = static_cast<std::uint8_t>(element.array);
  request.set = static_cast<std::uint16_t>(element.set);
  request.way = static_cast<std::uint8_t>(element.way);
  request.word = static_cast<std::uint8_t>(element.word);
  request.data0 = element.data0;
  request.data1 = element.data1;
  bench_.submit_array(request);
  do {
    bench_.step();
  } while (!bench_.cycle().out->array.valid);
  ArrayElement result = element;
  result.data0 = bench_.cycle().out->array.data0;
  result.data1 = bench_.cycle().out->array.data1;
  return result;
}

void RtlPlatform::array_write(const ArrayElement& element) { array_access(element, true); }

ArrayElement RtlPlatform::array_read(Array array, unsigned set, unsigned way, unsigned word) {
  return array_access({array, set, way, word, 0, 0}, false);
}

}  // namespace vm
