// SPDX-License-Identifier: Apache-2.0
//
// Line and toggle coverage of the RTL, as machines built for it write it (Verilator's coverage file): which lines ran,
// and which bits of which signals changed, in any instance and any of the files read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace vm::sim {

struct FileCoverage {
  std::map<unsigned, std::uint64_t> lines;  // how often; lines without code are not in it
  // By line, then by name of the bit. Changed or not counts, in whichever instance.
  std::map<unsigned, std::map<std::string, std::uint64_t>> toggles;

  std::size_t lines_hit() const;
  std::size_t bits() const;
  std::size_t bits_hit() const;
};

class LineCoverage {
 public:
  // Adds a file's counts. Throws InputError (file, line, what was expected).
  void read(const std::filesystem::path& file);
  // By path as the file names it ("rtl/vm_tlb.sv").
  const std::map<std::string, FileCoverage>& files() const { return files_; }
  const std::vector<std::string>& machines() const { return machines_; }  // the names of what was read

 private:
  void point(const std::string& text, std::uint64_t hits);

  std::map<std::string, FileCoverage> files_;
  std::vector<std::string> machines_;
};

}  // namespace vm::sim
