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

// Hints that several words get.
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
    {"is", "write `==`, also for `none`"},
    {"del", "values need no end: what nothing reads is not computed"},
    {"global", "a block sees the constants of its file: `name = value` outside of braces"},
    {"raise", "errors are what `expect` finds: expect all(x > 0)"},
    {"yield", "`collect list = value` gathers in `for` and `scan`"},
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

// Where other languages keep functions and layers.
constexpr std::string_view modules[] = {
    "np",     "numpy",      "tf",        "torch",   "jnp",          "jax",         "math",
    "keras",  "K",          "nn",        "F",       "optim",        "flax",        "layers",
    "losses", "optimizers", "callbacks", "metrics", "regularizers", "torchvision", "pl"};

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
    {"bce", "write `binary_cross_entropy(probability, target)`"},
    {"BCELoss", "write `binary_cross_entropy(probability, target)`"},
    {"BinaryCrossentropy", "write `binary_cross_entropy(probability, target)`"},
    {"BCEWithLogitsLoss", "write `binary_cross_entropy_logits(logit, target)`"},
    {"binary_cross_entropy_with_logits", "write `binary_cross_entropy_logits(logit, target)`"},
    {"softmax_cross_entropy_with_logits", "write `categorical_cross_entropy_logits(logits, target)`"},
    {"SparseCategoricalCrossentropy", "write `sparse_categorical_cross_entropy(logits, label)`"},
    {"CategoricalCrossentropy", "write `categorical_cross_entropy(probability, target)`"},
    {"nll_loss", "write `sparse_categorical_cross_entropy(logits, label)`, without log_softmax"},
    {"NLLLoss", "write `sparse_categorical_cross_entropy(logits, label)`, without log_softmax"},
    {"MSELoss", "write `mean_squared_error(prediction, target)`"},
    {"MeanSquaredError", "write `mean_squared_error(prediction, target)`"},
    {"L1Loss", "write `mean_absolute_error(prediction, target)`"},
    {"l1_loss", "write `mean_absolute_error(prediction, target)`"},
    {"SmoothL1Loss", "write `huber(prediction, target)`"},
    {"smooth_l1_loss", "write `huber(prediction, target)`"},
    {"LayerNormalization", "write `layer_norm`"},
    {"BatchNorm1d", "write `batch_norm`"},
    {"BatchNorm2d", "write `batch_norm`"},
    {"MaxPool2d", "write `max_pool2d(2)`"},
    {"AvgPool2d", "write `average_pool2d(2)`"},
    {"GlobalAveragePooling2D", "write `global_average_pool`"},
    {"AdaptiveAvgPool2d", "write `global_average_pool`"},
    {"Input", "inputs stand in the model's head: `model M(image: [batch, 32, 32, 1]) -> logits { … }`"},
    {"Activation", "an activation is a function: `x |> relu`, or `dense(64, activation: relu)`"},
    {"concatenate", "write `concat([a, b], axis: 0)`"},
    {"no_grad",
     "gradients are taken where `minimize` or `gradient` says so; `stop_gradient(x)` keeps one out"},
    {"tensor", "write a list: `[1, 2, 3]`"},
    {"array", "write a list: `[1, 2, 3]`"},
    {"Sigmoid", "write `sigmoid`"},
    {"Tanh", "write `tanh`"},
    {"Softmax", "write `softmax`"},
    {"RMSprop", "write `rmsprop(rate)`"},
    {"AdamW", "write `adamw(rate)`"},
    {"ModelCheckpoint", "the folder of a run has best.safetensors and checkpoint.safetensors"},
    {"TensorBoard", "the folder of a run has history.csv and curves.svg"},
    {"CSVLogger", "the folder of a run has history.csv"},
    {"LearningRateScheduler", "a rate may depend on the step: adam(cosine_decay(step, 1e-3, 1000))"},
    {"summary", "`gradus show FILE MODEL` lists the layers with their sizes"},
};

