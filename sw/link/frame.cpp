// SPDX-License-Identifier: Apache-2.0
#include "link/frame.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace vm::link {
namespace {

constexpr std::size_t kHeader = 4;  // start byte, sequence number, length

std::size_t payload_length(std::span<const std::uint8_t> frame) {
  return frame[2] | static_cast<std::size_t>(frame[3]) << 8;
}

}  // namespace

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFF;
  for (const std::uint8_t byte : bytes) {
    crc ^= std::uint32_t{byte} << 8;
    for (int i = 0; i < 8; ++i) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
  }
  return static_cast<std::uint16_t>(crc);
}

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB8'8320U : crc >> 1;
  }
  return ~crc;
}

Bytes encode(const Frame& frame) {
  if (frame.payload.empty() || frame.payload.size() > kPayloadMax) {
    throw std::logic_error("a payload has 1 to 1024 bytes");
  }
  const std::size_t length = frame.payload.size();
  Bytes bytes(length + kFrameExtra);
  bytes[0] = kStartByte;
  bytes[1] = frame.seq;
  bytes[2] = static_cast<std::uint8_t>(length);
  bytes[3] = static_cast<std::uint8_t>(length >> 8);
  std::copy(frame.payload.begin(), frame.payload.end(), bytes.begin() + kHeader);
  const std::uint16_t crc = crc16(std::span(bytes).subspan(1, length + kHeader - 1));
  bytes[length + kHeader] = static_cast<std::uint8_t>(crc);
  bytes[length + kHeader + 1] = static_cast<std::uint8_t>(crc >> 8);
  return bytes;
}

std::optional<Frame> FrameReader::push(std::uint8_t byte) {
  if (bytes_.empty() && byte != kStartByte) return std::nullopt;
  bytes_.push_back(byte);
  if (bytes_.size() < kHeader) return std::nullopt;
  const std::size_t length = payload_length(bytes_);
  if (length == 0 || length > kPayloadMax) {
    ++refused_;
    bytes_.clear();
    return std::nullopt;
  }
  if (bytes_.size() < length + kFrameExtra) return std::nullopt;
  const Bytes whole = std::exchange(bytes_, {});
  const std::uint16_t crc = crc16(std::span(whole).subspan(1, length + kHeader - 1));
  if (crc != (whole[length + 4] | whole[length + 5] << 8)) {
    ++refused_;
    return std::nullopt;
  }
  const auto payload = whole.begin() + kHeader;
  return Frame{whole[1], Bytes(payload, payload + static_cast<std::ptrdiff_t>(length))};
}

}  // namespace vm::link
