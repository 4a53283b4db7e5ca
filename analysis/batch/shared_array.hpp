#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <type_traits>

namespace agentsim::batch {

// Memory that forked children write and their parent reads: zeros at first. Throws std::bad_alloc.
template <class T>
class SharedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit SharedArray(size_t count) : bytes_(std::max<size_t>(1, count) * sizeof(T)) {
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    items_ = static_cast<T*>(memory);
  }
  ~SharedArray() { ::munmap(items_, bytes_); }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;

  T& operator[](size_t index) const { return items_[index]; }

 private:
  size_t bytes_;
  T* items_ = nullptr;
};

}  // namespace agentsim::batch
