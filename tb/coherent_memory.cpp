// SPDX-License-Identifier: Apache-2.0
#include "coherent_memory.h"

#include <algorithm>
#include <bit>

#include "pieces.h"
#include "platform/platform.h"
#include "platform/stored_word.h"

namespace vm {

CoherentMemory::CoherentMemory(const Machine& machine, const PhysicalMemory& behind, Tracker& tracker)
    : machine_(machine),
      behind_(behind),
      tracker_(tracker),
      unit_(machine.unit_bytes()),
      lines_(static_cast<std::size_t>(machine.dcache.sets) * machine.dcache.ways) {
  const unsigned words = machine.dcache.line_bytes < 8 ? 1 : machine.dcache.line_bytes / 8;
  for (Line& line : lines_) {
    line.array_words.resize(words);
    line.wrong.resize(words);
  }
}

CoherentMemory::Line* CoherentMemory::line(unsigned set, unsigned way) {
  if (set >= machine_.dcache.sets || way >= machine_.dcache.ways) return nullptr;
  return &lines_[static_cast<std::size_t>(set) * machine_.dcache.ways + way];
}

CoherentMemory::Asked CoherentMemory::asked(const Event& lookup) {
  Asked result;
  if (lookup.client() == Client::Host) {
    result = {true, host_.write, host_.addr, host_.strb, host_.wdata};
  } else if (lookup.client() == Client::Walk) {
    // Nobody asks for these but the walker itself; the traffic check judges them.
    if (lookup.write()) result = {true, true, lookup.b, static_cast<std::uint8_t>(lookup.strb()), lookup.c};
  } else if (lookup.client() == Client::Atomic) {
    const PieceRef* ref = tracker_.owner_of_lookup(lookup.cache());
    if (ref == nullptr) return result;
    const TrackedAccess& access = tracker_.access(ref->port, ref->id);
    const std::uint64_t pa = access.pieces[ref->piece].xlat.c;
    const UnitPart part = unit_part(unit_, access.request, 0);
    result = {true, lookup.write(), pa, part.lanes, 0};
    if (lookup.write()) {
      const std::uint64_t old = from_lanes(beat(pa), pa, access.size());
      const std::uint64_t operand = from_lanes(access.request.wdata, pa, access.size());
      result.wdata = to_lanes(amo_result(access.request.atomic, access.size(), old, operand), pa);
    }
  } else if (lookup.client() == Client::Core) {
    const PieceRef* ref = tracker_.owner_of_lookup(lookup.cache());
    if (ref == nullptr) return result;
    const TrackedAccess& access = tracker_.access(ref->port, ref->id);
    const unsigned parts = unit_parts(unit_, access.request);
    const UnitPart part = unit_part(unit_, access.request, ref->piece % parts);
    result = {true, access.kind() == AccessKind::Store, access.pieces[ref->piece].xlat.c, part.lanes,
              access.request.wdata};
  }
  return result;
}

CoherentMemory::Asked CoherentMemory::in_memory_lanes(Asked asked) {
  if (halves_exchanged(asked.lanes, asked.pa)) {
    asked.lanes = exchange_lanes(asked.lanes);
    asked.wdata = exchange_halves(asked.wdata);
  }
  return asked;
}

void CoherentMemory::store(std::uint64_t address, std::uint64_t data, std::uint8_t lanes, std::uint64_t cycle) {
  if (listener_ != nullptr && lanes != 0) {
    const auto first = static_cast<unsigned>(std::countr_zero(lanes));
    const auto end = 8U - static_cast<unsigned>(std::countl_zero(lanes));
    listener_->before_store(PhysAddr((address & ~7ULL) + first), end - first, cycle);
  }
  memory_.write_beat(PhysAddr(address), data, lanes);
}

void CoherentMemory::stored(std::uint64_t address, std::uint64_t cycle) {
  if (listener_ != nullptr) listener_->store_done(PhysAddr(address & ~7ULL), 8, cycle);
}

void CoherentMemory::revert_line(std::uint64_t address, std::uint64_t cycle) {
  const unsigned bytes = machine_.dcache.line_bytes;
  for (unsigned offset = 0; offset < bytes; offset += 8) {
    const std::uint64_t word = address + offset;
    const unsigned lanes = bytes < 8 ? 0x0FU << (address & 4U) : 0xFFU;
    store(word, behind_.read_beat(PhysAddr(word)), static_cast<std::uint8_t>(lanes), cycle);
    stored(word, cycle);
  }
}

// What the level below shows counts from now on, but for what a store that waits for the line will put there.
void CoherentMemory::adopt_line(std::uint64_t address, std::uint64_t cycle) {
  for (unsigned offset = 0; offset < machine_.dcache.line_bytes; offset += 8) {
    const std::uint64_t word = address + offset;
    const std::uint64_t below = behind_.read_beat(PhysAddr(word));
    const bool waits = pending_.active && pending_.word == word;
    if (waits) pending_.old = below;
    if (below == beat(word)) continue;
    store(word, below, static_cast<std::uint8_t>(waits ? ~pending_.lanes : 0xFF), cycle);
    stored(word, cycle);
  }
}

// An upset below the first level: it does not matter as long as the line is here.
void CoherentMemory::on_changed_below(std::uint64_t address, std::uint64_t cycle) {
  const auto here = [address](const Line& line) { return line.valid && line.address == address; };
  if (leaving_ == address || std::any_of(lines_.begin(), lines_.end(), here)) return;
  adopt_line(address, cycle);
}

void CoherentMemory::on_lookup(const Event& event, std::uint64_t cycle) {
  const Asked a = in_memory_lanes(asked(event));
  if (machine_.misses != 0 && !event.answers_at_once()) {
    waiting(event) = {a.known && a.write, a};
    return;
  }
  if (!a.known || !a.write) return;
  const std::uint64_t word = a.pa & ~7ULL;
  pending_ = {!event.answers_at_once(), word, beat(word), a.lanes};
  store(word, a.wdata, a.lanes, cycle);
  if (!event.answers_at_once()) return;
  stored(word, cycle);
  if (Line* l = line(event.set(), event.way())) {
    l->wrong[a.pa / 8 % l->wrong.size()] = 0;
    becomes_dirty(*l, cycle);
  }
}

void CoherentMemory::on_done(const Event& event, std::uint64_t cycle) {
  if (machine_.misses != 0) {
    Waiting& w = waiting(event);
    const std::uint64_t word = w.asked.pa & ~7ULL;
    if (w.active && !event.done_err()) {
      store(word, w.asked.wdata, w.asked.lanes, cycle);
      stored(word, cycle);
    }
    w.active = false;
    return;
  }
  if (!pending_.active) return;
  if (event.done_err()) store(pending_.word, pending_.old, 0xFF, cycle);
  if (!event.done_err() && !event.single() && filled_ != nullptr) becomes_dirty(*filled_, cycle);
  if (!event.done_err() && event.written_through()) {  // a word of its line that it has changed is not wrong any more
    for (Line& l : lines_) {
      if (l.valid && (l.address ^ event.b) < machine_.dcache.line_bytes) l.wrong[event.b / 8 % l.wrong.size()] = 0;
    }
  }
  stored(pending_.word, cycle);
  pending_.active = false;
}

void CoherentMemory::on_event(const Event& event, std::uint64_t cycle) {
  if (event.kind == EventKind::LowerUpset && event.lower_lost()) lost_ = true;
  if (event.kind < EventKind::CacheLookup ||
      (event.kind > EventKind::CacheMaint && event.kind != EventKind::CacheLost) || event.cache() == 0) {
    return;
  }
  switch (event.kind) {
    case EventKind::CacheLookup:
      return on_lookup(event, cycle);
    case EventKind::CacheDone:
      return on_done(event, cycle);
    case EventKind::CacheVictim:
      if (Line* l = line(event.set(), event.way())) {
        const bool there = l->valid;
        l->valid = false;
        if (there && event.victim_dirty()) leaving_ = l->address;
        // What the level below has lost meanwhile comes to light.
        if (there && !event.victim_dirty() && machine_.parity && machine_.l2cache.ways != 0) {
          adopt_line(l->address, cycle);
        }
      }
      break;
    case EventKind::CacheFill:
      if (Line* l = line(event.set(), event.way())) {
        l->valid = !event.fill_err();
        l->address = event.b;
        l->dirty = false;
        std::fill(l->wrong.begin(), l->wrong.end(), 0);
        filled_ = l;
      }
      break;
    case EventKind::CacheMaint:
      if (event.maint_all()) {
        for (Line& l : lines_) {
          if (l.valid) revert_line(l.address, cycle);
          l.valid = false;
        }
      } else if (Line* l = line(event.set(), event.way()); l != nullptr && event.invalidated()) {
        if (l->valid && !event.wrote_back()) revert_line(l->address, cycle);
        l->valid = false;
      }
      if (Line* l = line(event.set(), event.way()); l != nullptr && event.wrote_back()) l->dirty = false;
      break;
    case EventKind::CacheLost:
      lost_ = true;
      if (Line* l = line(event.set(), event.way()); l != nullptr && event.lost_line()) {
        if (l->valid) revert_line(l->address, cycle);
        // A store that has come upon it takes back what is left.
        const bool pending_in_line =
            l->valid && pending_.active && (pending_.word ^ l->address) < machine_.dcache.line_bytes;
        if (pending_in_line) pending_.old = beat(pending_.word);
        l->valid = false;
      }
      break;
    default:
      break;
  }
}

void CoherentMemory::on_ports(const Cycle& cycle) {
  if (cycle.host_accepted()) host_ = cycle.in->host;
  if (cycle.out->array.valid && array_.valid && array_.write) on_array_write(array_, cycle.number);
  if (cycle.array_accepted()) array_ = cycle.in->array;
  // The line is gone and memory did not take it: what memory has is what is left.
  if (cycle.out->wb_error && !lost_) revert_line(cycle.out->wb_error_addr, cycle.number);
  lost_ = false;
  if (cycle.memory.answered() && cycle.memory.rsp.src == MemSource::Data) leaving_.reset();
  if (tracker_.flipped()) on_flip(*tracker_.flipped(), cycle.number);
  for (const std::uint64_t line : cycle.changed_below) on_changed_below(line, cycle.number);
}

// What a wrong word of a dirty line says is what will be written back, though nobody can read it before.
void CoherentMemory::turn_over(const Line& line, unsigned word, std::uint64_t bits, std::uint64_t cycle) {
  const std::uint64_t address = line.address + 8ULL * word;
  const unsigned shift = machine_.dcache.line_bytes < 8 ? (line.address & 4U) * 8 : 0;
  store(address, beat(address) ^ bits << shift, 0xFF, cycle);
  stored(address, cycle);
}

void CoherentMemory::becomes_dirty(Line& line, std::uint64_t cycle) {
  line.dirty = true;
  for (unsigned word = 0; word < line.wrong.size(); ++word) {
    if (line.wrong[word] != 0) turn_over(line, word, line.wrong[word], cycle);
    line.wrong[word] = 0;
  }
}

void CoherentMemory::on_flip(const ArrayRequest& flip, std::uint64_t cycle) {
  const auto array = static_cast<Array>(flip.array);
  if (array != Array::DcacheTag && array != Array::DcacheData) return;
  Line* l = line(flip.set, flip.way);
  if (l == nullptr || !l->valid) return;
  const StoredWord word = stored_word(machine_, array, flip.way);
  if (flip.data0 >= word.bits()) return;
  const std::size_t field = word.field_of(static_cast<unsigned>(flip.data0));
  if (field == StoredWord::DirtyBits) becomes_dirty(*l, cycle);
  if (field != StoredWord::Data) return;
  const unsigned index = flip.word % static_cast<unsigned>(l->wrong.size());
  const std::uint64_t bit = 1ULL << flip.data0;
  if (l->dirty) {
    turn_over(*l, index, bit, cycle);
  } else {
    l->wrong[index] ^= bit;
  }
}

void CoherentMemory::show_array_word(Line& line, unsigned word, std::uint64_t cycle) {
  const bool half = machine_.dcache.line_bytes < 8;
  const std::uint64_t data = half ? line.array_words[word] * 0x1'0000'0001ULL : line.array_words[word];
  const unsigned lanes = half ? 0x0FU << (line.address & 4U) : 0xFFU;
  store(line.address + 8ULL * word, data, static_cast<std::uint8_t>(lanes), cycle);
  stored(line.address + 8ULL * word, cycle);
}

void CoherentMemory::on_array_write(const ArrayRequest& request, std::uint64_t cycle) {
  const auto array = static_cast<Array>(request.array);
  if (array != Array::DcacheTag && array != Array::DcacheData) return;
  Line* l = line(request.set, request.way);
  if (l == nullptr) return;
  const auto words = static_cast<unsigned>(l->array_words.size());
  const bool half = machine_.dcache.line_bytes < 8;
  if (array == Array::DcacheData) {
    const unsigned word = request.word % words;
    l->array_words[word] = half ? request.data0 & 0xFFFFFFFF : request.data0;
    if (l->valid) show_array_word(*l, word, cycle);
    return;
  }
  const CacheTag tag = unpack_cache_tag(request.data0);
  if (l->valid) {
    for (unsigned word = 0; word < words; ++word) {
      const std::uint64_t data = beat(l->address + 8ULL * word);
      l->array_words[word] = half ? (data >> ((l->address & 4U) * 8)) & 0xFFFFFFFF : data;
    }
    revert_line(l->address, cycle);
  }
  l->valid = tag.valid;
  l->address = tag.line.value;
  if (!tag.valid) return;
  for (unsigned word = 0; word < words; ++word) show_array_word(*l, word, cycle);
}

}  // namespace vm
