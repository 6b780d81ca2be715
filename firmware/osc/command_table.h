// What a row of the table of commands (definitions/osc.toml) is made of: its fields, and the
// handler that it calls.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace lodestone {

// One argument, of the kind and within the range of its row.
struct Argument {
  char tag;          // i, f or s; 0 where it was left out
  int32_t whole;     // i
  float number;      // f
  const char* text;  // s; points into the packet
};

// Why a command is not obeyed, in one line.
class Refusal {
 public:
  Refusal() : text_() {}
  // Always false, so that a handler can return it.
  bool Say(const char* format, ...) __attribute__((format(printf, 2, 3))) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text_, sizeof text_, format, arguments);
    va_end(arguments);
    return false;
  }
  const char* text() const { return text_; }

 private:
  char text_[192];
};

struct FieldRow {
  const char* name;
  const char* kinds;  // "i", "f", "s", or "is"
  double least, most;
  bool ranged;
  bool optional;        // came later: may be left out
  const char* choices;  // "onboard|host|both"; empty: any text
};

class Commands;

struct CommandRow {
  const char* address;  // or what it begins with
  bool named;           // a name follows
  uint32_t count;       // of fields
  const FieldRow* fields;
  bool (*obey)(Commands* to, const char* name, const Argument* arguments, Refusal* refusal);
};

}  // namespace lodestone
