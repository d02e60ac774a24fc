// SPDX-License-Identifier: Apache-2.0
//
// Devices that are memory: a screen, a sound card, a console. A process maps the device and stores to it; the stores go
// past the caches to the device's memory, where the device finds them. What the device makes of it is a picture, a
// sound or a text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "machine/address.h"

namespace vm {

struct Device {
  enum class Kind : std::uint8_t {
    Framebuffer,  // width * height pixels of 4 bytes, row by row from the top: blue, green, red, unused
    Sound,        // width samples of 2 bytes, signed, little-endian, one channel; `rate` of them a second
    Console       // width * height characters of 1 byte, row by row; 0 is a blank
  };
  Kind kind = Kind::Framebuffer;
  std::string name;  // as open takes it
  unsigned width = 0, height = 1;
  unsigned rate = 0;  // samples per second
  PhysAddr at = {};   // of its memory
  std::uint64_t bytes() const;
};

// What the device shows or plays, from what its memory holds (bytes() bytes): a PPM picture (P6), a WAV file (16 bits,
// one channel), or text whose lines end without blanks.
std::string output_of(const Device& device, std::span<const std::uint8_t> memory);
const char* output_ending(Device::Kind kind);  // "ppm", "wav", "txt"

}  // namespace vm
