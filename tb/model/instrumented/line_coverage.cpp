// SPDX-License-Identifier: Apache-2.0
#include "model/instrumented/line_coverage.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <verilated.h>
#include <verilated_cov.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace vm {
namespace {

// Held until destruction; other processes wait.
class FileLock {
 public:
  explicit FileLock(const std::string& file) : descriptor_(open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0 || flock(descriptor_, LOCK_EX) != 0) throw std::runtime_error(file + ": cannot be locked");
  }
  ~FileLock() { close(descriptor_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

// Points as Verilator writes them, "C '...'" and how often.
using Counts = std::map<std::string, std::uint64_t>;

void add_file(Counts& counts, const std::filesystem::path& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t space = line.rfind(' ');
    if (line.starts_with("C '") && space != std::string::npos) {
      counts[line.substr(0, space)] += std::stoull(line.substr(space + 1));
    }
  }
}

}  // namespace

void save_line_coverage(VerilatedContext& context) {
  const std::filesystem::path file = VM_COVERAGE_FILE;
  std::filesystem::create_directories(file.parent_path());
  const FileLock lock(file.string() + ".lock");
  const std::string part = file.string() + ".part";
  context.coveragep()->write(part.c_str());
  Counts counts;
  add_file(counts, file);
  add_file(counts, part);
  std::ofstream out(part);
  out << "# SystemC::Coverage-3\n";
  for (const auto& [point, hits] : counts) out << point << ' ' << hits << '\n';
  out.close();
  if (!out) throw std::runtime_error(file.string() + ": cannot be written");
  std::filesystem::rename(part, file);
}

}  // namespace vm
