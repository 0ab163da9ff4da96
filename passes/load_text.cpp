#include "passes/load_text.h"

#include "ir/text/parse.h"
#include "ir/verify.h"
#include "passes/verify_stage.h"

namespace gradus {

Graph load_graph(std::string_view text, const std::string& file) {
  ParsedGraph parsed = parse_graph_with_spans(text, file);
  std::vector<Diagnostic> found = verify(parsed.graph, &parsed.spans);
  if (found.empty()) found = verify_stage(parsed.graph, stage_of(parsed.graph), &parsed.spans);
  if (!found.empty()) throw Error(ErrorKind::program, std::move(found));
  return std::move(parsed.graph);
}

}  // namespace gradus
