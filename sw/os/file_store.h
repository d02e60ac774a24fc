// SPDX-License-Identifier: Apache-2.0
//
// The disk: regular files, by name. They are those of one directory of the host that the user names, and what a trace
// put there itself. No name leads out of that directory: `..`, absolute names and symbolic links are refused, and
// every component is opened relative to the one before, so that nothing can be exchanged meanwhile.
//
// Errors are -errno, as the system call would give it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vm {

// Which file, whatever name it was opened by.
enum class FileId : std::uint32_t {};

class FileStore {
 public:
  // What becomes of writes: Real ones change the host's files, Kept ones are seen until the store goes.
  enum class Writes : std::uint8_t { Kept, Real };

  FileStore();
  ~FileStore();
  FileStore(FileStore&&) noexcept;
  FileStore& operator=(FileStore&&) noexcept;

  // Throws InputError if there is no such directory.
  void use_directory(const std::filesystem::path& directory, Writes writes);
  // A file that only this store has. Goes before the directory's.
  void add(std::string name, std::vector<std::uint8_t> content);

  // The FileId, or -errno: ENOENT, EACCES (not for this user, or out of the directory), ELOOP (a symbolic link),
  // EISDIR, EEXIST.
  struct OpenRequest {
    bool write = false, create = false, exclusive = false;
  };
  std::int64_t open(std::string_view name, const OpenRequest& request);
  std::uint64_t size(FileId file) const;
  static std::uint64_t inode(FileId file);     // for processes: not the host's, so that runs are alike
  const std::string& name(FileId file) const;  // by which it was first opened
  // Beyond the end there is nothing: bytes are zero. 0 or -errno.
  int read(FileId file, std::uint64_t offset, std::span<std::uint8_t> bytes) const;
  // Beyond the end the file grows.
  int write(FileId file, std::uint64_t offset, std::span<const std::uint8_t> bytes);
  // The file ends here; a smaller size than the present one is refused (-EINVAL).
  int grow(FileId file, std::uint64_t size);

 private:
  struct File;
  struct Directory;
  std::int64_t known(std::uint64_t device, std::uint64_t inode) const;  // -ENOENT: not yet
  std::int64_t open_in_directory(std::string_view name, const OpenRequest& request);
  std::int64_t add_file(std::unique_ptr<File> file);
  static int keep(File& file);  // from now on its bytes are here

  std::unique_ptr<Directory> directory_;
  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace vm
