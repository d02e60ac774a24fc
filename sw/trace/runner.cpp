// SPDX-License-Identifier: Apache-2.0
#include "trace/runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "machine/array_layout.h"

namespace vm::trace {

namespace {

constexpr std::size_t kProgressInterval = 64;  // steps

std::string hex(const std::vector<std::uint8_t>& bytes) {
  constexpr std::size_t kShown = 32;
  std::string text;
  for (std::size_t i = 0; i < std::min(bytes.size(), kShown); ++i) {
    text += fmt::format("{}{:02X}", i == 0 ? "" : " ", bytes[i]);
  }
  return text + (bytes.size() > kShown ? " …" : "");
}

}  // namespace

Runner::Runner(const Files& files, const Scenario& scenario, Testbed& testbed, RunnerOptions options)
    : files_(files), scenario_(scenario), testbed_(testbed), options_(std::move(options)) {
  kernel_ = std::make_unique<Kernel>(testbed_.platform());
  ids_.resize(scenario_.processes.size());
  registers_.resize(scenario_.processes.size());
  testbed_.attach(kernel_.get());
  place_setup();
}

Runner::~Runner() { testbed_.attach(nullptr); }

// ---------------------------------------------------------------- setup

void Runner::place_setup() {
  const auto with_place = [this](Place place, const auto& action) {
    try {
      action();
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", to_string(files_, place), error.what()));
    }
  };
  place_policy();
  for (const AddressRange& range : scenario_.bus_errors) kernel_->note_bus_errors(range.first, range.last + 1);
  // Frames first, so that what the OS takes for itself comes from where the trace allows.
  for (const SetupItem& item : scenario_.setup) {
    if (const auto* frames = std::get_if<FreeFrames>(&item.action)) {
      std::vector<Ppn> given = frames->frames;
      if (options_.frames) given.resize(std::min(given.size(), *options_.frames));
      with_place(item.place, [&] { kernel_->set_free_frames(given); });
    }
  }
  if (!options_.files.empty()) {
    kernel_->disk().use_directory(options_.files,
                                  options_.keep_files ? FileStore::Writes::Kept : FileStore::Writes::Real);
  }
  for (const SetupItem& item : scenario_.setup) {
    if (!has_process(item)) continue;
    with_place(item.place, [&] {
      if (const auto* mode = std::get_if<ModeBits>(&item.action)) {
        Environment environment = kernel_->environment();
        for (const auto& [bit, value] : mode->bits) environment.*bit = value;
        kernel_->set_environment(environment);
      } else if (const auto* memory = std::get_if<MemoryBytes>(&item.action)) {
        platform().preload(memory->at, memory->bytes);
        kernel_->note_physical_write(memory->at, memory->bytes);
      } else if (const auto* random = std::get_if<RandomMemory>(&item.action)) {
        const std::vector<std::uint8_t> bytes = random_memory(options_.seed, random->at, random->bytes);
        platform().preload(random->at, bytes);
        kernel_->note_physical_write(random->at, bytes);
      } else if (const auto* kernel_space = std::get_if<NewKernelSpace>(&item.action)) {
        kernel_->use_kernel_space(kernel_space->options, kernel_space->levels);
      } else if (const auto* asids = std::get_if<AsidLimit>(&item.action)) {
        kernel_->limit_asids(asids->count);
      } else if (const auto* process = std::get_if<NewProcess>(&item.action)) {
        place_process(item.place, *process);
      } else if (const auto* map = std::get_if<MapPage>(&item.action)) {
        this->map(*map);
      } else if (const auto* area = std::get_if<NewArea>(&item.action)) {
        kernel_->add_area(ids_[area->process], area->from, area->to, area->rights, area->stack);
      } else if (const auto* limits = std::get_if<NewLimits>(&item.action)) {
        kernel_->set_limits(ids_[limits->process], limits->limits);
      } else if (const auto* directory = std::get_if<FilesDirectory>(&item.action)) {
        if (options_.files.empty()) kernel_->disk().use_directory(directory->directory, FileStore::Writes::Kept);
      } else if (const auto* file = std::get_if<NewFile>(&item.action)) {
        const bool random_bytes = file->random_bytes != 0;
        kernel_->disk().add(file->name,
                            random_bytes ? random_memory(options_.seed, {}, file->random_bytes) : file->content);
      } else if (const auto* device = std::get_if<Device>(&item.action)) {
        kernel_->add_device(*device);
      }
    });
  }
  kernel_->start();
  marked_kernel_ = kernel_->counts();
  for (const SetupItem& item : scenario_.setup) {
    if (const auto* set = std::get_if<TlbSet>(&item.action)) place(*set);
    if (const auto* line = std::get_if<CacheLine>(&item.action)) place(*line);
  }
}

// What is said of a process that could not start is left out.
bool Runner::has_process(const SetupItem& item) const {
  return std::visit(
      [this]<class Item>(const Item& action) {
        if constexpr (requires { action.process; } && !std::is_same_v<Item, NewProcess>) {
          return ids_[action.process] != 0;
        }
        return true;
      },
      item.action);
}

void Runner::map(const MapPage& item) {
  try {
    kernel_->map(ids_[item.process], item.vpn, item.frame, item.rights, item.options);
  } catch (const InputError&) {
    if (!item.any) throw;
  }
}

void Runner::place(const TlbSet& item) {
  const bool data = item.side == Side::Data;
  const unsigned sets = data ? scenario_.machine.dtlb.sets : scenario_.machine.itlb.sets;
  for (unsigned way = 0; way < item.ways.size(); ++way) {
    const TlbWay& given = item.ways[way];
    TlbEntry entry;
    entry.valid = given.valid;
    entry.vpn = Vpn(given.tag * sets + item.set);
    entry.page.ppn = Ppn(given.ppn);
    const ArrayWords words = pack_tlb_entry(entry);
    platform().array_write({data ? Array::Dtlb : Array::Itlb, item.set, way, 0, words.data0, words.data1});
  }
}

void Runner::place(const CacheLine& item) {
  const bool data = item.side == Side::Data;
  const CacheGeometry& cache = data ? scenario_.machine.dcache : scenario_.machine.icache;
  const std::size_t word_bytes = std::min(8U, cache.line_bytes);
  for (unsigned word = 0; word * word_bytes < item.bytes.size(); ++word) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < word_bytes; ++i) {
      value |= static_cast<std::uint64_t>(item.bytes[word * word_bytes + i]) << (8 * i);
    }
    platform().array_write({data ? Array::DcacheData : Array::IcacheData, item.set, item.way, word, value, 0});
  }
  const CacheTag tag{item.valid, item.dirty, PhysAddr((item.tag * cache.sets + item.set) * cache.line_bytes)};
  const Array array = data ? Array::DcacheTag : Array::IcacheTag;
  platform().array_write({array, item.set, item.way, 0, pack_cache_tag(tag), 0});
}

