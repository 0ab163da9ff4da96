#include "codegen/llvm/target_machine.h"

#include <mutex>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include "ir/error.h"

namespace gradus::emit {
namespace {

void initialize_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    // A third less code generation time at the same speed of the code: addresses are already
    // strength-reduced, and an out-of-order core schedules better than a model of it.
    const char* const options[] = {"gradus", "-disable-lsr", "-post-RA-scheduler=false",
                                   "-enable-misched=false"};
    llvm::cl::ParseCommandLineOptions(static_cast<int>(std::size(options)), options);
  });
}

struct Host {
  std::string cpu;
  std::string features;
};

// Asked once: on a virtual machine each question to the CPU takes microseconds, and there are dozens.
const Host& host_cpu() {
  static const Host host = [] {
    llvm::SubtargetFeatures features;
    for (const auto& feature : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature.first(), feature.second);
    return Host{llvm::sys::getHostCPUName().str(), features.getString()};
  }();
  return host;
}

}  // namespace

std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target) {
  initialize_llvm();
  const bool native = target.cpu == "native";
  const std::string triple = llvm::sys::getProcessTriple();
  std::string problem;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (found == nullptr) fail_environment("LLVM has no code generator for " + triple + ": " + problem);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::string features = native ? host_cpu().features : std::string();
  if (!target.features.empty()) features += (features.empty() ? "" : ",") + target.features;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, native ? host_cpu().cpu : target.cpu, features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default, true));
}

std::unique_ptr<llvm::MemoryBuffer> generate(llvm::Module& module, llvm::TargetMachine& machine,
                                             llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type)) {
    fail_environment("LLVM cannot generate code for this target");
  }
  passes.run(module);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), "gradus", false);
}

}  // namespace gradus::emit
