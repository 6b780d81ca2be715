// Reads one source as a compiler command line says and writes nothing: `oldest_clang clang++
// OPTIONS SOURCE`. Against the libraries of clang 3.9; bench/oldest_clang.py builds it. Without
// words it tells its version.
#include <cstdio>

#include "clang/Basic/Version.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/CompilerInvocation.h"
#include "clang/Frontend/FrontendActions.h"
#include "clang/Frontend/Utils.h"

int main(int count, const char** words) {
  if (count < 2) return std::puts(clang::getClangFullVersion().c_str()) < 0;
  const llvm::ArrayRef<const char*> line(words + 1, static_cast<size_t>(count - 1));
  auto diagnostics = clang::CompilerInstance::createDiagnostics(new clang::DiagnosticOptions);
  clang::CompilerInvocation* invocation = clang::createInvocationFromCommandLine(line, diagnostics);
  if (invocation == nullptr) return 2;
  clang::CompilerInstance compiler;
  compiler.setInvocation(invocation);
  compiler.createDiagnostics();
  clang::SyntaxOnlyAction read;
  return compiler.ExecuteAction(read) && !compiler.getDiagnostics().hasErrorOccurred() ? 0 : 1;
}
