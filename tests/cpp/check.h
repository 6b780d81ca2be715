// The least of a test harness: CHECK says what failed and where; the program ends with the number
// of failures.
#pragma once

#include <cstdio>

namespace lodestone_test {

inline int& Failures() {
  static int failures = 0;
  return failures;
}

inline int Result() {
  std::printf(Failures() == 0 ? "ok\n" : "%d failures\n", Failures());
  return Failures() == 0 ? 0 : 1;
}

}  // namespace lodestone_test

#define CHECK(condition)                                                    \
  do {                                                                      \
    if (!(condition)) {                                                     \
      std::printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      ++lodestone_test::Failures();                                         \
    }                                                                       \
  } while (false)
