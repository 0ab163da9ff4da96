// The contract between compiled code and its host: one signature for everything Gradus compiles.
// Plain C, because ahead-of-time headers repeat it.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Runs body(closure, begin, end) over a partition of [0, count); returns when all parts are done. Any
// partition gives the same bits. `grain` is the smallest part worth a thread.
typedef void (*gradus_task)(void* closure, int64_t begin, int64_t end);
typedef void (*gradus_parallel_for)(void* pool, int64_t count, int64_t grain, gradus_task body,
                                    void* closure);

// All arrays are dense, row-major and 64-byte aligned, unless the executable's description says another
// layout. Results may not overlap anything else. Parameters and state are updated in place; when
// `status.check` is not -1 after the call, they are unchanged.
struct gradus_status {
  int64_t check;    // lowest failing check, -1 = none
  int64_t element;  // its first failing element
};

struct gradus_call {
  const void* const* inputs;  // data inputs, in the order of the graph
  void* const* parameters;    // parameters, then state, in the order of the graph
  void* const* results;       // results, in the order of the graph
  int64_t seed;
  int64_t step;                      // counts from 1
  void* workspace;                   // workspace_bytes, 64-byte aligned
  gradus_parallel_for parallel_for;  // null: run serially
  void* pool;
  struct gradus_status status;
};

typedef void (*gradus_entry)(struct gradus_call* call);

#ifdef __cplusplus
}
#endif
