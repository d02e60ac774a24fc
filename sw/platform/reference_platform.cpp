// SPDX-License-Identifier: Apache-2.0
#include "platform/reference_platform.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "machine/cached_type.h"

namespace vm {

ReferencePlatform::ReferencePlatform(const Machine& machine)
    : machine_(machine),
      control_(machine_),
      itlb_(machine, machine.itlb),
      dtlb_(machine, machine.dtlb),
      icache_(machine.icache, bus_),
      dcache_(machine.dcache, bus_),
      reservation_(machine_) {}

void ReferencePlatform::preload(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  if (running_) ++backdoor_accesses_;
  bus_.memory.write(pa, bytes);
}

bool ReferencePlatform::move_entry(bool write, PhysAddr entry, std::span<std::uint8_t> bytes) {
  if (machine_.walk_port == WalkPort::Cache)
    return move_piece(dcache_, {.write = write}, entry, MemType::WriteBack, bytes, nullptr);
  return write ? bus_.write(entry, bytes) : bus_.read(entry, bytes);
}

std::optional<std::uint64_t> ReferencePlatform::read_entry(PhysAddr entry) {
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> wanted = std::span(bytes).first(machine_.format.pte_bytes());
  if (!move_entry(false, entry, wanted)) return std::nullopt;
  return pte_from_bytes(machine_.format, wanted);
}

void ReferencePlatform::update_entry(const Step& step) {
  ++entry_updates_;
  std::array<std::uint8_t, 8> bytes = pte_to_bytes(machine_.format, step.wanted);
  if (move_entry(true, step.entry, std::span(bytes).first(machine_.format.pte_bytes()))) {
    reservation_.other_store(step.entry, Lost::WalkerUpdate);
  }
}

// Nobody else writes entries meanwhile, so no compare-and-set can fail (R13, X11).
WalkResult ReferencePlatform::walk_tables(const Request& request, AccessResult& result) {
  const auto reader = [this](PhysAddr entry, unsigned) { return read_entry(entry); };
  WalkResult walked = walk(machine_, context(), request, reader);
  result.entry_reads += walked.entry_reads;
  if (walked.entry_reads > 0) result.entry_addr = walked.entry_addr;
  for (const Step& step : std::span(walked.path).first(walked.entry_reads)) {
    if (step.wanted != step.value) update_entry(step);
  }
  return walked;
}

ReferencePlatform::Translation ReferencePlatform::translate(const Access& access, VirtAddr va, AccessResult& result,
                                                            bool observe) {
  const Request request = request_of(access, va);
  const bool looks_up = context().translate && refused_before_walk(machine_, context(), va) == Cause::None;
  TlbMirror& tlb = tlb_of(access.kind);
  if (!looks_up || !tlb.present()) return of(walk_tables(request, result));

  const TlbMirror::Lookup found = tlb.lookup(context(), request);
  const bool hit = found.verdict == TlbVerdict::Granted;
  if (observe) result.tlb = hit ? Hit::Hit : Hit::Miss;
  if (hit) {
    tlb.touch(found);
    return {.fault = {}, .pa = translate_by(machine_, found.entry, va), .type = found.entry.page.type};
  }
  const WalkResult walked = walk_tables(request, result);
  if (!walked.fault) tlb.fill(entry_of(machine_, context(), va, walked));
  return of(walked);
}

bool ReferencePlatform::move_piece(ReferenceCache& cache, Moves moves, PhysAddr pa, MemType type,
                                   std::span<std::uint8_t> bytes, Hit* hit) {
  const auto [write, atomic] = moves;
  const bool cacheable = machine_.region_of(pa)->cacheable && cache.present();
  if (!cacheable || !is_cached(type, write, atomic)) {
    // Another mapping may have brought the line in.
    if (cacheable) cache.maintain({.op = FenceOp::CacheCleanInvalidate, .by_addr = true, .addr = pa.value}, true, true);
    return write ? bus_.write(pa, bytes) : bus_.read(pa, bytes);
  }
  if (write && type == MemType::WriteThrough) return cache.write_through(pa, bytes);
  const ReferenceCache::Answer answer = write ? cache.write(pa, bytes) : cache.read(pa, bytes);
  if (hit != nullptr) *hit = answer.hit ? Hit::Hit : Hit::Miss;
  return answer.ok;
}

Fault ReferencePlatform::move(const Access& access, std::span<const Piece> pieces, AccessResult& result) {
  ReferenceCache& cache = access.kind == AccessKind::Fetch ? icache_ : dcache_;
  const bool write = access.kind == AccessKind::Store;
  std::array<std::uint8_t, 8> bytes{};
  for (unsigned i = 0; write && i < access.size(); ++i) bytes.at(i) = static_cast<std::uint8_t>(access.data >> (8 * i));
  for (const Piece& piece : pieces) {
    Hit* hit = &piece == pieces.data() ? &result.cache : nullptr;
    if (!move_piece(cache, {.write = write}, piece.pa, piece.type, std::span(bytes).subspan(piece.first, piece.bytes),
                    hit)) {
      return fault_at(access, access.va + piece.first, Cause::Bus);
    }
  }
  for (unsigned i = 0; !write && i < access.size(); ++i)
    result.data |= static_cast<std::uint64_t>(bytes.at(i)) << (8 * i);
  return {};
}

Fault ReferencePlatform::fault_at(const Access& access, VirtAddr va, Cause cause) const {
  Fault fault;
  fault.cause = cause;
  fault.access = access.kind;
  fault.user = access.user;
  fault.va = va;
  fault.code = architectural_code(machine_, context(), fault);
  return fault;
}

// Read, and then a write with nothing in between (R35).
Fault ReferencePlatform::move_atomic(const Access& access, const Piece& piece, AccessResult& result) {
  std::array<std::uint8_t, 8> buffer{};
  const std::span<std::uint8_t> bytes = std::span(buffer).first(access.size());
  const AtomicOp op = access.atomic;
  const bool reserved = !reservation_.why_not(piece.pa);
  bool good = move_piece(dcache_, {.atomic = true}, piece.pa, piece.type, bytes, &result.cache);
  for (unsigned i = 0; i < access.size(); ++i) result.data |= std::uint64_t{bytes[i]} << (8 * i);
  if (op == AtomicOp::Lr) reservation_.load(piece.pa, good);
  if (op == AtomicOp::Sc) reservation_.conditional();
  if (good && (is_amo(op) || (op == AtomicOp::Sc && reserved))) {
    const std::uint64_t value = amo_result(op, access.size(), result.data, access.data);
    for (unsigned i = 0; i < access.size(); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    good = move_piece(dcache_, {.write = true, .atomic = true}, piece.pa, piece.type, bytes, nullptr);
  }
  if (op == AtomicOp::Sc) result.data = reserved ? 0 : 1;
  return good ? Fault{} : fault_at(access, access.va, Cause::Bus);
}

AccessResult ReferencePlatform::access(const Access& access) {
  AccessResult result;
  bus_.reads = 0;
  bus_.writes = 0;
  if (access.is_misaligned()) {
    result.fault = fault_at(access, access.va, Cause::Misaligned);
    return result;
  }
  // Everything is translated before anything takes effect (R34).
  std::array<Piece, 4> pieces{};
  std::size_t count = 0;
  const unsigned unit = machine_.unit_bytes();
  for (unsigned first = 0; first < access.size();) {
    const VirtAddr va = access.va + first;
    Piece piece{.first = first, .bytes = 0, .pa = {}, .type = {}};
    piece.bytes = std::min(access.size() - first, unit - static_cast<unsigned>(va.value % unit));
    const Translation found = translate(access, va, result, count == 0);
    check_translation(access, va, found);
    piece.pa = found.pa;
    piece.type = found.type;
    if (count == 0) result.pa = found.pa;
    if (found.fault) {
      result.fault = found.fault;
      break;
    }
    pieces.at(count++) = piece;
    first += piece.bytes;
  }
  if (!result.fault) {
    result.fault = access.atomic != AtomicOp::None ? move_atomic(access, pieces[0], result)
                                                   : move(access, std::span(pieces).first(count), result);
  }
  if (result.fault) result.data = 0;
  result.bus_reads = bus_.reads;
  result.bus_writes = bus_.writes;
  check_data(access, result);
  return result;
}

std::size_t ReferencePlatform::perform(std::span<const Access> accesses, std::span<AccessResult> results,
                                       FunctionRef<bool(std::size_t)>) {
  running_ = true;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    results[i] = access(accesses[i]);
    if (results[i].fault) return i;
  }
  return accesses.size();
}

bool ReferencePlatform::host_pieces(PhysAddr pa, std::size_t size,
                                    FunctionRef<bool(PhysAddr, std::size_t, std::size_t)> piece) {
  running_ = true;
  const std::size_t unit = machine_.unit_bytes();
  bool ok = true;
  for (std::size_t first = 0; first < size;) {
    const PhysAddr at = pa + first;
    const std::size_t bytes = std::min(size - first, unit - at.value % unit);
    ok = machine_.region_of(at) != nullptr && piece(at, first, bytes) && ok;
    first += bytes;
  }
  return ok;
}

bool ReferencePlatform::host_read(PhysAddr pa, std::span<std::uint8_t> bytes) {
  return host_pieces(pa, bytes.size(), [&](PhysAddr at, std::size_t first, std::size_t count) {
    return move_piece(dcache_, {}, at, MemType::WriteBack, bytes.subspan(first, count), nullptr);
  });
}

bool ReferencePlatform::host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  return host_pieces(pa, bytes.size(), [&](PhysAddr at, std::size_t first, std::size_t count) {
    std::array<std::uint8_t, 8> piece{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(first), count, piece.begin());
    reservation_.other_store(at, Lost::HostStore);
    return move_piece(dcache_, {.write = true}, at, MemType::WriteBack, std::span(piece).first(count), nullptr);
  });
}

