// What is wrong now: a short list with a name for each, from which what is cured is taken out
// again. Threads: control.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstring>

namespace lodestone {

class Troubles {
 public:
  static constexpr int kMost = 12;

  Troubles() : count_(0), joined_() {}

  // What `name` (one word) is in trouble with; null or empty: nothing any more. True when the list
  // has changed. A text that does not fit is cut; a trouble too many is left out.
  bool Set(const char* name, const char* text) {
    const bool cured = text == nullptr || text[0] == '\0';
    const int at = Find(name);
    if (at == count_ && (cured || count_ == kMost)) return false;
    Entry& entry = entries_[at];
    if (cured) {
      std::memmove(&entries_[at], &entries_[at + 1],
                   static_cast<size_t>(count_ - at - 1) * sizeof(Entry));
      --count_;
    } else {
      if (at < count_ && std::strncmp(entry.text, text, sizeof entry.text - 1) == 0) return false;
      std::snprintf(entry.name, sizeof entry.name, "%s", name);
      std::snprintf(entry.text, sizeof entry.text, "%s", text);
      if (at == count_) ++count_;
    }
    Join();
    return true;
  }

  int count() const { return count_; }
  const char* name(int index) const { return entries_[index].name; }
  const char* text(int index) const { return entries_[index].text; }
  // All texts in one line.
  const char* joined() const { return joined_; }

 private:
  struct Entry {
    char name[24], text[208];
  };

  int Find(const char* name) const {
    int at = 0;
    while (at < count_ && std::strncmp(entries_[at].name, name, sizeof entries_[at].name - 1) != 0)
      ++at;
    return at;
  }

  void Join() {
    size_t used = 0;
    joined_[0] = '\0';
    for (int t = 0; t < count_ && used + 1 < sizeof joined_; ++t) {
      const int wrote = std::snprintf(joined_ + used, sizeof joined_ - used, "%s%s",
                                      t > 0 ? "; " : "", entries_[t].text);
      used += static_cast<size_t>(wrote > 0 ? wrote : 0);
    }
  }

  Entry entries_[kMost];
  int count_;
  char joined_[464];  // what /status has room for
};

}  // namespace lodestone
