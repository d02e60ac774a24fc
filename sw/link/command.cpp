// SPDX-License-Identifier: Apache-2.0
#include "link/command.h"

#include <optional>

namespace vm::link {
namespace {

constexpr std::uint8_t kAccess = 0x80, kUser = 0x04, kExtended = 0x02, kWide = 0x01;
constexpr std::size_t kNarrowVa = 5;
constexpr std::uint8_t kFaulted = 0x80;

std::size_t pa_bytes_of(const Machine& machine) { return (machine.bus_bits + 7) / 8; }

bool fits_narrow(std::uint64_t va) {
  const auto shifted = static_cast<std::int64_t>(va << (64 - 8 * kNarrowVa));
  return static_cast<std::uint64_t>(shifted >> (64 - 8 * kNarrowVa)) == va;
}

}  // namespace

CommandWriter::CommandWriter(const Machine& machine, Bytes& payload)
    : pa_bytes_(pa_bytes_of(machine)), payload_(payload) {}

void CommandWriter::number(std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

void CommandWriter::word(std::uint8_t index) {
  op(Op::Word);
  byte(index);
}

void CommandWriter::reset() { op(Op::Reset); }

void CommandWriter::access(const Access& access) {
  const bool extended = access.sum || access.mxr || access.atomic != AtomicOp::None;
  const bool wide = !fits_narrow(access.va.value);
  byte(static_cast<std::uint8_t>(kAccess | static_cast<unsigned>(access.kind) << 5 |
                                 static_cast<unsigned>(access.size_log2) << 3 | (access.user ? kUser : 0U) |
                                 (extended ? kExtended : 0U) | (wide ? kWide : 0U)));
  if (extended) {
    byte(static_cast<std::uint8_t>(static_cast<unsigned>(access.atomic) | (access.sum ? 0x10 : 0) |
                                   (access.mxr ? 0x20 : 0)));
  }
  number(access.va.value, wide ? 8 : kNarrowVa);
  if (extended || access.kind == AccessKind::Store) number(access.data, access.size());
}

void CommandWriter::range(Op code, PhysAddr pa, std::size_t bytes) {
  op(code);
  number(pa.value, pa_bytes_);
  number(bytes, 2);
}

void CommandWriter::read(PhysAddr pa, std::size_t bytes) { range(Op::Read, pa, bytes); }
void CommandWriter::digest(PhysAddr pa, std::size_t bytes) { range(Op::Digest, pa, bytes); }

void CommandWriter::write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  range(Op::Write, pa, bytes.size());
  payload_.insert(payload_.end(), bytes.begin(), bytes.end());
}

void CommandWriter::fill(PhysAddr pa, std::size_t bytes, std::uint64_t pattern) {
  range(Op::Fill, pa, bytes);
  number(pattern, 8);
}

void CommandWriter::ctl(CtlReg reg, std::uint64_t value, bool user) {
  op(Op::Ctl);
  byte(static_cast<std::uint8_t>(static_cast<unsigned>(reg) | (user ? 0x80 : 0)));
  number(value, 8);
}

void CommandWriter::fence(const Fence& fence) {
  op(Op::Fence);
  byte(static_cast<std::uint8_t>(static_cast<unsigned>(fence.op) | (fence.by_addr ? 0x08 : 0) |
                                 (fence.by_asid ? 0x10 : 0) | (fence.globals ? 0x20 : 0) | (fence.user ? 0x80 : 0)));
  number(fence.addr, 8);
  number(fence.asid, 2);
}

void CommandWriter::array_read(const ArrayElement& e) {
  op(Op::ArrayRead);
  byte(static_cast<std::uint8_t>(e.array));
  number(e.way, 1);
  number(e.word, 1);
  number(e.set, 2);
}

void CommandWriter::array_write(const ArrayElement& e) {
  array_read(e);
  payload_[payload_.size() - 6] = static_cast<std::uint8_t>(Op::ArrayWrite);
  number(e.data0, 8);
  number(e.data1, 8);
}

AnswerReader::AnswerReader(const Machine& machine, std::span<const std::uint8_t> payload)
    : pa_bytes_(pa_bytes_of(machine)), left_(payload) {}

std::span<const std::uint8_t> AnswerReader::bytes(std::size_t count) {
  if (left_.size() < count) throw ShortAnswer();
  const auto taken = left_.first(count);
  left_ = left_.subspan(count);
  return taken;
}

std::uint64_t AnswerReader::number(std::size_t count) {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const std::uint8_t byte : bytes(count)) {
    value |= std::uint64_t{byte} << shift;
    shift += 8;
  }
  return value;
}

void AnswerReader::fault(AccessAnswer& answer) {
  const std::uint64_t cause = number(1), what = number(1);
  Fault& f = answer.fault;
  f.cause = static_cast<Cause>(cause & 0xF);
  f.access = static_cast<AccessKind>(what & 3);
  f.user = (what & 4) != 0;
  const bool by_entry = (what & 0x40) != 0;
  f.va = VirtAddr(number(8));
  const std::uint64_t pte_addr = number(7), pte = number(8);
  f.code = static_cast<std::uint16_t>(number(2));
  if (by_entry) {
    f.level = static_cast<std::uint8_t>(what >> 3 & 7);
    f.pte_addr = PhysAddr(pte_addr);
    f.pte = pte;
  }
  answer.cycles = static_cast<unsigned>(number(2));
}

