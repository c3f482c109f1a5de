// The least that each command could cost: the same rules in LMDB, synced, and nothing else done.
//
//   bare_lmdb DIR load FILE     a line a rule: key, tab, value; sorted here, appended in one commit
//   bare_lmdb DIR put KEY       one rule, one commit
//   bare_lmdb DIR get KEY       ends with 0 when it is there
//   bare_lmdb DIR list          every value, a line each
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/lmdb.h"

namespace {

namespace lmdb = smtpblock::lmdb;

int must(int number) {
    if (number == MDB_SUCCESS || number == MDB_NOTFOUND) return number;
    std::fprintf(stderr, "bare_lmdb: %s\n", mdb_strerror(number));
    std::exit(1);
}

int load(MDB_txn* transaction, MDB_dbi table, const char* file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
    std::sort(lines.begin(), lines.end());
    for (const std::string_view line : lines) {
        const auto tab = line.find('\t');
        must(lmdb::put(transaction, table, line.substr(0, tab), line.substr(tab + 1), MDB_APPEND));
    }
    return 0;
}

int list(MDB_txn* transaction, MDB_dbi table) {
    lmdb::TableCursor cursor(transaction, table);
    for (int number = cursor.first(); must(number) == MDB_SUCCESS; number = cursor.next()) {
        std::fwrite(cursor.value().data(), 1, cursor.value().size(), stdout);
        std::fputc('\n', stdout);
    }
    return std::fflush(stdout);
}

}  // namespace

int main(int words, char** word) {
    const std::string_view what = words > 2 ? word[2] : "";
    const std::string_view subject = words > 3 ? word[3] : "";
    const bool writes = what == "load" || what == "put";
    const unsigned flags = writes ? 0 : MDB_RDONLY;
    if (writes) ::mkdir(word[1], 0755);

    MDB_env* made = nullptr;
    must(mdb_env_create(&made));
    const lmdb::Environment environment(made);
    must(mdb_env_set_mapsize(made, smtpblock::store_map_octets));
    must(mdb_env_open(made, word[1], flags | MDB_NOTLS, 0644));
    lmdb::Transaction transaction;
    must(lmdb::begin(made, flags, transaction));
    MDB_dbi table = 0;
    must(mdb_dbi_open(transaction.get(), nullptr, 0, &table));

    std::string value;
    int status = 2;
    if (what == "load") status = load(transaction.get(), table, word[3]);
    if (what == "put") status = must(lmdb::put(transaction.get(), table, subject, "reject", 0));
    if (what == "get") status = must(lmdb::get(transaction.get(), table, subject, value)) != 0;
    if (what == "list") status = list(transaction.get(), table);
    if (writes) must(lmdb::commit(transaction));
    return status;
}
