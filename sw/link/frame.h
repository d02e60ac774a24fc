// SPDX-License-Identifier: Apache-2.0
//
// Frames of the host link (docs/board.md): start byte, sequence number, length, payload, CRC-16. The C++ twin of
// fpga/vm_link_rx.sv and vm_link_tx.sv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vm::link {

constexpr std::uint8_t kStartByte = 0xA5;
constexpr std::size_t kPayloadMax = 1024;  // bytes
constexpr std::size_t kFrameExtra = 6;     // bytes of a frame that are not payload

using Bytes = std::vector<std::uint8_t>;

std::uint16_t crc16(std::span<const std::uint8_t> bytes);
std::uint32_t crc32(std::span<const std::uint8_t> bytes);

struct Frame {
  std::uint8_t seq = 0;
  Bytes payload;
  bool operator==(const Frame&) const = default;
};

// At most kPayloadMax bytes of payload.
Bytes encode(const Frame& frame);

// Finds frames in a stream of bytes; what is no whole frame with the right CRC is left out.
class FrameReader {
 public:
  std::optional<Frame> push(std::uint8_t byte);
  void restart() { bytes_.clear(); }  // the rest of a frame will not come
  bool inside() const { return !bytes_.empty(); }
  std::uint64_t refused() const { return refused_; }

 private:
  Bytes bytes_;  // of the frame that is coming in
  std::uint64_t refused_ = 0;
};

}  // namespace vm::link
