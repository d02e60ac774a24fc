// SPDX-License-Identifier: Apache-2.0
#include "link/board_platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "machine/machine_difference.h"

namespace vm::link {
namespace {

// Bytes of a batch and of its answers: long enough that frames cost little, short enough to pass over a bad line.
constexpr std::size_t kBatchMax = 400, kAnswersMax = 480;
constexpr std::size_t kRawMax = 256;  // bytes of one write
constexpr std::size_t kRangeMax = 0x8000;
constexpr std::size_t kFewestCopies = 3;  // of a word that are worth a fill
constexpr std::size_t kSmallRead = 8;
constexpr std::size_t kRangeCommand = 10, kFenceCommand = 12, kCtlCommand = 10, kAccessCommand = 18, kArrayCommand = 22;

std::uint64_t word_at(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

}  // namespace

BoardPlatform::BoardPlatform(const Machine& machine, std::unique_ptr<ByteLine> line, BoardOptions options)
    : link_(std::move(line), options.link), options_(options), twin_(machine), writer_(machine, payload_) {
  identify();
  check_identity(machine);
  const PhysAddr end = identity_.memory_base + identity_.memory_bytes;
  // What the map has and the board has not answers with bus errors.
  if (identity_.memory_base.value != 0) twin_.add_error_range(PhysAddr(0), identity_.memory_base);
  twin_.add_error_range(end, PhysAddr(~0ULL));
  writer_.reset();
  link_.exchange(std::exchange(payload_, {}));
}

// ---------------------------------------------------------------- who is there

std::vector<std::uint64_t> BoardPlatform::words(std::span<const std::uint8_t> indices) {
  for (const std::uint8_t index : indices) writer_.word(index);
  const Bytes answer = link_.exchange(std::exchange(payload_, {}));
  AnswerReader reader(machine(), answer);
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < indices.size(); ++i) values.push_back(reader.number(8));
  return values;
}

void BoardPlatform::identify() {
  writer_.word(word::kIdentity);
  Bytes answer;
  try {
    answer = link_.greet(std::exchange(payload_, {}));
  } catch (const LinkError&) {
    throw InputError("found a line on which nobody answers, expected a board with the host link at this speed");
  }
  constexpr std::uint64_t kMagic = 0x5057;
  const std::uint64_t identity = answer.size() == 8 ? AnswerReader(machine(), answer).number(8) : 0;
  if (identity >> 48 != kMagic || (identity & 0xFF) != kVersion) {
    throw InputError(fmt::format("found a board that says 0x{:x}, expected one with version {} of the host link",
                                 identity, kVersion));
  }
  if (const std::uint64_t bits = identity >> 32 & 0xFFFF; bits != kMachineBits) {
    throw InputError(fmt::format(
        "found a board whose machine has {} bits, expected {}: it was built from other sources", bits, kMachineBits));
  }
  const std::size_t machine_words = (kMachineBits + 63) / 64;
  std::vector<std::uint8_t> indices = {word::kMemoryBase, word::kMemoryBytes};
  for (std::size_t i = 0; i < machine_words; ++i) indices.push_back(static_cast<std::uint8_t>(word::kMachine + i));
  const std::vector<std::uint64_t> values = words(indices);
  identity_ = {machine_of(std::span(values).subspan(2)), PhysAddr(values[0]), values[1]};
}

void BoardPlatform::check_identity(const Machine& machine) {
  if (const std::string what = difference(identity_.machine, machine); !what.empty()) {
    throw InputError(fmt::format("found a board with another machine than {}, expected {} on it: {}", machine.name,
                                 machine.name, what));
  }
}

// ---------------------------------------------------------------- commands

CommandWriter& BoardPlatform::room(std::size_t command, std::size_t answer) {
  if (payload_.size() + command > kBatchMax || answer_bytes_ + answer > kAnswersMax) flush();
  answer_bytes_ += answer;
  return writer_;
}

// What was preloaded is in memory, and no cache knows of it.
void BoardPlatform::start() {
  running_ = true;
  if (!std::exchange(preloaded_, false)) return;
  fence({.op = FenceOp::CacheCleanInvalidate});
}

void BoardPlatform::set_os_view(OsView* view) {
  view_ = view;
  twin_.set_os_view(view);
}

void BoardPlatform::preload(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  if (running_) ++backdoor_accesses_;
  if (!holds(pa, bytes.size())) {
    throw InputError(fmt::format("found contents for 0x{:x}, expected them in the board's memory (0x{:x} to 0x{:x})",
                                 pa.value, identity_.memory_base.value,
                                 identity_.memory_base.value + identity_.memory_bytes - 1));
  }
  preloaded_ = true;
  write_pieces(pa, bytes, !twin_.host_write(pa, bytes));
}

bool BoardPlatform::holds(PhysAddr pa, std::size_t bytes) const {
  const std::uint64_t offset = pa.value - identity_.memory_base.value;
  return offset < identity_.memory_bytes && bytes <= identity_.memory_bytes - offset;
}

void BoardPlatform::write_piece(PhysAddr pa, std::span<const std::uint8_t> bytes, bool refused) {
  room(kRangeCommand + bytes.size(), 1).write(pa, bytes);
  expect({.what = fmt::format("host write of {} bytes at 0x{:x}", bytes.size(), pa.value),
          .refused = refused,
          .bytes = {},
          .access = {},
          .expected = {}});
}

// Runs of a word are filled, the rest goes as it is. `refused` is true of a range that is so as a whole.
void BoardPlatform::write_pieces(PhysAddr pa, std::span<const std::uint8_t> bytes, bool refused) {
  std::size_t raw = 0;  // first byte not yet sent
  std::size_t at = static_cast<std::size_t>(-pa.value % 8);
  const auto send_raw = [&](std::size_t end) {
    while (raw < end) {
      const std::size_t count = std::min(end - raw, kRawMax - (pa.value + raw) % 8);
      write_piece(pa + raw, bytes.subspan(raw, count), refused);
      raw += count;
    }
  };
  while (at + 8 <= bytes.size()) {
    const std::uint64_t pattern = word_at(bytes.subspan(at));
    std::size_t end = at + 8;
    while (end + 8 <= bytes.size() && end - at < kRangeMax && word_at(bytes.subspan(end)) == pattern) end += 8;
    if (end - at >= 8 * kFewestCopies) {
      send_raw(at);
      room(kRangeCommand + 8, 1).fill(pa + at, end - at, pattern);
      expect({.what = fmt::format("host write of {} bytes at 0x{:x}", end - at, pa.value + at),
              .refused = refused,
              .bytes = {},
              .access = {},
              .expected = {}});
      raw = end;
    }
    at = end;
  }
  send_raw(bytes.size());
}

bool BoardPlatform::host_write(PhysAddr pa, std::span<const std::uint8_t> bytes) {
  start();
  // Each aligned word by itself where only a part of the range can be written.
  if (holds(pa, bytes.size())) {
    const bool good = twin_.host_write(pa, bytes);
    write_pieces(pa, bytes, !good);
    return good;
  }
  bool good = true;
  for (std::size_t first = 0; first < bytes.size();) {
    const std::size_t count = std::min<std::size_t>(bytes.size() - first, 8 - (pa.value + first) % 8);
    const bool this_good = twin_.host_write(pa + first, bytes.subspan(first, count));
    write_piece(pa + first, bytes.subspan(first, count), !this_good);
    good = good && this_good;
    first += count;
  }
  return good;
}

bool BoardPlatform::host_read(PhysAddr pa, std::span<std::uint8_t> bytes) {
  start();
  bool good = true;
  for (std::size_t first = 0; first < bytes.size();) {
    const PhysAddr at = pa + first;
    const std::size_t count = std::min(bytes.size() - first, kRangeMax - at.value % 8);
    const std::span<std::uint8_t> piece = bytes.subspan(first, count);
    const bool this_good = twin_.host_read(at, piece);
    Pending pending{.what = fmt::format("host read of {} bytes at 0x{:x}", count, at.value),
                    .refused = !this_good,
                    .bytes = {},
                    .access = {},
                    .expected = {}};
    if (count <= kSmallRead) {
      pending.kind = Pending::Kind::Exact;
      pending.bytes.assign(piece.begin(), piece.end());
      room(kRangeCommand, count + 1).read(at, count);
    } else {
      pending.kind = Pending::Kind::Digest;
      pending.value = crc32(piece);
      room(kRangeCommand, 5).digest(at, count);
    }
    expect(std::move(pending));
    good = good && this_good;
    first += count;
  }
  return good;
}

bool BoardPlatform::ctl_write(CtlReg reg, std::uint64_t value, bool user) {
  start();
  const bool good = twin_.ctl_write(reg, value, user);
  room(kCtlCommand, 1).ctl(reg, value, user);
  expect({.what = fmt::format("write of 0x{:x} to control register {}", value, static_cast<unsigned>(reg)),
          .refused = !good,
          .bytes = {},
          .access = {},
          .expected = {}});
  return good;
}

bool BoardPlatform::fence(const Fence& fence) {
  start();
  const bool good = twin_.fence(fence);
  if (good) ++fences_.at(static_cast<std::size_t>(fence.op));
  room(kFenceCommand, 1).fence(fence);
  expect({.what = fmt::format("fence {} at 0x{:x}", static_cast<unsigned>(fence.op), fence.addr),
          .refused = !good,
          .bytes = {},
          .access = {},
          .expected = {}});
  // Fetches before it may find older values, those after it may not: the operating system forgets them now.
  if (fence.op == FenceOp::FetchSync) flush();
  return good;
}

void BoardPlatform::array_write(const ArrayElement& element) {
  start();
  twin_.array_write(element);
  room(kArrayCommand, 1).array_write(element);
  expect({.what = fmt::format("write of array {}", static_cast<unsigned>(element.array)),
          .bytes = {},
          .access = {},
          .expected = {}});
}

ArrayElement BoardPlatform::array_read(Array array, unsigned set, unsigned way, unsigned word) {
  start();
  const ArrayElement element = twin_.array_read(array, set, way, word);
  flush();
  writer_.array_read(element);
  const Bytes answer = link_.exchange(std::exchange(payload_, {}));
  AnswerReader reader(machine(), answer);
  ArrayElement found = element;
  found.data0 = reader.number(8);
  found.data1 = reader.number(8);
  return found;
}

std::size_t BoardPlatform::perform(std::span<const Access> accesses, std::span<AccessResult> results,
                                   FunctionRef<bool(std::size_t)> surely_ok) {
  start();
  std::size_t done = accesses.size();
  for (std::size_t i = 0; i < accesses.size() && done == accesses.size(); ++i) {
    const Access& access = accesses[i];
    twin_.perform({&access, 1}, results.subspan(i, 1), surely_ok);
    room(kAccessCommand, results[i].fault ? kFaultAnswer : kAccessAnswer).access(access);
    Pending pending{.kind = Pending::Kind::Access, .what = {}, .bytes = {}, .access = access, .expected = results[i]};
    if (options_.own_answers) pending.result = &results[i];
    expect(std::move(pending));
    if (results[i].fault) {
      count_fault(results[i].fault);
      done = i;
    } else if (access.atomic != AtomicOp::None && machine().atomics) {
      ++atomics_;
      failed_conditionals_ += access.atomic == AtomicOp::Sc && results[i].data != 0;
    }
  }
  // A batch ends with an access that faults.
  if (options_.own_answers || done != accesses.size()) flush();
  return done;
}

void BoardPlatform::count_fault(const Fault& fault) {
  ++faults_.at(fault.access == AccessKind::Fetch ? 0 : 1).at(static_cast<std::size_t>(fault.cause));
}

}  // namespace vm::link
