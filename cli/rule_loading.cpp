#include "cli/rule_loading.h"

#include <memory>
#include <utility>
#include <vector>

#include "cli/daemons.h"
#include "cli/store_making.h"
#include "common/text.h"

namespace smtpblock {
namespace {

/// So many of a kind are told one by one, the others as a number.
constexpr std::uint64_t told_singly = 20;

/// The file, as it is read: shows how far it has come.
class WatchedInput {
public:
    WatchedInput(std::optional<InputFile> file, Terminal& terminal, Progress& progress)
        : file_(std::move(file)), terminal_(terminal), progress_(progress) {}

    std::uint64_t size() const { return file_ ? file_->size().value_or(0) : 0; }

    Result<std::size_t> read(char* into, std::size_t octets) {
        auto got = file_ ? file_->read(into, octets) : terminal_.read(into, octets);
        if (got) octets_ += *got;
        progress_.at(octets_, Progress::Clock::now());
        return got;
    }

private:
    std::optional<InputFile> file_;
    Terminal& terminal_;
    Progress& progress_;
    std::uint64_t octets_ = 0;
};

/// Passes rules on and collects what their patterns' writer may not expect.
class NotingFeed final : public RuleFeed {
public:
    explicit NotingFeed(RuleFile& file) : file_(file) {}

    Result<std::optional<FedRule>> next() override {
        auto fed = file_.next();
        if (!fed || !*fed) return fed;
        if (const Pattern& pattern = (*fed)->rule.pattern; !pattern.note().empty()) {
            if (notes_.size() < told_singly)
                notes_.push_back(fmt::format("line {}: {}: {}", (*fed)->line,
                                             quoted(pattern.text()), pattern.note()));
            else
                ++others_;
        }
        return fed;
    }

    void tell(Terminal& terminal) const {
        for (const std::string& note : file_.notes()) terminal.note(note);
        for (const std::string& note : notes_) terminal.note(note);
        if (others_ != 0) terminal.note(fmt::format("{} more such patterns", others_));
    }

private:
    RuleFile& file_;
    std::vector<std::string> notes_;
    std::uint64_t others_ = 0;
};

class LoadWatcher final : public LoadObserver {
public:
    LoadWatcher(const LoadRequest& request, Terminal& terminal, Progress& progress)
        : request_(request), terminal_(terminal), progress_(progress) {}

    /// `FILE:12: why`
    void tell(std::uint64_t line, const std::string& why) {
        progress_.erase();
        terminal_.error(fmt::format("{}:{}: {}", printable(request_.file), line, why));
    }

    void progress(std::uint64_t done, std::uint64_t all) override {
        if (all == 0) return;  // the file is being read, and shows that itself
        const auto now = Progress::Clock::now();
        if (!std::exchange(stores_, true)) progress_.step("storing", all, now);
        progress_.at(done, now);
    }

    void in_the_way(std::uint64_t line, const std::string& message) override {
        if (in_the_way_++ < told_singly) tell(line, message);
    }

    bool wants_difference() const override { return request_.difference != nullptr; }

    void difference(LoadResult result, const Rule* before, const Rule* after) override {
        request_.difference(result, before, after);
    }

    /// `error` as it is when nothing was in the way; else how much was.
    Failure failure(Error error) const {
        if (in_the_way_ == 0) return Failure(std::move(error));
        return fail(error.code, "{}: {} in the way; nothing was changed{}",
                    printable(request_.file),
                    in_the_way_ == 1 ? "a rule is" : fmt::format("{} rules are", in_the_way_),
                    request_.conflict_way_out);
    }

private:
    const LoadRequest& request_;
    Terminal& terminal_;
    Progress& progress_;
    bool stores_ = false;
    std::uint64_t in_the_way_ = 0;
};

/// What would be loaded where there is no store yet.
Result<LoadReport> count_rules(RuleFeed& feed) {
    LoadReport report;
    for (;; ++report.added) {
        auto fed = feed.next();
        if (!fed) return std::move(fed).failure();
        if (!*fed) return report;
    }
}

Result<LoadReport> load(RuleFeed& feed, const LoadRequest& request, const Context& context,
                        LoadWatcher& watcher, Terminal& terminal) {
    auto writer = StoreWriter::open(context.store, context.config.history);
    if (!writer && writer.error().code == ErrorCode::no_store) {
        if (request.options.dry_run) return count_rules(feed);
        if (auto made = make_store(context.store, terminal); !made)
            return std::move(made).failure();
        writer = StoreWriter::open(context.store, context.config.history);
    }
    if (!writer) return std::move(writer).failure();
    auto report = (*writer)->load(context.editor, feed, request.options, watcher);
    if (!report) return watcher.failure(report.error());
    return report;
}

}  // namespace

Result<Loaded> load_rules(const LoadRequest& request, const Context& context, Terminal& terminal) {
    std::optional<InputFile> opened;
    if (request.file != "-") {
        auto file = InputFile::open(request.file);
        if (!file) return std::move(file).failure();
        opened.emplace(std::move(*file));
    }
    Progress progress = terminal.progress();
    WatchedInput input(std::move(opened), terminal, progress);
    LoadWatcher watcher(request, terminal, progress);
    RuleFileOptions reading = request.reading;
    reading.tell = [&](std::uint64_t line, const std::string& why) { watcher.tell(line, why); };
    const auto file = RuleFile::open(
        request.format, [&](char* into, std::size_t room) { return input.read(into, room); },
        std::move(reading));
    NotingFeed feed(*file);

    progress.step("reading " + request.file, input.size(), Progress::Clock::now());
    auto report = load(feed, request, context, watcher, terminal);
    progress.erase();
    if (!report) return std::move(report).failure();
    feed.tell(terminal);
    return Loaded{*report, file->bad_lines(), file->run_out()};
}

}  // namespace smtpblock
