// SPDX-License-Identifier: Apache-2.0
#include "traffic/port_feeder.h"

#include <bit>

#include "machine/mix.h"
#include "pieces.h"

namespace vm {
namespace {

// `value` in the lanes of the bytes at `address`, other bits from `filler`.
std::uint64_t in_lanes(std::uint64_t value, std::uint64_t address, unsigned bytes, std::uint64_t filler) {
  const auto lanes = std::rotl(static_cast<std::uint8_t>(low_mask(bytes)), static_cast<int>(address % 8));
  const std::uint64_t mask = lane_mask(lanes);
  return (to_lanes(value & low_mask(8 * bytes), address) & mask) | (filler & ~mask);
}

}  // namespace

bool PortFeeder::ready(const trace::PortRequest& request) const {
  return std::visit([this](const auto& r) { return is_ready(r); }, request);
}

void PortFeeder::offer(const trace::PortRequest& request) {
  filler_ = mix(count_++);
  std::visit([this](const auto& r) { submit(r); }, request);
}

// ---------------------------------------------------------------- ready

bool PortFeeder::is_ready(const trace::PortWait& /*wait*/) const { return true; }

bool PortFeeder::is_ready(const Access& access) const {
  return bench_.can_submit(access.kind == AccessKind::Fetch ? Port::Fetch : Port::Data);
}

bool PortFeeder::is_ready(const trace::PortHost& host) const {
  if (host.write && walks_overtake_stores() && bench_.fence_waits()) return false;
  return bench_.can_submit_host();
}

bool PortFeeder::is_ready(const trace::PortCtl& /*ctl*/) const { return bench_.can_submit_ctl(); }

bool PortFeeder::is_ready(const Fence& fence) const {
  const bool store_under_way = bench_.host_unanswered() > host_after_store_;
  if (fence.op == FenceOp::Tlb && walks_overtake_stores() && store_under_way) return false;
  return bench_.can_submit_fence();
}

bool PortFeeder::is_ready(const trace::PortArray& /*array*/) const { return bench_.can_submit_array(); }

// ---------------------------------------------------------------- submit

void PortFeeder::submit(const trace::PortWait& /*wait*/) {}

void PortFeeder::submit(const Access& access) {
  CoreRequest request;
  request.user = access.user;
  request.sum = access.sum;
  request.mxr = access.mxr;
  request.write = access.kind == AccessKind::Store;
  request.atomic = access.atomic;
  request.size = access.size_log2;
  request.va = access.va.value;
  request.wdata = request.write ? in_lanes(access.data, request.va, access.size(), filler_) : filler_;
  bench_.submit(access.kind == AccessKind::Fetch ? Port::Fetch : Port::Data, request);
}

void PortFeeder::submit(const trace::PortHost& host) {
  HostRequest request;
  request.id = filler_ & 15U;
  request.write = host.write;
  request.addr = host.at.value;
  request.strb = static_cast<std::uint8_t>(low_mask(host.bytes) << (host.at.value % 8));
  request.wdata = host.write ? in_lanes(host.value, request.addr, host.bytes, filler_) : filler_;
  host_after_store_ = host.write ? 0 : host_after_store_ + 1;
  bench_.submit_host(request);
}

void PortFeeder::submit(const trace::PortCtl& ctl) {
  CtlRequest request;
  request.id = filler_ & 15U;
  request.user = ctl.user;
  request.index = ctl.index;
  request.data = trace::takes_value(ctl.index) ? ctl.value : filler_;
  bench_.submit_ctl(request);
}

void PortFeeder::submit(const Fence& fence) {
  const bool tlb = fence.op == FenceOp::Tlb;
  FenceRequest request;
  request.id = filler_ & 15U;
  request.user = fence.user;
  request.op = static_cast<std::uint8_t>(fence.op);
  request.by_addr = fence.by_addr;
  request.addr = fence.by_addr ? fence.addr : filler_;
  request.by_asid = tlb ? fence.by_asid : (filler_ & 0x10) != 0;
  request.asid = tlb && fence.by_asid ? fence.asid : static_cast<std::uint16_t>(filler_ >> 48);
  request.globals = tlb ? fence.globals : (filler_ & 0x20) != 0;
  bench_.submit_fence(request);
}

void PortFeeder::submit(const trace::PortArray& array) {
  ArrayRequest request;
  request.write = array.write;
  request.flip = array.flip;
  request.array = static_cast<std::uint8_t>(array.element.array);
  request.set = static_cast<std::uint16_t>(array.element.set);
  request.way = static_cast<std::uint8_t>(array.element.way);
  request.word = static_cast<std::uint8_t>(array.element.word);
  request.data0 = array.write || array.flip ? array.element.data0 : filler_;
  request.data1 = array.write ? array.element.data1 : ~filler_;
  bench_.submit_array(request);
}

}  // namespace vm
