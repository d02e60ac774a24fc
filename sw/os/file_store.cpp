// SPDX-License-Identifier: Apache-2.0
#include "os/file_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "machine/error.h"

namespace vm {

namespace {

constexpr mode_t kNewFileMode = 0644;
constexpr std::uint64_t kMostKept = 1ULL << 30;  // bytes of a file whose changes are kept in memory

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Moves all of the bytes, however few the host moves at a time; stops at the end of a file. The number moved, or
// -errno.
template <class Move>
std::int64_t move_all(std::size_t bytes, const Move& move) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t now = move(done);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return -errno;
    if (now == 0) break;
    done += static_cast<std::size_t>(now);
  }
  return static_cast<std::int64_t>(done);
}

}  // namespace

struct FileStore::File {
  Descriptor host;  // none: only this store has it
  std::string name;
  std::uint64_t device = 0, inode = 0;
  std::uint64_t size = 0;  // as processes see it
  bool writable = false;   // the host lets us
  bool is_kept = false;    // what counts is `content`
  std::vector<std::uint8_t> content;
};

struct FileStore::Directory {
  Descriptor host;
  Writes writes = Writes::Kept;
};

FileStore::FileStore() = default;
FileStore::~FileStore() = default;
FileStore::FileStore(FileStore&&) noexcept = default;
FileStore& FileStore::operator=(FileStore&&) noexcept = default;

void FileStore::use_directory(const std::filesystem::path& directory, Writes writes) {
  Descriptor host(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!host) {
    throw InputError(fmt::format("found no directory '{}' that can be read ({}), expected one with the files",
                                 directory.string(), std::strerror(errno)));
  }
  directory_ = std::make_unique<Directory>();
  directory_->host = std::move(host);
  directory_->writes = writes;
}

std::int64_t FileStore::add_file(std::unique_ptr<File> file) {
  files_.push_back(std::move(file));
  return static_cast<std::int64_t>(files_.size() - 1);
}

void FileStore::add(std::string name, std::vector<std::uint8_t> content) {
  auto file = std::make_unique<File>();
  file->name = std::move(name);
  file->size = content.size();
  file->writable = file->is_kept = true;
  file->content = std::move(content);
  add_file(std::move(file));
}

std::int64_t FileStore::known(std::uint64_t device, std::uint64_t inode) const {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const File& file = *files_[i];
    if (file.host && file.device == device && file.inode == inode) return static_cast<std::int64_t>(i);
  }
  return -ENOENT;
}

std::int64_t FileStore::open(std::string_view name, const OpenRequest& request) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i]->host || files_[i]->name != name) continue;
    return request.create && request.exclusive ? -EEXIST : static_cast<std::int64_t>(i);
  }
  if (name.empty()) return -ENOENT;
  const std::int64_t found = directory_ ? open_in_directory(name, request) : -ENOENT;
  if (found != -ENOENT || !request.create || (directory_ && directory_->writes == Writes::Real)) return found;
  if (name.front() == '/' || name.find('/') != std::string_view::npos) return -ENOENT;
  add(std::string(name), {});
  return static_cast<std::int64_t>(files_.size() - 1);
}

std::int64_t FileStore::open_in_directory(std::string_view name, const OpenRequest& request) {
  if (name.front() == '/' || name.find('\0') != std::string_view::npos) return -EACCES;
  const bool real = directory_->writes == Writes::Real;
  const std::string whole_name(name);
  Descriptor at(::dup(directory_->host.get()));
  if (!at) return -errno;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string component(name.substr(0, slash));
    if (component.empty() || component == "." || component == "..") return -EACCES;
    if (slash != std::string_view::npos) {
      Descriptor next(::openat(at.get(), component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) {
        // The host says ENOTDIR of a link that is to be a directory.
        struct stat link {};
        const int error = errno;
        const bool is_link =
            ::fstatat(at.get(), component.c_str(), &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode);
        return is_link ? -ELOOP : -error;
      }
      at = std::move(next);
      name.remove_prefix(slash + 1);
      continue;
    }
    // A FIFO must not keep us waiting, nor a terminal become ours.
    int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (real && request.create) flags |= O_CREAT | (request.exclusive ? O_EXCL : 0);
    auto file = std::make_unique<File>();
    const bool write = real && request.write;
    file->host = Descriptor(::openat(at.get(), component.c_str(), flags | (write ? O_RDWR : O_RDONLY), kNewFileMode));
    if (!file->host) return -errno;
    if (!real && request.create && request.exclusive) return -EEXIST;
    struct stat status {};
    if (::fstat(file->host.get(), &status) != 0) return -errno;
    if (S_ISDIR(status.st_mode)) return -EISDIR;
    if (!S_ISREG(status.st_mode)) return -EACCES;
    file->name = whole_name;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->size = static_cast<std::uint64_t>(status.st_size);
    file->writable = write || !real;
    const std::int64_t before = known(file->device, file->inode);
    if (before < 0) return add_file(std::move(file));
    File& same = *files_[static_cast<std::size_t>(before)];
    if (write && !same.writable) {  // opened for reading only until now
      same.host = std::move(file->host);
      same.writable = true;
    }
    return before;
  }
}

std::uint64_t FileStore::size(FileId file) const { return files_.at(static_cast<std::size_t>(file))->size; }

std::uint64_t FileStore::inode(FileId file) { return static_cast<std::uint64_t>(file) + 1; }

const std::string& FileStore::name(FileId file) const { return files_.at(static_cast<std::size_t>(file))->name; }

int FileStore::read(FileId id, std::uint64_t offset, std::span<std::uint8_t> bytes) const {
  const File& file = *files_.at(static_cast<std::size_t>(id));
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  if (offset >= file.size) return 0;
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), file.size - offset);
  if (file.is_kept) {
    const std::size_t there =
        std::min<std::uint64_t>(count, file.content.size() - std::min<std::uint64_t>(file.content.size(), offset));
    std::copy_n(file.content.begin() + static_cast<std::ptrdiff_t>(there == 0 ? 0 : offset), there, bytes.begin());
    return 0;
  }
  const std::int64_t moved = move_all(count, [&](std::size_t done) {
    return ::pread(file.host.get(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
  });
  return moved < 0 ? static_cast<int>(moved) : 0;
}

int FileStore::keep(File& file) {
  if (file.is_kept) return 0;
  if (file.size > kMostKept) return -EFBIG;
  file.content.resize(file.size);
  const std::int64_t moved = move_all(file.content.size(), [&](std::size_t done) {
    return ::pread(file.host.get(), file.content.data() + done, file.content.size() - done, static_cast<off_t>(done));
  });
  file.is_kept = moved >= 0;
  return moved < 0 ? static_cast<int>(moved) : 0;
}

int FileStore::write(FileId id, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  File& file = *files_.at(static_cast<std::size_t>(id));
  if (!file.writable) return -EBADF;
  if (directory_ && directory_->writes == Writes::Real && file.host) {
    const std::int64_t moved = move_all(bytes.size(), [&](std::size_t done) {
      return ::pwrite(file.host.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    });
    if (moved < 0) return static_cast<int>(moved);
  } else {
    if (const int error = keep(file); error != 0) return error;
    if (file.content.size() < offset + bytes.size()) file.content.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), file.content.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  file.size = std::max(file.size, offset + bytes.size());
  return 0;
}

int FileStore::grow(FileId id, std::uint64_t size) {
  File& file = *files_.at(static_cast<std::size_t>(id));
  if (!file.writable || size < file.size) return -EINVAL;
  file.size = size;
  return 0;
}

}  // namespace vm
