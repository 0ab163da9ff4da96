// What is about to be allocated because a file or a setting asks for it: estimated first, and refused with a
// message where it could only end the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gradus {

struct MemoryRequest {
  std::string what;                         // "pairs.tsv: 3 rows of 100000 ids"
  double bytes = 0;                         // estimated; a double, so that no product of sizes overflows
  std::optional<uint64_t> file_bytes = {};  // the size of the file, where nothing but the file asks for it
  std::string hint = {};
};

// A program error if it is more than a gigabyte and more than a hundred times the size of the file that asks
// for it: such a file is an accident or an attack. An environment error if it is more than is at hand.
void require_memory(const MemoryRequest& request);

// Bytes that the process can still take: what the machine has free, and no more than the limits of its
// control groups and of the environment variable GRADUS_MEMORY ("8G"; K, M and G are powers of 1024) leave.
double memory_at_hand();

}  // namespace gradus