bool ReferencePlatform::ctl_write(CtlReg reg, std::uint64_t value, bool user) {
  running_ = true;
  reservation_.sequencer();
  const Control::Effect effect = control_.write(reg, value, user);
  if (effect.forgotten) forget(*effect.forgotten);
  return !effect.refused;
}

void ReferencePlatform::forget(const Fence& fence) {
  // An address that no access can have fences nothing (R21, X22).
  const unsigned levels = context().translate ? context().levels : 0;
  if (fence.by_addr && !machine_.va_is_legal(VirtAddr(fence.addr), levels)) return;
  itlb_.invalidate(fence);
  dtlb_.invalidate(fence);
}

bool ReferencePlatform::fence(const Fence& fence) {
  running_ = true;
  reservation_.sequencer();
  if (fence.user) return false;
  switch (fence.op) {
    case FenceOp::Tlb:
      forget(fence);
      return true;
    case FenceOp::CacheClean:
      dcache_.maintain(fence, true, false);
      return true;
    case FenceOp::CacheInvalidate:
      dcache_.maintain(fence, false, true);
      return true;
    case FenceOp::CacheCleanInvalidate:
      dcache_.maintain(fence, true, true);
      return true;
    case FenceOp::FetchSync:
      dcache_.maintain(fence, true, false);
      icache_.maintain(fence, false, true);
      return true;
  }
  return false;
}

