// SPDX-License-Identifier: Apache-2.0
//
// A pseudo-terminal whose other end a program opens as if it were a serial device.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vm::board {

class PseudoTerminal {
 public:
  PseudoTerminal();  // throws std::system_error
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  ~PseudoTerminal();

  const std::string& path() const { return path_; }  // of the other end
  // Waits so long for something to come.
  std::vector<std::uint8_t> read(int milliseconds);
  void write(std::span<const std::uint8_t> bytes);

 private:
  int master_ = -1;
  int slave_ = -1;  // kept open, so that programs may come and go
  std::string path_;
};

}  // namespace vm::board
