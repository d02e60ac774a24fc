// SPDX-License-Identifier: Apache-2.0
//
// Areas: what the ranges of an address space are for (Linux: vm_area_struct). A page fault outside every area is a
// segmentation fault; inside, the area says how the page comes to be.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "machine/address.h"
#include "os/frames.h"
#include "os/image.h"
#include "os/rights.h"

namespace vm {

// Anonymous memory that several processes share: a page belongs to the object, whoever touches it first.
class SharedObject {
 public:
  explicit SharedObject(Frames& frames) : frames_(frames) {}
  ~SharedObject();
  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;

  struct SharedPage {
    std::optional<Ppn> frame;  // one reference is the object's
    std::shared_ptr<PageBytes> bytes;
  };
  std::map<std::uint64_t, SharedPage> pages;  // by page number inside the object

 private:
  Frames& frames_;
};

struct Area {
  std::uint64_t from = 0, to = 0;  // [from, to), whole pages
  Rights rights;
  bool grows_down = false;
  std::shared_ptr<SharedObject> object;  // shared mappings; otherwise demand-zero and private
  std::uint64_t object_at = 0;           // the address of the object's page 0

  bool contains(std::uint64_t va) const { return va >= from && va < to; }
};

class AreaMap {
 public:
  const Area* find(VirtAddr va) const;
  // The lowest area above va that grows down, if nothing lies between and it is at most `reach` bytes away.
  const Area* stack_above(VirtAddr va, std::uint64_t reach) const;
  bool overlaps(std::uint64_t from, std::uint64_t to) const;
  void insert(Area area);
  void grow_down(std::uint64_t old_from, std::uint64_t new_from);
  void remove(std::uint64_t from, std::uint64_t to);  // splits areas at the borders
  void protect(std::uint64_t from, std::uint64_t to, Rights rights);
  std::vector<Area> in(std::uint64_t from, std::uint64_t to) const;
  const std::map<std::uint64_t, Area>& all() const { return areas_; }

 private:
  void split(std::uint64_t at);  // so that no area crosses `at`
  std::map<std::uint64_t, Area> areas_;
};

}  // namespace vm
