// The verifier of graphs finds what a faulty pass could make.
#include "ir/verify.h"

#include <catch2/catch.hpp>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

const Type vector_type(ElementType::f32, {2});

struct Scene {
  GraphBuilder b{"g", {.memoize = false}};
  Value x = b.input("x", InputKind::data, vector_type);
  Value w = b.input("w", InputKind::parameter, vector_type);
  Value y = build::add(b, x, w);

  std::vector<Diagnostic> check() { return verify(std::move(b).finish()); }
};

void check_found(Scene& scene, const std::string& message) {
  const std::vector<Diagnostic> found = scene.check();
  INFO(message);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].message, Catch::Contains(message));
}

}  // namespace

TEST_CASE("a sound graph has no findings") {
  Scene scene;
  scene.b.add_result("y", scene.y);
  scene.b.add_update(1, scene.y);
  CHECK(scene.check().empty());
}

TEST_CASE("names, ids and marks are unique") {
  Scene inputs;
  inputs.b.input("x", InputKind::data, vector_type);
  check_found(inputs, "two inputs are named 'x'");

  Scene results;
  results.b.add_result("y", results.y);
  results.b.add_result("y", results.x);
  check_found(results, "two results are named 'y'");

  Scene ids;
  ids.b.prefer_id(2);
  build::neg(ids.b, ids.y);
  check_found(ids, "the stable id 2 is taken");

  Scene marks;
  marks.b.add(OpId::mark, {marks.x}, {{"id", int64_t{7}}});
  marks.b.add(OpId::mark, {marks.y}, {{"id", int64_t{7}}});
  check_found(marks, "another mark has the same id");
}

TEST_CASE("results, updates and status") {
  Scene result;
  result.b.add_result("y", {99, 0});
  check_found(result, "result 0 does not exist");

  Scene kind;
  kind.b.add_update(0, kind.y);
  check_found(kind, "'x' is updated, but only parameters");

  Scene twice;
  twice.b.add_update(1, twice.y);
  twice.b.add_update(1, twice.x);
  check_found(twice, "'w' is updated twice");

  Scene type;
  type.b.add_update(1, build::sum_all(type.b, type.y));
  check_found(type, "the update of 'w' is f32[], but the input is f32[2]");

  Scene status;
  status.b.set_status(status.y);
  check_found(status, "the status is f32[2], expected i64[2]");
}

TEST_CASE("types, attributes and operands, with the lines around them") {
  // A rule that changes its mind stands for a pass that makes nodes with wrong types.
  static bool changed = false;
  static Op fickle = *find_op("neg");
  fickle.name = "fickle";
  fickle.infer = [](const OpUse& use) {
    return std::vector<Type>{changed ? Type(ElementType::f32, {3}) : use.operands[0]};
  };
  changed = false;
  Scene types;
  const Value z = types.b.add(fickle, {types.y});
  build::neg(types.b, z);
  changed = true;
  const std::vector<Diagnostic> found = types.check();
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "%3: the type is f32[2], but shape inference gives f32[3]");
  REQUIRE(found[0].notes.size() == 3);
  CHECK(found[0].notes[0].message == "  %2 = add %x, %w : f32[2]");
  CHECK(found[0].notes[1].message == "> %3 = fickle %2 : f32[2]");
  CHECK(found[0].notes[2].message == "  %4 = neg %3 : f32[2]");

  changed = false;
  Scene attributes;
  attributes.b.add(fickle, {attributes.y}, {{"axis", int64_t{1}}});
  check_found(attributes, "fickle has no attribute 'axis'");

  Scene operands;
  operands.b.add(fickle, {operands.y, operands.y});
  check_found(operands, "fickle: found 2 operands, expected 1");
}

TEST_CASE("bodies are checked inside and against their operands") {
  const auto body = [](const Type& type, bool with_update) {
    GraphBuilder b("body");
    const Value a = b.input("a", with_update ? InputKind::state : InputKind::data, type);
    b.add_result("", build::neg(b, a));
    if (with_update) b.add_update(0, a);
    return std::make_shared<const Graph>(std::move(b).finish());
  };
  // An op like `call` whose rule looks at nothing.
  static Op careless = *find_op("call");
  careless.infer = [](const OpUse& use) { return std::vector<Type>{use.operands[0]}; };

  Scene other_type;
  other_type.b.add(careless, {other_type.y}, {}, body(Type(ElementType::f32, {3}), false));
  check_found(other_type, "the body takes f32[3], expected f32[2]");

  Scene update;
  update.b.add(careless, {update.y}, {}, body(vector_type, true));
  check_found(update, "in the body of %3: a body cannot update anything");

  Scene none;
  none.b.add(careless, {none.y});
  check_found(none, "call needs a body");
}

TEST_CASE("a failed verification names the pass and is a bug of ours") {
  Scene scene;
  scene.b.add_update(0, scene.y);
  const Graph graph = std::move(scene.b).finish();
  try {
    verify_or_fail(graph, "after simplify");
    FAIL("nothing was found");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::internal);
    CHECK_THAT(error.what(), Catch::StartsWith("internal: invalid graph (after simplify): "));
  }
}

}  // namespace gradus
