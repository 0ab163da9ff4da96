#include "frontend/language/habits.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace gradus::language {

namespace {

struct Habit {
  std::string_view written;
  std::string_view hint;
};

constexpr Habit symbol_habits[] = {
    {"&", "write `and`"},
    {"&&", "write `and`"},
    {"||", "write `or`"},
    {"!", "write `not`"},
    {"~", "write `not`"},
    {"'", "strings are written \"…\""},
    {"''", "strings are written \"…\""},
    {"`", "names stand without quotes"},
    {"?", "write `if condition { a } else { b }`, or `where(condition, a, b)` for tensors"},
    {"\\", "inside ( ) and [ ] and after an operator a line goes on by itself"},
    {"α", "names are ASCII: alpha"},
    {"β", "names are ASCII: beta"},
    {"γ", "names are ASCII: gamma"},
    {"ε", "names are ASCII: epsilon"},
    {"η", "names are ASCII: rate"},
    {"σ", "names are ASCII: sigma, sigmoid"},
    {"π", "write `pi`"},
    {"∞", "write `infinity`"},
    {"×", "write `*`"},
    {"·", "write `*`, or `@` for a matrix product"},
    {"−", "write the ASCII minus `-`"},
    {"²", "write `^ 2`"},
    {"√", "write `sqrt(x)`"},
    {"≤", "write `<=`"},
    {"≥", "write `>=`"},
    {"≠", "write `!=`"},
    {"…", "write `...`"},
    {"→", "write `->`"},
};

constexpr Habit statement_habits[] = {
    {"def", "write `function f(x) = …`, or `layer f(x: […]) -> y { … }` if it has parameters to learn"},
    {"fn", "write `function f(x) = …`"},
    {"func", "write `function f(x) = …`"},
    {"class", "write `model Name(x: [batch, n]) -> y { … }`"},
    {"return", "a result is named after `->`; assign to that name"},
    {"while", "loops are `for i in 0..n { … }` when the graph is built, `scan` when it runs"},
    {"elif", "write `else if`"},
    {"let", "write `name = value`"},
    {"var", "write `name = value`"},
    {"const", "write `name = value`"},
    {"auto", "write `name = value`"},
    {"from", "the standard library is always there; `import \"file.gradus\"` adds a file"},
    {"assert", "write `expect`"},
    {"pass", "leave the braces empty"},
    {"break", "loops have no `break`; `for` runs over a known range"},
    {"continue", "loops have no `continue`; put the rest of the body into `if`"},
    {"switch", "write `if … { } else if … { } else { }`"},
    {"try", "errors stop the program with a message; there is nothing to catch"},
};

constexpr Habit expression_habits[] = {
    {"None", "write `none`"},
    {"True", "write `true`"},
    {"False", "write `false`"},
    {"null", "write `none`"},
    {"lambda", "leave a placeholder: `leaky_relu(_, 0.2)` is a function; or define one with `function`"},
    {"self", "a layer's own values are plain names; `name.weight` reads another instance's"},
    {"this", "a layer's own values are plain names"},
    {"np", "functions stand alone: `exp(x)`, `zeros([n])`"},
    {"tf", "functions stand alone: `exp(x)`, `zeros([n])`"},
    {"torch", "functions stand alone: `exp(x)`, `zeros([n])`"},
    {"keras", "layers stand alone: `dense(10)`"},
    {"nn", "layers stand alone: `dense(10)`"},
    {"jnp", "functions stand alone: `exp(x)`, `zeros([n])`"},
    {"math", "functions stand alone: `exp(x)`, `pi`"},
    {"inf", "write `infinity`"},
    {"range", "write `0..n`"},
    {"len", "a size has a name in a pattern: `x: [batch, n]`; `shape(x)` lists all"},
    {"grad", "write `gradient(y, x)`"},
    {"matmul", "write `a @ b`"},
    {"Dense", "write `dense(units)`"},
    {"Linear", "write `dense(units)`"},
    {"Conv2D", "write `conv2d(filters, kernel: 3)`"},
    {"Conv2d", "write `conv2d(filters, kernel: 3)`"},
    {"MaxPooling2D", "write `max_pool2d(2)`"},
    {"AveragePooling2D", "write `average_pool2d(2)`"},
    {"Flatten", "write `flatten`"},
    {"Dropout", "write `dropout(rate)`"},
    {"Adam", "write `adam(rate)`"},
    {"SGD", "write `sgd(rate)`"},
    {"ReLU", "write `relu`"},
    {"reduce_mean", "write `mean(x, over: axes)`"},
    {"reduce_sum", "write `sum(x, over: axes)`"},
};

// Names that a file may well give to values of its own.
constexpr Habit unknown_name_habits[] = {
    {"mae", "write `mean_absolute_error(prediction, target)`"},
    {"MAE", "write `mean_absolute_error(prediction, target)`"},
    {"mse", "write `mean_squared_error(prediction, target)`"},
    {"MSE", "write `mean_squared_error(prediction, target)`"},
    {"clip", "write `clamp(x, low, high)`"},
    {"var", "write `mean((x - mean(x)) ^ 2)`"},
    {"std", "write `sqrt(mean((x - mean(x)) ^ 2))`"},
    {"unsqueeze", "write `x[none]`, or `x[.., none]` for a last axis"},
    {"expand_dims", "write `x[none]`, or `x[.., none]` for a last axis"},
    {"cat", "write `concat([a, b], axis: 0)`"},
    {"permute", "write `transpose(x, [1, 0])`"},
    {"detach", "write `stop_gradient(x)`"},
    {"maximum", "write `max(a, b)`"},
    {"minimum", "write `min(a, b)`"},
    {"arange", "write `0..n`"},
    {"linear", "write `dense(units)`"},
    {"swish", "write `silu`"},
    {"logsumexp", "write `log(sum(exp(x), over: -1))`, which does not overflow"},
    {"mse_loss", "write `mean_squared_error(prediction, target)`"},
    {"CrossEntropyLoss", "write `sparse_categorical_cross_entropy(logits, label)`"},
    {"BatchNormalization", "write `batch_norm`"},
    {"cross_entropy", "write `sparse_categorical_cross_entropy(logits, label)`"},
    {"Sequential", "write a pipe: `x |> dense(64, activation: relu) |> dense(10)`"},
    {"zeros_like", "write `zeros(shape(x))`"},
    {"ones_like", "write `ones(shape(x))`"},
    {"eye", "write `one_hot(0..n, n)`"},
    {"tril", "write `where(lower_triangle(n), x, 0)`"},
    {"linspace", "write `low + (high - low) * iota(n) / (n - 1)`"},
    {"randn", "write `normal([n])`"},
    {"rand", "write `uniform([n])`"},
    {"dot", "write `sum(a * b)` for vectors, `a @ b` for matrices"},
    {"einsum", "write `a @ b` for a matrix product; `sum(a * b, over: axes)` after `transpose` for others"},
    {"log10", "write `log(x) / log(10)`"},
    {"log2", "write `log(x) / log(2)`"},
};

constexpr Habit member_habits[] = {
    {"T", "write `transpose(x)`"},
    {"shape", "write `shape(x)`; a single size has a name in a pattern: `x: [batch, n]`"},
    {"view", "write `reshape(x, [2, 3])`"},
    {"reshape", "write `reshape(x, [2, 3])`"},
    {"backward", "write `minimize loss with sgd(0.01)`, or `gradient(loss, x)` for the gradient itself"},
};

constexpr std::string_view rate_habit = "a rate is given to the optimizer: with adam(1e-3)";
constexpr std::string_view decay_habit =
    "weights decay by `weight_penalty: l2(_, 1e-4)` of a layer and `loss = … + penalties`, or by adamw";
constexpr std::string_view optimizer_habit =
    "the optimizer is named where it is used: minimize loss with adam(1e-3)";
constexpr std::string_view metric_habit = "write a line for each: metric accuracy = accuracy(logits, label)";
constexpr std::string_view split_habit = "write `split(validation: 0.2)`, a share of the training rows";
constexpr std::string_view epochs_habit = "the setting is called `epochs`";
constexpr std::string_view batch_habit = "the setting is called `batch`";
constexpr std::string_view action_habit =
    "write what shall happen as a statement: early_stopping(patience: 3), reduce_on_plateau(patience: 2)";
constexpr std::string_view device_habit = "programs run on the CPU; `--threads` says on how many threads";
constexpr std::string_view precision_habit = "the precision is an option: gradus train --precision f64";

constexpr Habit setting_habits[] = {
    {"learning_rate", rate_habit},
    {"lr", rate_habit},
    {"step_size", rate_habit},
    {"weight_decay", decay_habit},
    {"regularization", decay_habit},
    {"regularizer", decay_habit},
    {"kernel_regularizer", decay_habit},
    {"optimizer", optimizer_habit},
    {"optim", optimizer_habit},
    {"criterion", "the loss is a number: loss = mean_squared_error(prediction, target)"},
    {"loss_fn", "the loss is a number: loss = mean_squared_error(prediction, target)"},
    {"metrics", metric_habit},
    {"callbacks", action_habit},
    {"patience", action_habit},
    {"early_stopping", action_habit},
    {"validation_split", split_habit},
    {"validation_data", split_habit},
    {"validation", split_habit},
    {"test_size", "write `split(test: 0.2)`, a share of the training rows"},
    {"test_split", "write `split(test: 0.2)`, a share of the training rows"},
    {"batch_size", batch_habit},
    {"batchsize", batch_habit},
    {"batchSize", batch_habit},
    {"epoch", epochs_habit},
    {"Epochs", epochs_habit},
    {"n_epochs", epochs_habit},
    {"nb_epoch", epochs_habit},
    {"num_epochs", epochs_habit},
    {"max_epochs", epochs_habit},
    {"random_state", "the setting is called `seed`"},
    {"random_seed", "the setting is called `seed`"},
    {"manual_seed", "the setting is called `seed`"},
    {"device", device_habit},
    {"gpus", device_habit},
    {"accelerator", device_habit},
    {"num_workers", device_habit},
    {"dtype", precision_habit},
    {"precision", precision_habit},
    {"verbose", "`gradus train -q` shows no progress"},
    {"gradient_clip_val", "write a pipe: with clip_norm(1.0) |> adam(1e-3)"},
    {"clipnorm", "write a pipe: with clip_norm(1.0) |> adam(1e-3)"},
    {"max_grad_norm", "write a pipe: with clip_norm(1.0) |> adam(1e-3)"},
};

// What an argument is called here; the first that the called function has.
constexpr std::pair<std::string_view, std::string_view> argument_names[] = {
    {"axis", "over"},
    {"axis", "axes"},
    {"axes", "over"},
    {"axes", "axis"},
    {"dim", "over"},
    {"dim", "axis"},
    {"dim", "axes"},
    {"dims", "over"},
    {"dims", "axes"},
    {"dims", "axis"},
    {"over", "axis"},
    {"over", "axes"},
    {"keepdims", "keep"},
    {"keepdim", "keep"},
    {"keep_dims", "keep"},
    {"learning_rate", "rate"},
    {"lr", "rate"},
    {"beta_1", "beta1"},
    {"beta_2", "beta2"},
    {"eps", "epsilon"},
    {"kernel_size", "kernel"},
    {"pool_size", "window"},
    {"strides", "stride"},
    {"use_bias", "bias"},
    {"kernel_initializer", "weight_initializer"},
    {"kernel_regularizer", "weight_penalty"},
};

constexpr Habit argument_habits[] = {
    {"betas", "write `beta1:` and `beta2:`"},
    {"padding_mode", "write `padding: same` or `padding: valid`"},
    {"input_shape", "the shape stands in the model's pattern: `image: [batch, 32, 32, 1]`"},
    {"y_true", "predictions come first, targets second"},
    {"y_pred", "predictions come first, targets second"},
    {"from_logits",
     "call `binary_cross_entropy_logits` or `sparse_categorical_cross_entropy` (always from logits)"},
    {"batch_size", "write `batch = 64` in the `train` block"},
};

// Where it is not known yet which function is called.
constexpr Habit assigned_argument_habits[] = {
    {"axis", "arguments have a colon, and sums run over axes: sum(x, over: -1), concat(list, axis: 0)"},
    {"axes", "arguments have a colon, and sums run over axes: sum(x, over: -1), concat(list, axis: 0)"},
    {"dim", "arguments have a colon, and sums run over axes: sum(x, over: -1), concat(list, axis: 0)"},
};

std::string look_up(std::span<const Habit> habits, std::string_view written) {
  for (const Habit& habit : habits)
    if (habit.written == written) return std::string(habit.hint);
  return {};
}

}  // namespace

