// The workspace of compiled steps: one block, as large as the largest step that has asked for it. A step's
// offsets in it are fixed when it is compiled, so there is nothing to allocate while it runs; specializations
// of one program never run at the same time and share it.
#pragma once

#include "runtime/memory.h"

namespace gradus {

class Arena {
 public:
  // At least `bytes`, 64-byte aligned; contents are arbitrary. A larger request moves the block.
  void* require(int64_t bytes) {
    if (bytes > memory_.size() || !memory_.data()) {
      memory_ = AlignedMemory();
      memory_ = AlignedMemory(bytes);
    }
    return memory_.data();
  }
  int64_t size() const { return memory_.size(); }

 private:
  AlignedMemory memory_;
};

}  // namespace gradus
