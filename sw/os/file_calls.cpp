// SPDX-License-Identifier: Apache-2.0
//
// open, close, fstat, read, write, fsync: Linux's rules for arguments and errors. Descriptors 0, 1 and 2 are the
// standard streams: input at its end, and an output that is kept.
#include <algorithm>
#include <array>
#include <cerrno>

#include "os/state.h"

namespace vm {
namespace {

// Linux, x86 and generic values.
constexpr int kAccessMode = 3, kWriteOnly = 1, kReadWrite = 2;
constexpr int kCreate = 0100, kExclusive = 0200, kAppend = 02000, kCloseOnExec = 02000000;
constexpr int kMostDescriptors = 1024;
constexpr std::uint64_t kMostBytes = 0x7FFFF000;  // of one read or write
constexpr std::uint32_t kRegular = 0100644, kCharacterDevice = 0020666;

}  // namespace

OpenFile* Kernel::State::open_file(Process& process, int fd) {
  const auto found = process.files.find(fd);
  return found == process.files.end() ? nullptr : found->second.get();
}

std::int64_t Kernel::State::open(Process& process, std::string_view name, int flags) {
  if ((flags & ~(kAccessMode | kCreate | kExclusive | kAppend | kCloseOnExec)) != 0) return -EINVAL;
  if ((flags & kAccessMode) == kAccessMode) return -EINVAL;
  int fd = 0;
  while (process.files.contains(fd)) ++fd;
  if (fd >= kMostDescriptors) return -EMFILE;
  auto file = std::make_shared<OpenFile>();
  const int mode = flags & kAccessMode;
  file->readable = mode != kWriteOnly;
  file->writable = mode == kWriteOnly || mode == kReadWrite;
  file->append = (flags & kAppend) != 0;
  if (const std::shared_ptr<MemoryObject> device = device_object(name)) {
    file->object = device;
  } else {
    const std::int64_t id = disk.open(
        name, {.write = file->writable, .create = (flags & kCreate) != 0, .exclusive = (flags & kExclusive) != 0});
    if (id < 0) return id;
    if (file->writable && is_run(static_cast<FileId>(id))) return -ETXTBSY;
    file->object = cached(static_cast<FileId>(id));
  }
  process.files[fd] = std::move(file);
  if ((flags & kCloseOnExec) != 0) process.close_on_exec.insert(fd);
  return fd;
}

std::int64_t Kernel::State::close(Process& process, int fd) {
  if (process.files.erase(fd) == 0) return -EBADF;
  process.close_on_exec.erase(fd);
  drop_unused_files();
  return 0;
}

std::uint64_t Kernel::State::object_size(const MemoryObject& object) const {
  return object.kind == MemoryObject::Kind::File ? disk.size(object.file) : device_size(object.device);
}

std::int64_t Kernel::State::fstat(Process& process, int fd, std::uint64_t va) {
  const OpenFile* file = open_file(process, fd);
  if (file == nullptr) return -EBADF;
  // struct stat of 64-bit Linux: st_mode lies elsewhere on x86 than on all others; the rest that is given does not.
  std::array<std::uint8_t, 128> stat{};
  const auto put = [&stat](std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) stat.at(at + i) = static_cast<std::uint8_t>(value >> (8 * i));
  };
  const bool regular = file->object && file->object->kind == MemoryObject::Kind::File;
  if (regular) put(8, FileStore::inode(file->object->file), 8);
  put(is_x86() ? 24 : 16, regular ? kRegular : kCharacterDevice, 4);
  put(is_x86() ? 16 : 20, 1, 4);  // st_nlink
  if (file->object) put(48, object_size(*file->object), 8);
  put(56, machine.format.page_size(), 4);  // st_blksize
  if (!is_users(process, va, stat.size())) return -EFAULT;
  return access_user(process, AccessKind::Store, va, stat) == stat.size() ? 0 : -EFAULT;
}

std::int64_t Kernel::State::read(Process& process, int fd, std::uint64_t va, std::uint64_t bytes) {
  OpenFile* file = open_file(process, fd);
  if (file == nullptr || !file->readable) return -EBADF;
  bytes = std::min(bytes, kMostBytes);
  if (!is_users(process, va, bytes)) return -EFAULT;
  if (!file->object) return 0;
  const std::uint64_t page_size = machine.format.page_size();
  PageBytes buffer(page_size);
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::uint64_t size = object_size(*file->object);
    if (file->position >= size) break;
    const std::uint64_t in_page = file->position % page_size;
    const std::uint64_t count = std::min({bytes - done, size - file->position, page_size - in_page});
    const MemoryObject::ObjectPage* page = object_page(*file->object, file->position / page_size);
    const std::span<std::uint8_t> piece = std::span(buffer).first(count);
    if (page == nullptr || !read_memory(address_of(*page->frame) + in_page, piece)) {
      return done > 0 ? static_cast<std::int64_t>(done) : page == nullptr ? -ENOMEM : -EIO;
    }
    const std::uint64_t moved = access_user(process, AccessKind::Store, va + done, piece);
    file->position += moved;
    done += moved;
    if (moved < count) return done > 0 ? static_cast<std::int64_t>(done) : -EFAULT;
  }
  return static_cast<std::int64_t>(done);
}

std::int64_t Kernel::State::write(Process& process, int fd, std::uint64_t va, std::uint64_t bytes) {
  OpenFile* file = open_file(process, fd);
  if (file == nullptr || !file->writable) return -EBADF;
  bytes = std::min(bytes, kMostBytes);
  if (!is_users(process, va, bytes)) return -EFAULT;
  const std::uint64_t page_size = machine.format.page_size();
  const bool regular = file->object && file->object->kind == MemoryObject::Kind::File;
  if (file->append && regular) file->position = object_size(*file->object);
  PageBytes buffer(page_size);
  std::uint64_t done = 0;
  while (done < bytes) {
    const std::uint64_t in_page = file->position % page_size;
    std::uint64_t count = std::min(bytes - done, page_size - in_page);
    if (file->object && !regular) {
      const std::uint64_t size = object_size(*file->object);
      if (file->position >= size) return done > 0 ? static_cast<std::int64_t>(done) : -ENOSPC;
      count = std::min(count, size - file->position);
    }
    const std::uint64_t moved = access_user(process, AccessKind::Load, va + done, std::span(buffer).first(count));
    if (moved == 0) return done > 0 ? static_cast<std::int64_t>(done) : -EFAULT;
    const std::span<const std::uint8_t> piece = std::span(buffer).first(moved);
    if (!file->object) {
      process.output.append(piece.begin(), piece.end());
    } else if (const int error = change_file(*file->object, file->position, piece); error != 0) {
      return done > 0 ? static_cast<std::int64_t>(done) : error;
    }
    file->position += moved;
    done += moved;
    if (regular && file->position > disk.size(file->object->file)) disk.grow(file->object->file, file->position);
    if (moved < count) break;
  }
  return static_cast<std::int64_t>(done);
}

std::int64_t Kernel::State::fsync(Process& process, int fd) {
  const OpenFile* file = open_file(process, fd);
  if (file == nullptr) return -EBADF;
  if (!file->object || file->object->kind != MemoryObject::Kind::File) return -EINVAL;
  return write_back(*file->object, 0, ~0ULL);
}

}  // namespace vm
