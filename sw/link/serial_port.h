// SPDX-License-Identifier: Apache-2.0
//
// A line of bytes to a board: a serial device of the host, or whatever stands in for one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace vm::link {

class ByteLine {
 public:
  virtual ~ByteLine() = default;
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
  // Waits for the first byte, not for more; 0: nothing came in this time.
  virtual std::size_t read(std::span<std::uint8_t> bytes, std::chrono::milliseconds timeout) = 0;
  virtual void forget_input() = 0;  // what has come and was not read
};

// 8 data bits, no parity, 1 stop bit, no flow control, opened for this program alone.
class SerialPort final : public ByteLine {
 public:
  // Throws InputError: no such device, not a serial device, in use, or a speed it does not have.
  SerialPort(const std::filesystem::path& path, unsigned baud);
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;
  ~SerialPort() override;

  // Both throw std::runtime_error if the device is gone.
  void write(std::span<const std::uint8_t> bytes) override;
  std::size_t read(std::span<std::uint8_t> bytes, std::chrono::milliseconds timeout) override;
  void forget_input() override;

 private:
  void set_up(unsigned baud);
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace vm::link
