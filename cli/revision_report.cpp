#include "cli/revision_report.h"

#include "cli/daemons.h"
#include "cli/history_text.h"
#include "cli/rule_text.h"
#include "common/store_reader.h"
#include "common/time_text.h"

namespace smtpblock {
namespace {

/// More changes than this are counted in syslog, not told one by one.
constexpr std::uint64_t changes_told = 100;

class Report final : public HistoryVisitor {
public:
    Report(std::uint64_t revision, const Context& context, Terminal& terminal)
        : revision_(revision), context_(context), terminal_(terminal) {}

    bool edit(const EditRecord& record) override {
        if (record.revision != revision_) return false;
        command_ = word(record.verb);
        if (record.pause_changed) tell_pause(record.paused_after);
        return true;
    }

    bool change(const EditRecord&, const RuleChange& change) override {
        const Rule& rule = change.after ? *change.after : *change.before;
        const std::string_view what = word_of(change);
        print_edited(terminal_, rule, what);
        if (++changes_ <= changes_told) context_.log.tell(what, rule);
        return true;
    }

    void end() const {
        if (changes_ > changes_told)
            context_.log.tell(
                fmt::format("{} revision={} rules={}", command_, revision_, changes_));
    }

private:
    void tell_pause(const std::optional<Time>& until) {
        terminal_.note(until ? fmt::format("paused until {}", local_text(*until))
                             : std::string("no longer paused"));
        context_.log.tell(until ? fmt::format("paused until={}", utc_text(*until))
                                : std::string("resumed"));
    }

    std::uint64_t revision_;
    const Context& context_;
    Terminal& terminal_;
    std::string_view command_;
    std::uint64_t changes_ = 0;
};

}  // namespace

Result<int> report_revision(std::uint64_t revision, std::string_view done, const Context& context,
                            Terminal& terminal) {
    if (revision == 0) {
        terminal.note("nothing to change");
        return finished(terminal, exit_done);
    }
    {
        auto reader = StoreReader::open(context.store);
        if (!reader) return std::move(reader).failure();
        Report report(revision, context, terminal);
        if (auto walked = (*reader)->history({1, std::nullopt}, report); !walked)
            return std::move(walked).failure();
        report.end();
    }
    if (auto printed = terminal.finish(done); !printed) return std::move(printed).failure();
    tell_where_in_force(context.store, context.editor.now, terminal);
    return exit_done;
}

}  // namespace smtpblock