// ---------------------------------------------------------------- running

const RunReport& Runner::run() {
  const std::size_t all = scenario_.steps.size();
  for (std::size_t i = 0; i < all && !stopped_; ++i) {
    step(scenario_.steps[i]);
    if (options_.progress && i % kProgressInterval == 0) options_.progress(i, all);
  }
  if (!stopped_) flush();
  if (!stopped_ && kernel_->sync() != 0) {
    fail(scenario_.place, "the end", "what processes wrote goes to their files", "an error");
  }
  return report_;
}

void Runner::make_current(ProcessIndex process) {
  if (kernel_->runs(ids_[process]) || kernel_->is_killed(ids_[process])) return;
  kernel_->switch_to(ids_[process]);
  single_ = false;
}

// ---------------------------------------------------------------- judging

void Runner::fail(Place place, std::string_view what, std::string_view expected, std::string_view found) {
  report_.failures.push_back(
      {place, fmt::format("{}: {}: expected {}, found {}", to_string(files_, place), what, expected, found)});
}

void Runner::fail_and_stop(Place place, std::string_view what, std::string_view expected, std::string_view found) {
  fail(place, what, expected, found);
  stopped_ = true;
}

void Runner::compare(Place place, std::string_view what, std::uint64_t expected, std::uint64_t found) {
  ++report_.expectations;
  if (expected != found) fail(place, what, fmt::format("0x{:x}", expected), fmt::format("0x{:x}", found));
}

void Runner::compare_bytes(Place place, std::string_view what, const std::vector<std::uint8_t>& expected,
                           const std::vector<std::uint8_t>& found) {
  ++report_.expectations;
  if (expected != found) fail(place, what, hex(expected), hex(found));
}

}  // namespace vm::trace
