// Named test cases in one program: `program --list` tells them, `program NAME` runs one; pytest
// does both.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

inline std::map<std::string, void (*)()>& Cases() {
  static std::map<std::string, void (*)()> cases;
  return cases;
}

struct AddCase {
  AddCase(const char* name, void (*run)()) { Cases()[name] = run; }
};

#define CASE(name)                               \
  static void name();                            \
  static const AddCase add_##name(#name, &name); \
  static void name()

#define CHECK(condition)                                                             \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                                  \
    }                                                                                \
  } while (false)

#define CHECK_NEAR(a, b, tolerance)                                                              \
  do {                                                                                           \
    const double a_ = static_cast<double>(a), b_ = static_cast<double>(b);                       \
    if (!(a_ - b_ <= (tolerance) && b_ - a_ <= (tolerance))) {                                   \
      std::fprintf(stderr, "%s:%d: %s = %.9g, %s = %.9g\n", __FILE__, __LINE__, #a, a_, #b, b_); \
      std::exit(1);                                                                              \
    }                                                                                            \
  } while (false)

inline int RunCases(int argc, char** argv) {
  for (const auto& entry : Cases()) {
    if (argc < 2 || entry.first == argv[1]) entry.second();
    if (argc == 2 && std::strcmp(argv[1], "--list") == 0) std::puts(entry.first.c_str());
  }
  return 0;
}