std::string habit_of_symbol(std::string_view symbol) {
  std::string hint = look_up(symbol_habits, symbol);
  if (hint.empty() && !symbol.empty() && (symbol.front() & 0x80))
    hint = "outside strings and comments only ASCII characters have a meaning";
  return hint;
}

std::string habit_of_statement(std::string_view word) { return look_up(statement_habits, word); }
std::string habit_of_expression(std::string_view word) { return look_up(expression_habits, word); }

std::string habit_of_setting(std::string_view name) { return look_up(setting_habits, name); }

std::vector<std::string> habitual_settings() {
  std::vector<std::string> names;
  for (const Habit& habit : setting_habits) names.emplace_back(habit.written);
  return names;
}

std::string habit_of_unknown_name(std::string_view name) {
  std::string hint = habit_of_expression(name);
  return hint.empty() ? look_up(unknown_name_habits, name) : hint;
}

std::string habit_of_member(std::string_view name) {
  const std::string hint = look_up(member_habits, name);
  return hint.empty() ? habit_of_unknown_name(name) : hint;
}

std::string habit_of_argument(std::string_view argument, const std::vector<std::string>& names) {
  for (const auto& [written, name] : argument_names)
    if (written == argument && std::find(names.begin(), names.end(), name) != names.end())
      return fmt::format("it is called `{}` here", name);
  return look_up(argument_habits, argument);
}

std::string habit_of_assigned_argument(std::string_view argument) {
  if (std::string hint = look_up(assigned_argument_habits, argument); !hint.empty()) return hint;
  if (std::string hint = look_up(argument_habits, argument); !hint.empty()) return hint;
  for (const auto& [written, name] : argument_names)
    if (written == argument) return fmt::format("write `{}:`", name);
  return fmt::format("arguments are named with a colon: `{}: …`", argument);
}

std::string shortened(std::string_view text) {
  constexpr size_t longest = 40;
  if (text.size() <= longest) return std::string(text);
  size_t end = longest;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace gradus::language
