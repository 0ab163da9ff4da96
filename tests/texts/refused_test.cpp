// What texts may say and passes, lowering or compiled code could not bear: each is refused with its place.
#include <catch2/catch.hpp>

#include "ir/error.h"
#include "ir/loop/verify.h"
#include "passes/load_text.h"
#include "tests/texts/run_text.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

// Kernels whose places and header a case fills in; %0 is read by %1 and %2, those by %3; %4 updates %w.
std::string chain(const std::string& first, const std::string& second, const std::string& third,
                  const std::string& header = "stage=kernels, workspace=192") {
  const auto kernel = [](const std::string& places, const std::string& operand, const std::string& inner) {
    return "kernel {place=\"" + places + "\", kind=\"map\"} (%a = " + operand + ") {\n    %0 = " + inner +
           " %a : f32[4]\n    yield %0\n  } : f32[4]\n";
  };
  return "graph @g {" + header + "} (%x: f32[4], param %w: f32[4]) {\n  %0 = " + kernel(first, "%x", "sin") +
         "  %1 = " + kernel(second, "%0", "cos") + "  %2 = " + kernel(third, "%0", "neg") +
         "  %3 = kernel {place=\"result 0\", kind=\"map\"} (%a = %1, %b = %2) {\n    %0 = add %a, %b : "
         "f32[4]\n"
         "    yield %0\n  } : f32[4]\n  %4 = " +
         kernel("input 1", "%w", "neg") + "  return y = %3, updates %w = %4\n}\n";
}

std::string in_main(const std::string& body) {
  return "loops @p workspace 64 (input %x: f32[8], result %y: f32[8]) {\n"
         "  function @f (read %a: f32[8], write %b: f32[8]) {\n    for %i in 0..8 {\n      %b[%i] = %a[%i]\n"
         "    }\n  }\n  main (read %x: f32[8], write %y: f32[8]) {\n" +
         body + "\n  }\n}\n";
}

std::string refusal(const std::string& text) {
  const TextRun run = run_text(text);
  CHECK(run.outcome == TextOutcome::refused);  // hence with a place
  return run.message;
}

struct Case {
  std::string text, message;
};

}  // namespace