AccessAnswer AnswerReader::access(const Access& access) {
  AccessAnswer answer;
  const std::uint64_t status = number(1);
  answer.l1_hit = (status & 1) != 0;
  answer.l1_miss = (status & 2) != 0;
  answer.l2_hit = (status & 4) != 0;
  answer.walk = (status & 8) != 0;
  if ((status & kFaulted) != 0) {
    if ((status & 0x60) != 0) throw ShortAnswer();  // no command
    fault(answer);
    return answer;
  }
  answer.has_pa = (status & 0x10) != 0;
  answer.pa = PhysAddr(number(pa_bytes_));
  answer.cycles = static_cast<unsigned>(number(2));
  const std::uint64_t traffic = number(1);
  answer.bus_reads = static_cast<unsigned>(traffic & 0xF);
  answer.bus_writes = static_cast<unsigned>(traffic >> 4);
  if (access.answers_data()) answer.data = number(access.size());
  return answer;
}

namespace {

// The fields of a packed structure, from the first, which is at its most significant end.
class FieldReader {
 public:
  FieldReader(std::span<const std::uint64_t> words, std::size_t bits) : words_(words), next_(bits) {}

  std::uint64_t take(unsigned bits) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bits; ++i) {
      --next_;
      value = value << 1 | (words_[next_ / 64] >> (next_ % 64) & 1);
    }
    return value;
  }
  unsigned byte() { return static_cast<unsigned>(take(8)); }
  unsigned half() { return static_cast<unsigned>(take(16)); }
  bool flag() { return take(1) != 0; }
  std::optional<unsigned> bit() {
    const unsigned value = byte();
    return value == 0xFF ? std::nullopt : std::optional(value);
  }

 private:
  std::span<const std::uint64_t> words_;
  std::size_t next_;
};

constexpr unsigned kPaMax = 56, kMaxRegions = 4;
constexpr std::size_t kFormatBits = 2 + 3 * 8 + 5 * 8 + 2 * 8 + 1 + 2 * 8 + 5 * 8 + 4;
constexpr std::size_t kTlbBits = 24, kCacheBits = 40;
Format format_of(FieldReader& in) {
  Format f;
  f.kind = static_cast<PteKind>(in.take(2));
  f.levels = in.byte();
  f.min_levels = in.byte();
  f.max_leaf_level = in.byte();
  for (unsigned level = Format::kMaxLevels; level-- > 0;) f.index_bits.at(level) = in.byte();
  f.page_bits = in.byte();
  f.pte_bytes_log2 = in.byte();
  f.pte_big_endian = in.flag();
  f.ppn_lsb = in.byte();
  f.ppn_bits = in.byte();
  f.valid_bit = in.bit();
  f.kernel_bit = in.bit();
  f.read_bit = in.bit();
  f.write_bit = in.bit();
  f.exec_bit = in.bit();
  f.upper_va = static_cast<UpperVa>(in.take(1));
  f.napot = in.flag();
  f.pbmt = in.flag();
  f.hw_ad = in.flag();
  return f;
}

TlbGeometry tlb_of(FieldReader& in) {
  const unsigned sets = in.half();
  return {.sets = sets, .ways = in.byte()};
}

CacheGeometry cache_of(FieldReader& in) {
  const unsigned sets = in.half(), ways = in.byte();
  return {.sets = sets, .ways = ways, .line_bytes = in.half()};
}

}  // namespace

const std::size_t kMachineBits = kFormatBits + 4 * 8 + 3 * kTlbBits + 8 + 16 + 1 + 8 + 4 * kCacheBits + 18 + 5 +
                                 kMaxRegions * (2 * (kPaMax + 1) + 2);

Machine machine_of(std::span<const std::uint64_t> words) {
  Machine m;
  if (words.size() * 64 < kMachineBits) return m;
  FieldReader in(words, kMachineBits);
  m.format = format_of(in);
  m.va_bits = in.byte();
  m.pa_bits = in.byte();
  m.bus_bits = in.byte();
  m.asid_bits = in.byte();
  m.itlb = tlb_of(in);
  m.dtlb = tlb_of(in);
  m.super_entries = in.byte();
  m.l2tlb = tlb_of(in);
  m.walk_cache_sets = in.half();
  m.l2_prefetch = in.flag();
  m.hit_latency = in.byte();
  m.icache = cache_of(in);
  m.dcache = cache_of(in);
  m.alias_resolution = in.flag();
  m.misses = in.byte();
  m.waiters = in.byte();
  m.critical_first = in.flag();
  m.l2cache = cache_of(in);
  m.l3cache = cache_of(in);
  m.walk_port = static_cast<WalkPort>(in.take(1));
  m.atomics = in.flag();
  m.trap_swap = in.flag();
  m.array_port = in.flag();
  m.parity = in.flag();
  for (unsigned i = 0; i < kMaxRegions; ++i) {
    Region region;
    region.base = PhysAddr(in.take(kPaMax + 1));
    region.size = in.take(kPaMax + 1);
    region.cacheable = in.flag();
    region.atomic = in.flag();
    if (region.size != 0) m.regions.push_back(region);
  }
  return m;
}

}  // namespace vm::link