constexpr Habit member_habits[] = {
    {"T", "write `transpose(x)`"},
    {"shape", "write `shape(x)`; a single size has a name in a pattern: `x: [batch, n]`"},
    {"view", "write `reshape(x, [2, 3])`"},
    {"reshape", "write `reshape(x, [2, 3])`"},
    {"backward", "write `minimize loss with sgd(0.01)`, or `gradient(loss, x)` for the gradient itself"},
    {"t", "write `transpose(x)`"},
    {"size", "write `shape(x)`; a single size has a name in a pattern: `x: [batch, n]`"},
    {"ndim", "write `rank(x)`"},
    {"dtype", "the type stands in the pattern, `x: i32[n]`; `i32(x)` casts"},
    {"astype", "write `i32(x)` or `float(x)`"},
    {"long", "write `i32(x)`"},
    {"item", "a tensor without axes is a number; `finally { print train.loss }` shows it"},
    {"numpy", "`gradus train … --predictions FILE.npz` writes what a model gives"},
    {"cpu", device_habit},
    {"cuda", device_habit},
    {"to", device_habit},
};

// What is done with a value, in a line of its own: `loss.backward()`.
constexpr std::string_view training_habit =
    "write `minimize loss with adam(1e-3)`: it takes the gradient and updates";
constexpr std::string_view mode_habit =
    "`training` is true in training steps alone, by itself; f(x, training: false) in one call";
constexpr Habit method_habits[] = {
    {"backward", training_habit},
    {"step", training_habit},
    {"zero_grad", "gradients are values and do not add up: nothing is to be set to 0"},
    {"fit", "`gradus train FILE` runs the block; `data`, `epochs = 5` and `minimize` stand in it"},
    {"compile", "write `minimize loss with adam(1e-3)` and `metric accuracy = …` instead"},
    {"evaluate",
     "`split(validation: 0.1)` evaluates after each epoch; metrics of the test part follow at the end"},
    {"predict", "`gradus train FILE --checkpoint CHECKPOINT --predictions FILE.npz`"},
    {"summary", "`gradus show FILE MODEL` lists the layers with their sizes"},
    {"train", mode_habit},
    {"eval", mode_habit},
    {"to", device_habit},
    {"cuda", device_habit},
    {"save", "the folder of a run has checkpoint.safetensors"},
    {"load_state_dict", "write `load \"FILE.safetensors\" into model`"},
    {"load_weights", "write `load \"FILE.safetensors\" into model`"},
    {"append", "`collect list = value` gathers in `for` and `scan`"},
    {"add", "write a pipe: `x |> dense(64, activation: relu) |> dense(10)`"},
};

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
    {"p", "rate"},
    {"drop_prob", "rate"},
    {"out_features", "units"},
    {"hidden_size", "units"},
    {"out_channels", "filters"},
    {"num_classes", "depth"},
    {"num_classes", "classes"},
    {"num_embeddings", "vocabulary"},
    {"input_dim", "vocabulary"},
    {"embedding_dim", "width"},
    {"output_dim", "width"},
    {"nonlinearity", "activation"},
    {"weight_decay", "decay"},
    {"reduction", "reduce"},
    {"monitor_metric", "monitor"},
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
    {"in_features", "what comes in says its size: dense(units)"},
    {"in_channels", "what comes in says its size: conv2d(filters)"},
    {"input_size", "what comes in says its size: lstm(units)"},
    {"return_sequences", "lstm(x, 8).sequence has all steps, lstm(x, 8).last the last"},
    {"weight_decay", decay_habit},
    {"amsgrad", "there is no such variant; adam(rate, beta1: 0.9, beta2: 0.999)"},
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

bool is_module(std::string_view name) {
  return std::find(std::begin(modules), std::end(modules), name) != std::end(modules);
}

std::string habit_of_unknown_name(std::string_view name) {
  if (std::string hint = habit_of_expression(name); !hint.empty()) return hint;
  if (is_module(name)) return "functions and layers stand alone: `exp(x)`, `dense(10)`";
  return look_up(unknown_name_habits, name);
}

std::string habit_of_method(std::string_view name) { return look_up(method_habits, name); }

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