void ReferencePlatform::require_array_port() const {
  if (!machine_.array_port) throw std::logic_error("machine " + machine_.name + " has no array port");
}

ReferenceCache& ReferencePlatform::cache_of(Array array) {
  return array == Array::IcacheTag || array == Array::IcacheData ? icache_ : dcache_;
}

void ReferencePlatform::array_write(const ArrayElement& e) {
  require_array_port();
  running_ = true;
  reservation_.sequencer();
  switch (e.array) {
    case Array::Itlb:
    case Array::Dtlb: {
      TlbMirror& tlb = e.array == Array::Itlb ? itlb_ : dtlb_;
      if (tlb.part(false).present())
        tlb.part(false).write(e.set, e.way, unpack_tlb_entry({.data0 = e.data0, .data1 = e.data1}));
      return;
    }
    case Array::IcacheTag:
    case Array::DcacheTag:
      if (cache_of(e.array).present()) cache_of(e.array).write_tag(e.set, e.way, e.data0);
      return;
    case Array::IcacheData:
    case Array::DcacheData:
      if (cache_of(e.array).present()) cache_of(e.array).write_word(e.set, e.way, e.word, e.data0);
      return;
    case Array::L2Tlb:
    case Array::WalkCache:
    case Array::L2CacheTag:
    case Array::L2CacheData:
    case Array::L3CacheTag:
    case Array::L3CacheData:
      return;  // none is there, nor written
  }
}

ArrayElement ReferencePlatform::array_read(Array array, unsigned set, unsigned way, unsigned word) {
  require_array_port();
  running_ = true;
  reservation_.sequencer();
  ArrayWords words;
  switch (array) {
    case Array::Itlb:
    case Array::Dtlb: {
      const TlbMirror& tlb = array == Array::Itlb ? itlb_ : dtlb_;
      if (tlb.part(false).present()) words = pack_tlb_entry(tlb.part(false).entry(set, way));
      break;
    }
    case Array::IcacheTag:
    case Array::DcacheTag:
      if (cache_of(array).present()) words = cache_of(array).read_tag(set, way);
      break;
    case Array::IcacheData:
    case Array::DcacheData:
      if (cache_of(array).present()) words.data0 = cache_of(array).read_word(set, way, word);
      break;
    case Array::L2Tlb:
    case Array::WalkCache:
    case Array::L2CacheTag:
    case Array::L2CacheData:
    case Array::L3CacheTag:
    case Array::L3CacheData:
      break;
  }
  return {.array = array, .set = set, .way = way, .word = word, .data0 = words.data0, .data1 = words.data1};
}

}  // namespace vm
