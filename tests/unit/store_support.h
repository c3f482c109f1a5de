// What the tests of the store start from: a store in a directory of its own, and processes. A
// process may have a store open once, so what another one would do is done by a forked child.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/lmdb.h"
#include "common/store.h"
#include "common/store_files.h"
#include "common/store_reader.h"
#include "common/store_writer.h"
#include "unit/temporary_directory.h"

namespace smtpblock::test {

inline constexpr Time noon{std::chrono::seconds{1'700'000'000}};

/// A child of this process. It ends with the object, however that ends.
class Process {
public:
    /// The child runs `work`, sends what it returns, and ends without this process's destructors.
    /// What it writes on standard error is part of what it says when `with_errors`.
    explicit Process(const std::function<std::string()>& work, bool with_errors = false) {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("pipe");
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ == 0) {
            ::close(ends[0]);
            if (with_errors) ::dup2(ends[1], STDERR_FILENO);
            std::string said;
            try {
                said = work();
            } catch (const std::exception& error) {
                said = std::string("exception: ") + error.what();
            }
            write_all(ends[1], said);
            ::_exit(0);
        }
        ::close(ends[1]);
        from_ = ends[0];
    }
    ~Process() {
        kill(SIGKILL);
        end();
        ::close(from_);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const { return pid_; }
    void kill(int signal) const {
        if (!ended_) ::kill(pid_, signal);
    }
    /// All that it says until it ends.
    std::string says() {
        std::string said;
        char buffer[4096];
        for (ssize_t n = 0; (n = ::read(from_, buffer, sizeof buffer)) > 0;)
            said.append(buffer, static_cast<std::size_t>(n));
        end();
        return said;
    }
    /// Waits for its end: its exit status, or minus the signal that killed it.
    int end() {
        if (!ended_) {
            int status = 0;
            ::waitpid(pid_, &status, 0);
            ended_ = true;
            end_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        }
        return end_;
    }

    static void write_all(int to, std::string_view text) {
        while (!text.empty()) {
            const ssize_t n = ::write(to, text.data(), text.size());
            if (n <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }

private:
    pid_t pid_ = -1;
    int from_ = -1;
    bool ended_ = false;
    int end_ = 0;
};

/// What `work` returns, done by another process; how that ended, when it did not end well.
inline std::string elsewhere(const std::function<std::string()>& work) {
    Process child(work);
    std::string said = child.says();
    if (child.end() != 0) said += "ended with " + std::to_string(child.end());
    return said;
}

/// Two descriptors: what is written into one can be read from the other, by children as well.
class Pipe {
public:
    Pipe() {
        if (::pipe(ends_) != 0) throw std::runtime_error("pipe");
    }
    ~Pipe() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void signal() const { Process::write_all(ends_[1], "."); }
    void wait() const {
        char one = 0;
        if (::read(ends_[0], &one, 1) != 1) throw std::runtime_error("the other side is gone");
    }

private:
    int ends_[2];
};

inline Pattern email(std::string_view written) {
    return *Pattern::parse(RuleType::email, written);
}
inline Pattern ehlo(std::string_view written) {
    return *Pattern::parse(RuleType::ehlo, written);
}

inline NewRule rule_for(Pattern pattern) {
    return {std::move(pattern), Direction::both, Action::reject, "", std::nullopt};
}

/// Empty, or the error's message.
template <class T>
std::string message(const Result<T>& result) {
    return result ? std::string() : result.error().message;
}

/// One edit in this process. Empty, or the error's message.
inline std::string edit_here(const StorePaths& paths,
                             const std::function<Result<void>(Edit&)>& work, Time now = noon) {
    auto writer = StoreWriter::open(paths);
    if (!writer) return writer.error().message;
    return message((*writer)->edit({"tester", now}, EditVerb::add, work));
}

/// One edit, made by another process.
inline std::string edit(const StorePaths& paths, const std::function<Result<void>(Edit&)>& work,
                        Time now = noon) {
    return elsewhere([&] { return edit_here(paths, work, now); });
}

inline Result<void> add_all(Edit& edit, const std::vector<NewRule>& rules) {
    for (const NewRule& rule : rules)
        if (auto added = edit.add(rule); !added) return std::move(added).failure();
    return {};
}

class TestStore {
public:
    TestStore() {
        const auto made = init_store(paths, {});
        if (!made) throw std::runtime_error(made.error().message);
    }

    std::string add(const Pattern& pattern) const { return add(rule_for(pattern)); }
    std::string add(const NewRule& rule) const {
        return edit(paths, [&](Edit& e) { return add_all(e, {rule}); });
    }
    std::string remove(RuleId id) const {
        return edit(paths, [&](Edit& e) { return e.remove(id); });
    }
    std::unique_ptr<StoreReader> reader() const {
        auto opened = StoreReader::open(paths);
        if (!opened) throw std::runtime_error(opened.error().message);
        return *std::move(opened);
    }

    TemporaryDirectory directory;
    StorePaths paths{directory / "store"};
};

/// Writes `record` as the state record, as no version of ours would.
inline std::string write_record(const StorePaths& paths, const std::string& record) {
    return elsewhere([&] {
        MDB_env* made = nullptr;
        mdb_env_create(&made);
        lmdb::Environment environment(made);
        lmdb::Transaction transaction;
        MDB_dbi table = 0;
        mdb_env_set_maxdbs(made, 8);
        int number = mdb_env_open(made, paths.rules().c_str(), MDB_NOTLS, 0600);
        if (number == 0) number = lmdb::begin(made, 0, transaction);
        if (number == 0) number = mdb_dbi_open(transaction.get(), nullptr, 0, &table);
        if (number == 0) number = lmdb::put(transaction.get(), table, state_key, record, 0);
        if (number == 0) number = lmdb::commit(transaction);
        return number == 0 ? std::string() : std::string(mdb_strerror(number));
    });
}

/// The verdict on mail from `sender`.
inline Verdict verdict(StoreReader& reader, std::string_view sender, Time now = noon) {
    const auto address = Address::parse(sender);
    Query query{};
    query.now = now;
    query.recipient_delimiter = "+";
    query.sender = &*address;
    return reader.decide(query).verdict;
}

/// The verdict on a client that greets with `name`.
inline Verdict ehlo_verdict(StoreReader& reader, std::string_view name) {
    const EhloName parsed = EhloName::parse(name);
    Query query{};
    query.now = noon;
    query.ehlo_names = {&parsed, 1};
    return reader.decide(query).verdict;
}

}  // namespace smtpblock::test
