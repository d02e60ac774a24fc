// SPDX-License-Identifier: Apache-2.0
//
// A queue of fixed capacity that never allocates after construction.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

namespace vm {

template <class T>
class Ring {
 public:
  explicit Ring(std::size_t capacity) : items_(capacity) {}

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == items_.size(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return items_.size(); }

  // Full: throws std::length_error, a mistake of the caller.
  T& push(T item) {
    if (full()) throw std::length_error("Ring: full");
    T& slot = items_[(head_ + size_) % items_.size()];
    slot = std::move(item);
    ++size_;
    return slot;
  }
  // Full: the oldest item makes room.
  void push_over(const T& item) {
    if (full()) pop();
    push(item);
  }
  void pop() {
    head_ = (head_ + 1) % items_.size();
    --size_;
  }
  // The i-th item, 0 being the oldest; the others keep their order.
  void remove(std::size_t i) {
    for (; i + 1 < size_; ++i) (*this)[i] = std::move((*this)[i + 1]);
    --size_;
  }
  void clear() { head_ = size_ = 0; }

  T& front() { return items_[head_]; }
  const T& front() const { return items_[head_]; }
  T& back() { return items_[(head_ + size_ - 1) % items_.size()]; }
  // 0 is the oldest.
  T& operator[](std::size_t i) { return items_[(head_ + i) % items_.size()]; }
  const T& operator[](std::size_t i) const { return items_[(head_ + i) % items_.size()]; }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0, size_ = 0;
};

}  // namespace vm
