// SPDX-License-Identifier: Apache-2.0
//
// Memory objects: where the pages of an area come from. A page of an object belongs to the object, whoever touched it
// first, and is the same frame for all who share it, at whatever address each has it. Private mappings read the
// object's frame and get a copy of their own with the first store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "os/file_store.h"
#include "os/frames.h"
#include "os/image.h"

namespace vm {

class MemoryObject {
 public:
  enum class Kind : std::uint8_t {
    Anonymous,  // demand-zero
    File,       // pages are those of a file, read when they are first needed: the page cache
    Device      // the device's own memory: every page is there from the start
  };

  // The frames must outlive the object. An object gives back its frames when it goes.
  explicit MemoryObject(Frames& frames) : frames_(frames) {}
  MemoryObject(Frames& frames, FileId opened) : kind(Kind::File), file(opened), frames_(frames) {}
  MemoryObject(Frames& frames, std::size_t number) : kind(Kind::Device), device(number), frames_(frames) {}
  ~MemoryObject();
  MemoryObject(const MemoryObject&) = delete;
  MemoryObject& operator=(const MemoryObject&) = delete;

  struct ObjectPage {
    std::optional<Ppn> frame;  // one reference is the object's
    std::shared_ptr<PageBytes> bytes;
    bool dirty = false;                      // File: differs from the file, as far as was noticed
    bool used = false;                       // by a system call, or as it came into memory, since somebody asked
    std::optional<std::uint64_t> slot = {};  // Anonymous: it is there, and in no frame (but one that is being written)
  };

  const Kind kind = Kind::Anonymous;
  const FileId file{};
  const std::size_t device = 0;
  std::map<std::uint64_t, ObjectPage> pages;  // by page number inside the object

 private:
  Frames& frames_;
};

}  // namespace vm
