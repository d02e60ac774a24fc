// SPDX-License-Identifier: Apache-2.0
#include "os/swap_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "machine/error.h"

namespace vm {
namespace {

int open_temporary() {
  std::string name = (std::filesystem::temp_directory_path() / "pagewalk-swap-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file >= 0) unlink(name.c_str());  // it lives as long as it is open
  return file;
}

}  // namespace

SwapFile::SwapFile(const SwapOptions& options, std::uint64_t page_bytes) : options_(options), page_bytes_(page_bytes) {
  constexpr int kMode = 0600;  // it holds the memory of processes
  file_ = options_.file.empty() ? open_temporary()
                                : open(options_.file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (file_ < 0) {
    throw InputError(fmt::format("the swap file {} cannot be made: {}",
                                 options_.file.empty() ? "of the temporary directory" : options_.file.string(),
                                 std::strerror(errno)));
  }
  for (std::uint64_t slot = 1; slot <= options_.slots; ++slot) free_.insert(free_.end(), slot);
}

SwapFile::~SwapFile() { close(file_); }

std::optional<std::uint64_t> SwapFile::allocate() {
  if (free_.empty()) return std::nullopt;
  const std::uint64_t slot = *free_.begin();
  free_.erase(free_.begin());
  return slot;
}

void SwapFile::release(std::uint64_t slot) { free_.insert(slot); }

bool SwapFile::write(std::uint64_t slot, std::span<const std::uint8_t> bytes) {
  if (options_.unwritable.contains(slot)) return false;
  const ssize_t written = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(slot * page_bytes_));
  return written == static_cast<ssize_t>(bytes.size());
}

bool SwapFile::read(std::uint64_t slot, std::span<std::uint8_t> bytes) {
  if (options_.unreadable.contains(slot)) return false;
  const ssize_t count = pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(slot * page_bytes_));
  return count == static_cast<ssize_t>(bytes.size());
}

}  // namespace vm
