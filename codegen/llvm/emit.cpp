#include "codegen/llvm/emit.h"

#include <algorithm>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"

namespace gradus::emit {
namespace {

// Whether the threads share a loop of the block or of a function that it calls; those that do are known.
bool shares_loops(const loop::Block& block, const std::unordered_set<std::string_view>& known) {
  return std::any_of(block.begin(), block.end(), [&](const loop::Statement& statement) {
    if (const auto* call = std::get_if<loop::Call>(&statement.value)) return known.contains(call->function);
    if (const auto* loop = std::get_if<loop::For>(&statement.value))
      return loop->kind == loop::LoopKind::parallel || shares_loops(loop->body, known);
    const auto* branch = std::get_if<loop::If>(&statement.value);
    return branch != nullptr &&
           (shares_loops(branch->then_block, known) || shares_loops(branch->else_block, known));
  });
}

}  // namespace

ModuleEmitter::ModuleEmitter(const loop::Program& source, const Part& part, const Target& cpu,
                             llvm::LLVMContext& context, const Extras& extras)
    : program(source),
      target(cpu),
      module(std::make_unique<llvm::Module>(source.name, context)),
      bounds(extras.bounds),
      part_(part) {
  if (extras.lines != nullptr) debug_lines = std::make_unique<DebugLines>(*module, *extras.lines);
  for (size_t i = 0; i < part.first; ++i) earlier_.emplace(source.functions[i].name, i);
  for (const loop::Function& function : source.functions)
    if (shares_loops(function.body, share_loops_)) share_loops_.insert(function.name);
}

llvm::Function* ModuleEmitter::create_function(llvm::FunctionType* type, const std::string& name,
                                               bool external) {
  auto* function = llvm::Function::Create(
      type, external ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage, name,
      module.get());
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->addFnAttr(llvm::Attribute::NoInline);
  const std::string bits = std::to_string(target.vector_bytes * 8);
  function->addFnAttr("prefer-vector-width", bits);
  function->addFnAttr("min-legal-vector-width", bits);
  return function;
}

// Parts call each other's functions; nobody else does.
ModuleEmitter::Callee ModuleEmitter::declare(const loop::Function& source) {
  llvm::LLVMContext& context = module->getContext();
  auto* pointer = llvm::PointerType::getUnqual(context);
  Callee callee{&source, nullptr, share_loops_.contains(source.name)};
  llvm::SmallVector<llvm::Type*> parameters;
  if (callee.takes_call) parameters.push_back(pointer);
  if (callee.takes_workspace()) parameters.push_back(pointer);
  parameters.append(static_cast<size_t>(source.buffer_parameters), pointer);
  parameters.append(static_cast<size_t>(source.scalar_parameters), llvm::Type::getInt64Ty(context));
  const bool alone = part_.has(program.functions.size()) && part_.first == 0;
  callee.function = create_function(
      llvm::FunctionType::get(llvm::Type::getVoidTy(context), parameters, false), source.name, !alone);
  if (!alone) callee.function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return callee;
}

const ModuleEmitter::Callee& ModuleEmitter::callee(const std::string& name) {
  if (const auto known = callees_.find(name); known != callees_.end()) return known->second;
  const auto earlier = earlier_.find(name);
  if (earlier == earlier_.end()) fail_internal("call of the unknown function " + name);
  return callees_.emplace(name, declare(program.functions[earlier->second])).first->second;
}

void ModuleEmitter::emit_function(const loop::Function& source) {
  const Callee callee = declare(source);
  const FunctionPlan plan = plan_function(source, target);
  FunctionEmitter emitter(*this, source, plan, callee.function);
  emitter.bind_parameters(callee);
  // A function may only call earlier ones, so it becomes known when it is done.
  emitter.emit_body();
  callees_.emplace(source.name, callee);
}

std::unique_ptr<llvm::Module> ModuleEmitter::run(const std::string& symbol) {
  llvm::LLVMContext& context = module->getContext();
  const size_t count = program.functions.size();
  llvm::Function* main = nullptr;
  // Symbols that the host looks up come before functions that might be named so.
  if (part_.has(count))
    main = create_function(llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                                   {llvm::PointerType::getUnqual(context)}, false),
                           symbol, true);
  if (bounds != nullptr) bounds_note();
  for (size_t i = part_.first; i < std::min(part_.last, count); ++i) emit_function(program.functions[i]);
  if (main != nullptr) {
    const FunctionPlan plan = plan_function(program.main, target);
    FunctionEmitter emitter(*this, program.main, plan, main);
    emitter.bind_main(main->getArg(0));
    emitter.emit_body();
  }
  if (debug_lines) debug_lines->finish();
  return std::move(module);
}

std::unique_ptr<llvm::Module> emit_part(const loop::Program& program, const Part& part, const Target& target,
                                        llvm::LLVMContext& context, const std::string& symbol,
                                        const Extras& extras) {
  return ModuleEmitter(program, part, target, context, extras).run(symbol);
}

}  // namespace gradus::emit