TEST_CASE("places of kernels exist and hold one value at a time") {
  CHECK(run_text(chain("workspace 0", "workspace 64", "workspace 128")).outcome == TextOutcome::ran);
  const Case cases[] = {
      {chain("workspace 4611686018427387904", "workspace 64", "workspace 128"),
       "beyond the workspace of 192"},
      {chain("workspace 0", "workspace 64", "workspace 9223372036854775807"), "beyond the workspace"},
      {chain("workspace 0", "workspace 64", "workspace 192"), "beyond the workspace"},
      {chain("workspace 0", "workspace 64", "workspace 128", "stage=kernels"), "beyond the workspace of 0"},
      {chain("workspace 0", "workspace 64", "workspace 132"), "no multiple of 64"},
      {chain("result 8", "workspace 64", "workspace 128"), "placed as result 8 of 1"},
      {chain("result 0", "workspace 64", "workspace 128"), "placed as result 0, which is %3"},
      {chain("input 0", "workspace 64", "workspace 128"), "in input 0, which it does not update"},
      {chain("input 9223372036854775807", "workspace 64", "workspace 128"), "which it does not update"},
      {chain("workspace 9223372036854775808", "workspace 64", "workspace 128"), "is no list of places"},
      {chain("workspace -64", "workspace 64", "workspace 128"), "is no list of places"},
      {chain("workspace 0,", "workspace 64", "workspace 128"), "is no list of places"},
      {chain("", "workspace 64", "workspace 128"), "is no list of places"},
      {chain("stack 0", "workspace 64", "workspace 128"), "is no list of places"},
      {chain("workspace 0", "workspace 0", "workspace 128"), "that of %0, which is still read"},
      {chain("workspace 0", "workspace 64", "workspace 64"), "that of %1, which is still read"},
      {chain("workspace 0, workspace 64", "workspace 64", "workspace 128"), "2 places for 1 results"},
      {chain("workspace 0", "workspace 64", "workspace 128", "stage=kernels, workspace=-1"),
       "expected bytes from 0"},
      {chain("workspace 0", "workspace 64", "workspace 128", "stage=kernels, workspace=\"x\""),
       "expected bytes from 0"},
      {chain("workspace 0", "workspace 64", "workspace 128", "stage=kernel, workspace=192"),
       "there is no stage"},
      {chain("workspace 0", "workspace 64", "workspace 128", "stage=3, workspace=192"), "there is no stage"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(refusal(c.text), Catch::Contains(c.message));
  }
}

TEST_CASE("the scratch of a loop is placed where nothing lives") {
  // The index, the body's workspace, and two places in turn for the carry; what the loop reads lies at 0.
  const auto text = [](const std::string& scratch, const std::string& result = "result 0") {
    return "graph @g {stage=kernels, workspace=320} (%x: f32[4]) {\n"
           "  %0 = kernel {place=\"workspace 0\", kind=\"map\"} (%a = %x) {\n    %1 = sin %a : f32[4]\n"
           "    yield %1\n  } : f32[4]\n"
           "  %2 = scan {carries=1, length=3, place=\"" +
           result + "\", scratch=\"" + scratch +
           "\", sequences=0} (%i, %c = %0) {stage=kernels, workspace=0} {\n"
           "    %3 = kernel {place=\"result 0\", kind=\"map\"} (%a = %c) {\n      %4 = cos %a : f32[4]\n"
           "      yield %4\n    } : f32[4]\n    yield %3\n  } : f32[4]\n  return y = %2\n}\n";
  };
  const std::string good = "workspace 64, workspace 128, workspace 192";
  CHECK(run_text(text(good)).outcome == TextOutcome::ran);
  const Case cases[] = {
      {text("workspace 64, workspace 128"), "2 places of scratch, expected 3"},
      {text("workspace 64, workspace 128, workspace 256"), "beyond the workspace of 320"},
      {text("workspace 100, workspace 128, workspace 192"), "no multiple of 64"},
      {text("workspace 64, workspace 128, workspace 64"), "that of %2, which is still read"},
      {text("workspace 0, workspace 128, workspace 192"), "that of %0, which is still read"},
      {text(good, "workspace 64"), "that of %2, which is still read"},
      {text("result 0, workspace 128, workspace 192"), "scratch is placed in result 0"},
      {text("workspace 64; workspace 128"), "scratch: 'workspace 64; workspace 128' is no list of places"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(refusal(c.text), Catch::Contains(c.message));
  }
}

TEST_CASE("an update is in place only where nobody needs the old value") {
  const auto text = [](const std::string& kernel, const std::string& rest) {
    return "graph @g {stage=kernels, workspace=64} (param %w: f32[4], param %u: f32[4]) {\n"
           "  %0 = kernel {place=\"input 0\", kind=\"map\"} (%a = %w) {\n    " +
           kernel + "\n    yield %1\n  } : f32[4]\n" + rest + "\n}\n";
  };
  const std::string neg = "%1 = neg %a : f32[4]", reversed = "%1 = reverse %a {axes=[0]} : f32[4]";
  CHECK(run_text(text(neg, "  return updates %w = %0")).outcome == TextOutcome::ran);
  const Case cases[] = {
      {text(reversed, "  return updates %w = %0"), "where it has been overwritten"},
      // The check is looked at when the kernel that makes it has run.
      {"graph @g {stage=kernels, workspace=64} (param %w: f32[4], %u: i64[2], %t: f32[3]) {\n"
       "  %0:3 = kernel {place=\"input 0, result 0, workspace 0\", kind=\"map\"} (%a = %w, %b = %u, %c = %t) "
       "{\n"
       "    %1 = add %a, %a : f32[4]\n    %2:2 = gather %c, %b {check=0} : f32[2], i64[]\n"
       "    %3 = status %2#1 {checks=[0]} : i64[2]\n    yield %1, %2, %3\n"
       "  } : f32[4], f32[2], i64[2]\n  return y = %0#1, updates %w = %0, status %0#2\n}\n",
       "check is not looked at before"},
      // The running sum is stored before the loop that reads %w.
      {"graph @g {stage=kernels, workspace=0} (param %w: f32[4], %u: f32[4]) {\n"
       "  %0:2 = kernel {place=\"input 0, result 0\", kind=\"map\"} (%a = %w, %b = %u) {\n"
       "    %1 = cumsum %b {axis=0} : f32[4]\n    %2 = add %a, %1 : f32[4]\n    yield %1, %2\n"
       "  } : f32[4], f32[4]\n  return y = %0#1, updates %w = %0\n}\n",
       "where it has been overwritten"},
      {text(neg, "  return y = %w, updates %w = %0"), "is a result"},
      {text(neg, "  return updates %w = %0, %u = %w"), "updates another"},
      {text(neg, "  return updates %u = %0"), "does not update"},
      {text(neg, "  %2 = kernel {place=\"result 0\", kind=\"map\"} (%a = %w) {\n    " + neg +
                     "\n    yield %1\n  } : f32[4]\n  return y = %2, updates %w = %0"),
       "is read later"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(refusal(c.text), Catch::Contains(c.message));
  }
}

TEST_CASE("a stage holds what it may hold") {
  for (const std::string stage : {"backward", "optimized", "kernels"})
    CHECK_THAT(refusal("graph @g {stage=" + stage +
                       "} (%x: f32[]) {\n  %0 = sin %x : f32[]\n"
                       "  %1 = gradient %0, %x : f32[]\n  return %1\n}\n"),
               Catch::Contains("a gradient node at stage"));
  CHECK_THAT(
      refusal("graph @g (%x: f32[2]) {\n  %0 = mark %x {id=1} : f32[2]\n  %1 = mark %0 {id=1} : f32[2]\n"
              "  return %1\n}\n"),
      Catch::Contains("another mark has the same id"));
  CHECK_THAT(
      refusal("graph @g (seed %s: f32[3], %x: f32[3]) {\n  %0 = add %s, %x : f32[3]\n  return %0\n}\n"),
      Catch::Contains("expected i64[]"));
}

TEST_CASE("a layout is checked before the schedule of a kernel reads it") {
  const auto text = [](const std::string& layout) {
    return "graph @g (%x: f32[6,6], %y: f32[6,6] layout " + layout +
           ") {\n  %2 = kernel {schedule=\"tile 8x16\"} (%a = %y, %x = %x) {\n"
           "    %1 = dot %x, %a {contract=[1]x[0]} : f32[6,6]\n    yield %1\n  } : f32[6,6]\n  return r = "
           "%2\n}\n";
  };
  const Case cases[] = {
      {text("[1,0] tiled [4,0]"), "has tiles of 0"},
      {text("[9,7] tiled [4,1]"), "does not name each axis once"},
      {text("[-1,0]"), "does not name each axis once"},
      {text("[1000000000000,-1000000000000] tiled [4,1]"), "does not name each axis once"},
      {text("[1,0] padded [0,-1]"), "is padded by -1"},
      {text("[1,0] padded [0,1000000000000000]"), "takes more than 2^48 bytes"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(refusal(c.text), Catch::Contains(c.message));
  }
}

TEST_CASE("rows are written out, so they have a longest length") {
  const auto text = [](const std::string& length) {
    return "graph @g {stage=kernels, workspace=0} (%x: f32[1," + length +
           "]) {\n  %2:2 = kernel {kind=rows, place=\"result 0, result 1\", schedule=\"rows grain 1\"} (%a = "
           "%x) {\n"
           "    %1 = max %a {axes=[1]} : f32[1]\n    %3 = min %a {axes=[1]} : f32[1]\n    yield %1, %3\n"
           "  } : f32[1], f32[1]\n  return a = %2, b = %2#1\n}\n";
  };
  CHECK(run_text(text("20000")).outcome == TextOutcome::ran);
  CHECK_THAT(refusal(text("400000000")), Catch::Contains("the elements of a row"));
}

TEST_CASE("a function works in the part of the workspace that its caller gives it") {
  // What @f does, what @g does with it, and main's call of @g.
  const auto text = [](const std::string& f, const std::string& in_g, const std::string& call) {
    return "loops @l workspace 256 (input %x: f32[8], result %y: f32[8]) {\n"
           "  function @f workspace 64 (read %x: f32[8], write %y: f32[8]) {\n    workspace %t: f32[8] at "
           "0\n" +
           f +
           "  }\n"
           "  function @g workspace 128 (read %x: f32[8], write %y: f32[8]) {\n" +
           in_g + "  }\n  main (read %x: f32[8], write %y: f32[8]) {\n    " + call + "\n  }\n}\n";
  };
  const std::string shared =
      "    for %i in 0..8 parallel {\n      %t[%i] = %x[%i]\n      %y[%i] = %x[%i]\n    }\n";
  const std::string plain = "    %y[0] = %x[0]\n";
  const std::string inner = "    call @f workspace 64 (%x[0], %y[0])\n",
                    outer = "call @g workspace 128 (%x[0], %y[0])";
  const auto in_loop = [&](const std::string& kind) {
    return "    for %i in 0..2 " + kind + " {\n  " + inner + "    }\n";
  };
  CHECK(run_text(text(shared, inner, outer)).outcome == TextOutcome::ran);
  CHECK(run_text(text(shared, in_loop(""), outer)).outcome == TextOutcome::ran);
  const Case cases[] = {
      {text(shared, inner, "call @g(%x[0], %y[0])"), "passes no workspace, but it works in 128 bytes"},
      {text(shared, inner, "call @g workspace 192 (%x[0], %y[0])"),
       "passes 128 bytes of workspace from 192 on, beyond the 256 that there are"},
      {text(shared, inner, "call @g workspace 32 (%x[0], %y[0])"), "from byte 32 on, no multiple of 64"},
      {text(shared, "    call @f workspace 128 (%x[0], %y[0])\n", outer), "beyond the 128 that there are"},
      {text(shared, in_loop("parallel"), outer), "a parallel loop of @g calls @f, which has one or works in"},
      {text(plain, in_loop("parallel"), outer), "a parallel loop of @g calls @f, which has one or works in"},
      {text("    return\n", inner, outer), "a return outside main"},
      {"loops @l workspace 64 (result %y: f32[1]) {\n  function @f (write %y: f32[1]) {\n    %y[0] = 1.0\n  "
       "}\n"
       "  main (write %y: f32[1]) {\n    call @f workspace 0 (%y[0])\n  }\n}\n",
       "passes a workspace, but it takes none"},
      {"loops @l workspace 64 (result %y: f32[1]) {\n  function @f (write %y: f32[1]) {\n"
       "    workspace %t: f32[1] at 0\n    %y[0] = 1.0\n  }\n"
       "  main (write %y: f32[1]) {\n    call @f(%y[0])\n  }\n}\n",
       "is not within the 0 bytes of the workspace"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(refusal(c.text), Catch::Contains(c.message));
  }
}

TEST_CASE("loop texts stay within their buffers") {
  CHECK(run_text(in_main("    call @f(%x[0], %y[0])")).outcome == TextOutcome::ran);
  const Case refused[] = {
      {"    %y[8] = 1.0", "index 8 is outside axis 0"},
      {"    %y[-1] = 1.0", "index -1 is outside"},
      {"    %y[0, 0] = 1.0", "is used with 2 indices"},
      {"    call @f(%x[1], %y[0])", "reaches beyond"},
      {"    workspace %w: f32[17] at 0\n    call @f(%x[0], %w[0])", "is not within the 64 bytes"},
      {"    workspace %w: f32[4] at 0\n    call @f(%x[0], %w[0])", "reaches beyond"},
      {"    for %i in 0..9223372036854775807 {\n      %y[0] = 1.0\n    }", "lie within 2^48"},
      {"    for %i in 0..1000000 unrolled {\n      %y[0] = 1.0\n    }", "unrolling makes"},
      {"    local %l: f32[100000000]\n    %y[0] = %l[0]", "bytes of stack"},
      {"    for %i in 0..8 vectorized {\n      for %j in 0..%i {\n        %y[%i] = 1.0\n      }\n    }",
       "the bounds differ between lanes"},
      {"    for %i in 0..8 vectorized {\n      for %j in 0..1 vectorized {\n        %y[%i + %j] = 1.0\n      "
       "}\n"
       "    }",
       "a vectorized loop inside another one"},
      {"    for %i in 0..8 vectorized {\n      call @f(%x[0], %y[0])\n    }",
       "a call inside a vectorized loop"},
      {"    local %l: f32[1] = 0.0\n    for %i in 0..8 vectorized {\n      local %l: f32[1] = 1.0\n"
       "      %y[%i] = %l[0]\n    }",
       "declared outside and again inside of a parallel or vectorized loop"},
  };
  for (const Case& c : refused) {
    INFO(c.text);
    CHECK_THAT(refusal(in_main(c.text)), Catch::Contains(c.message));
  }
  const Case left[] = {
      {"    for %i in 0..9 {\n      %y[%i] = %x[0]\n    }", "an index of axis 0 lies outside of %y: f32[8]"},
      {"    for %i in 0..9 vectorized {\n      %y[%i] = 1.0\n    }", "outside of %y"},
      {"    for %i in 0..8 vectorized {\n      %y[%i] = %x[%i + 1]\n    }", "outside of %x"},
      {"    for %i in 0..8 vectorized {\n      %y[cast(%x[%i], i64) * 100 + %i] = 1.0\n    }",
       "outside of %y"},
      {"    for %i in 0..2 {\n      call @f(%x[%i], %y[0])\n    }",
       "%a: f32[8] of a call reaches outside of %x"},
      {"    %y[cast(%x[0] - 1.0e9, i64)] = 1.0", "outside of %y"},
  };
  for (const Case& c : left) {
    INFO(c.text);
    const TextRun run = run_text(in_main(c.text));
    CHECK(run.outcome == TextOutcome::left_at_bound);
    CHECK_THAT(run.message, Catch::Contains(c.message));
  }
  // In elements the index is in bounds; in bytes its factor is beyond 64 bits, and wraps as the index would.
  CHECK(
      run_text(in_main("    for %i in 0..1 {\n      %y[%i * 9223372036854775807] = %x[0]\n    }")).outcome ==
      TextOutcome::ran);
  // Registers have no address: what is outside of them is known when code is made.
  CHECK_THAT(
      refusal(in_main("    local %l: f32[4] = 0.0\n    for %i in 0..8 unrolled {\n      %l[%i] = %x[%i]\n"
                      "    }\n    %y[0] = %l[0]")),
      Catch::Contains("outside of %l"));
}

TEST_CASE("values without elements lie nowhere near others") {
  for (const std::string text :
       {"graph @g (%t: f32[0,3], %i: i32[4]) {\n  %0:2 = gather %t, %i {batch=0, check=0} : f32[4,3], i64[]\n"
        "  return %0\n}\n",
        "graph @g (%t: f32[5,3], %i: i32[4,0]) {\n  %0:2 = gather %t, %i {batch=0, check=0} : f32[4,0,3], "
        "i64[]\n"
        "  %1 = status %0#1 {checks=[0]} : i64[2]\n  return %0, status %1\n}\n",
        "graph @g (%x: i64[0], %y: f32[4]) {\n  %0 = cumsum %x {axis=0} : i64[0]\n"
        "  %1 = cumsum %0 {axis=0} : i64[0]\n  %2 = cumsum %y {axis=0} : f32[4]\n"
        "  %3 = cumsum %2 {axis=0} : f32[4]\n  return %1, %3\n}\n"}) {
    INFO(text);
    const TextRun run = run_text(text);
    CHECK(run.message == "");
    CHECK(run.outcome == TextOutcome::ran);
  }
}
