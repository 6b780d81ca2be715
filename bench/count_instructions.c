/* Counts the instructions that an emulated program executes, by what they cost: a plugin for
   qemu-user (API version 1). Its interface is declared here, because Debian's qemu ships no header
   for plugins. Output: one line "count CLASS N" each, and "function NAME N" each. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t plugin_id;
struct tb;
struct insn;
typedef void (*translate_callback)(plugin_id, struct tb*);
typedef void (*exit_callback)(plugin_id, void*);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, translate_callback);
extern void qemu_plugin_register_atexit_cb(plugin_id, exit_callback, void*);
extern size_t qemu_plugin_tb_n_insns(const struct tb*);
extern struct insn* qemu_plugin_tb_get_insn(const struct tb*, size_t);
extern char* qemu_plugin_insn_disas(const struct insn*);
extern const char* qemu_plugin_insn_symbol(const struct insn*);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct insn*, int operation, void* counter,
                                                       uint64_t add);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum {
  kQuad,
  kDouble,
  kLong,
  kVectorLoad,
  kVectorPair,
  kVectorStore,
  kLoad,
  kStore,
  kScalar,
  kDivide,
  kStatus,
  kInteger,
  kClasses
};
static const char* const kNames[kClasses] = {
    "quad", "double", "long",         "vector_load", "vector_pair", "vector_store",
    "load", "store",  "scalar_float", "divide",      "status",      "integer"};
static uint64_t counts[kClasses];

/* By function; what comes after so many is counted with the first, which has no name. */
enum { kFunctions = 4096 };
static struct {
  const char* name;
  uint64_t count;
} functions[kFunctions] = {{"?", 0}};
static size_t function_count = 1;

static uint64_t* count_of(const char* name) {
  if (!name || !*name) return &functions[0].count;
  for (size_t i = 1; i < function_count; ++i)
    if (strcmp(functions[i].name, name) == 0) return &functions[i].count;
  if (function_count == kFunctions) return &functions[0].count;
  functions[function_count].name = name;
  return &functions[function_count++].count;
}

static int starts(const char* text, const char* with) {
  return strncmp(text, with, strlen(with)) == 0;
}

/* aarch64: vectors are v0.4s (quad) or v0.2s (double); ldr and ldp of q registers are vector loads.
 */
static int class_of_a64(const char* name, const char* operands) {
  const int vector = operands[0] == 'v' || operands[0] == '{';
  if (starts(name, "ld1") || (starts(name, "ld") && (operands[0] == 'q' || operands[0] == '{')))
    return starts(name, "ldp") ? kVectorPair : kVectorLoad;
  if (starts(name, "st1") || (starts(name, "st") && (operands[0] == 'q' || operands[0] == '{')))
    return kVectorStore;
  if (starts(name, "ld")) return kLoad;
  if (starts(name, "st")) return kStore;
  if (vector && (starts(name, "smlal") || starts(name, "smull"))) return kLong;
  if (vector) return strstr(operands, ".2s") || strstr(operands, ".4h") ? kDouble : kQuad;
  if (starts(name, "fdiv") || starts(name, "fsqrt")) return kDivide;
  if (name[0] == 'f' || starts(name, "scvtf")) return kScalar;
  return kInteger;
}

static int class_of_a32(const char* name, const char* operands) {
  if (starts(name, "vmrs") || starts(name, "vmsr")) return kStatus;
  if (starts(name, "vld") || starts(name, "vpop")) return kVectorLoad;
  if (starts(name, "vst") || starts(name, "vpush")) return kVectorStore;
  if (starts(name, "vdiv") || starts(name, "vsqrt")) return kDivide;
  if (starts(name, "vmlal") || starts(name, "vmull") || starts(name, "vmovl")) return kLong;
  if (name[0] == 'v')
    return operands[0] == 'q'                          ? kQuad
           : operands[0] == 's' || strstr(name, "f64") ? kScalar
                                                       : kDouble;
  if (starts(name, "ldr") || starts(name, "ldm") || starts(name, "pop")) return kLoad;
  if (starts(name, "str") || starts(name, "stm") || starts(name, "push")) return kStore;
  return kInteger;
}

static int a64 = 0;

static void on_block(plugin_id id, struct tb* block) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    struct insn* insn = qemu_plugin_tb_get_insn(block, i);
    const char* text = qemu_plugin_insn_disas(insn);
    const char* operands = text + strcspn(text, " \t");
    operands += strspn(operands, " \t");
    const int sort = a64 ? class_of_a64(text, operands) : class_of_a32(text, operands);
    qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, &counts[sort], 1);
    qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, count_of(qemu_plugin_insn_symbol(insn)), 1);
  }
}

static void on_exit(plugin_id id, void* data) {
  (void)id;
  (void)data;
  for (int i = 0; i < kClasses; ++i)
    fprintf(stderr, "count %s %llu\n", kNames[i], (unsigned long long)counts[i]);
  for (size_t i = 0; i < function_count; ++i)
    fprintf(stderr, "function %s %llu\n", functions[i].name,
            (unsigned long long)functions[i].count);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void* info,
                                                               int argc, char** argv) {
  a64 = strcmp(*(const char* const*)info, "aarch64") == 0; /* the first member names the target */
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
  qemu_plugin_register_atexit_cb(id, on_exit, NULL);
  return 0;
}
