// SPDX-License-Identifier: Apache-2.0
#include "os/device.h"

#include <fmt/format.h>

#include <algorithm>

#include "machine/error.h"
#include "os/state.h"

namespace vm {

namespace {

constexpr unsigned kPixelBytes = 4, kSampleBytes = 2;

void append(std::string& text, std::uint32_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::string picture(const Device& device, std::span<const std::uint8_t> memory) {
  std::string ppm = fmt::format("P6\n{} {}\n255\n", device.width, device.height);
  for (std::size_t at = 0; at < memory.size(); at += kPixelBytes) {
    for (const unsigned colour : {2U, 1U, 0U}) ppm += static_cast<char>(memory[at + colour]);
  }
  return ppm;
}

std::string sound(const Device& device, std::span<const std::uint8_t> memory) {
  const auto bytes = static_cast<std::uint32_t>(memory.size());
  std::string wav = "RIFF";
  append(wav, 36 + bytes, 4);
  wav += "WAVEfmt ";
  append(wav, 16, 4);  // bytes of this part
  append(wav, 1, 2);   // PCM
  append(wav, 1, 2);   // channels
  append(wav, device.rate, 4);
  append(wav, device.rate * kSampleBytes, 4);
  append(wav, kSampleBytes, 2);
  append(wav, 8 * kSampleBytes, 2);
  wav += "data";
  append(wav, bytes, 4);
  wav.append(memory.begin(), memory.end());
  return wav;
}

std::string text(const Device& device, std::span<const std::uint8_t> memory) {
  std::string lines;
  for (unsigned row = 0; row < device.height; ++row) {
    std::string line;
    for (const std::uint8_t byte : memory.subspan(std::size_t{row} * device.width, device.width)) {
      line += byte == 0 ? ' ' : static_cast<char>(byte);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines += line + "\n";
  }
  return lines;
}

}  // namespace

std::uint64_t Device::bytes() const {
  const std::uint64_t units = std::uint64_t{width} * height;
  return kind == Kind::Framebuffer ? units * kPixelBytes : kind == Kind::Sound ? units * kSampleBytes : units;
}

std::string output_of(const Device& device, std::span<const std::uint8_t> memory) {
  if (device.kind == Device::Kind::Framebuffer) return picture(device, memory);
  return device.kind == Device::Kind::Sound ? sound(device, memory) : text(device, memory);
}

const char* output_ending(Device::Kind kind) {
  return kind == Device::Kind::Framebuffer ? "ppm" : kind == Device::Kind::Sound ? "wav" : "txt";
}

// ---------------------------------------------------------------- in the kernel

std::shared_ptr<MemoryObject> Kernel::State::device_object(std::string_view name) const {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].name == name) return device_objects[i];
  }
  return nullptr;
}

std::uint64_t Kernel::State::device_size(std::size_t number) const { return devices.at(number).bytes(); }

MemType Kernel::State::device_type() const {
  if (is_x86()) return MemType::Uncached;
  return machine.format.pbmt && environment.pbmte ? MemType::Io : MemType::WriteBack;
}

void Kernel::add_device(Device device) {
  State& state = *state_;
  const std::uint64_t page = state.machine.format.page_size();
  const std::uint64_t bytes = (device.bytes() + page - 1) & ~(page - 1);
  if (state.device_object(device.name)) throw InputError(fmt::format("device '{}' exists already", device.name));
  // No cache may keep stores from the device: its memory lies where nothing is cached, behind the devices before it.
  bool found = false;
  for (const Region& region : state.machine.regions) {
    if (region.cacheable || found) continue;
    PhysAddr at = region.base;
    for (const Device& other : state.devices) {
      if (region.contains(other.at))
        at = std::max(at, PhysAddr((other.at.value + other.bytes() + page - 1) & ~(page - 1)));
    }
    const std::uint64_t last = at.value + bytes - 1;
    found = region.contains(at) && region.contains(PhysAddr(last)) && last <= low_mask(state.machine.pa_bits) &&
            !state.frames.in_use(at, bytes);
    if (found) device.at = at;
  }
  if (!found) {
    throw InputError(fmt::format("device '{}': machine {} has no {} bytes of memory left that are not cached",
                                 device.name, state.machine.name, bytes));
  }
  auto object = std::make_shared<MemoryObject>(state.frames, state.devices.size());
  for (std::uint64_t i = 0; i < bytes / page; ++i) {
    const Ppn frame((device.at.value + i * page) >> state.machine.format.page_bits);
    state.frames.name(frame);
    state.frames.retain(frame);
    object->pages[i] = {.frame = frame, .bytes = std::make_shared<PageBytes>(page)};
  }
  state.devices.push_back(std::move(device));
  state.device_objects.push_back(std::move(object));
}

std::optional<std::vector<std::uint8_t>> Kernel::device_memory(std::string_view name) {
  for (const Device& device : state_->devices) {
    if (device.name != name) continue;
    std::vector<std::uint8_t> bytes(device.bytes());
    if (!state_->read_memory(device.at, bytes)) return std::nullopt;
    return bytes;
  }
  throw InputError(fmt::format("there is no device '{}'", name));
}

const std::vector<Device>& Kernel::devices() const { return state_->devices; }

}  // namespace vm
