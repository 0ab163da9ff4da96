// The verifier of graphs: runs after every pass in debug builds and under --verify-each.
//
// What holds for every graph:
//   1. operands come before their users and are results that exist
//   2. a node has the operands, attributes and body that its op's record says (ir/check_use.h)
//   3. its types are the ones that shape inference gives; a layout has one entry per axis
//   4. a body's inputs have the types of the operands they are bound to; a body has neither updates nor
//   status
//      and satisfies this list itself
//   5. inputs are exactly the nodes of op `input`, and their attribute `index` is their position; seed and
//   step are
//      i64[], and there is one of each at most
//   6. names of inputs are unique, so are the names of results, stable ids and the ids of marks
//   7. results, updates and status are values that exist
//   8. an update has the type of its input, which is a parameter, a state or a variable and has one update
//   9. the status is i64[2]
//  10. what a gradient node differentiates, and by, is floating-point
#pragma once

#include <string_view>
#include <vector>

#include "ir/error.h"
#include "ir/graph.h"
#include "ir/text/parse.h"

namespace gradus {

// Empty if all is well. Each finding quotes the lines around the node in its notes, or stands at its place in
// the text if `spans` are given.
std::vector<Diagnostic> verify(const Graph& graph, const GraphSpans* spans = nullptr);

// Throws an internal error that says where: "after simplify", a file.
void verify_or_fail(const Graph& graph, std::string_view where);

}  // namespace gradus
