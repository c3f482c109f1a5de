// A command line with its path and parameters. The first octet says what was offered, a bit each;
// the rest is the line, as it comes out of LineBuffer but with whatever octets.
#include <algorithm>
#include <string>
#include <string_view>

#include "common/ehlo_name.h"
#include "common/text.h"
#include "daemon/smtp/command.h"
#include "daemon/smtp/esmtp_parameters.h"
#include "fuzz/require.h"

namespace smtpblock::fuzz {
namespace {

using smtp::PathArgument;
using smtp::Verb;

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

smtp::Keywords offered_by(unsigned bits) {
    smtp::Keywords offered;
    offered.eight_bit_mime = (bits & 1U) != 0;
    if ((bits & 2U) != 0) offered.size = (bits & 4U) != 0 ? 0 : 100'000;
    offered.smtputf8 = (bits & 8U) != 0;
    offered.dsn = (bits & 16U) != 0;
    return offered;
}

/// The refusal of a parameter goes to the client as it is.
void check_refusal(std::string_view refusal) {
    require(refusal.empty() || refusal.starts_with('5'), "a parameter is taken or refused");
    require(!has_control(refusal), "a refusal is one line");
}

void check_address(const Address& address) {
    const auto again = Address::parse(address.text());
    require(again.has_value(), "the canonical spelling is an address");
    require(*again == address, "of the same mailbox");
    require(again->text() == address.text(), "and its own canonical spelling");
}

void check_path(std::string_view argument, std::string_view keyword, unsigned bits) {
    const PathArgument read = PathArgument::parse(argument, keyword);
    if (read.fault != PathArgument::Fault::none) return;
    require(has_control(argument) || !has_control(read.path.typed), "what goes on is of the line");
    if (!read.path.null() && !read.path.address.domain.empty()) check_address(read.path.address);

    // What the upstream gets.
    std::string own = std::string(keyword) + '<' + read.path.typed + '>';
    for (const std::string_view parameter : read.parameters) {
        require(!parameter.empty() && std::none_of(parameter.begin(), parameter.end(), is_blank),
                "a parameter is a word");
        own.append(" ").append(parameter);
    }
    const PathArgument again = PathArgument::parse(own, keyword);
    require(again.fault == PathArgument::Fault::none, "our spelling is sound");
    require(again.path.typed == read.path.typed && again.path.mailbox == read.path.mailbox &&
                again.path.address == read.path.address && again.parameters == read.parameters &&
                again.eight_bit == read.eight_bit,
            "and says the same");

    const smtp::Keywords offered = offered_by(bits);
    smtp::MailParameters of_mail(offered, (bits & 32U) != 0);
    smtp::RcptParameters of_rcpt(offered, (bits & 8U) != 0);
    for (const std::string_view parameter : read.parameters) {
        check_refusal(of_mail.take(parameter));
        check_refusal(of_rcpt.take(parameter));
    }
    smtp::Keywords everything = offered;
    everything.mechanisms.add(smtp::Mechanism::plain);
    require(of_mail.needs().met_by(everything), "nothing is needed that was not offered");
}

void try_one(std::string_view line, unsigned bits) {
    const auto command = smtp::Command::parse(line);
    const std::string_view argument = command.argument;
    require(argument.size() <= line.size(), "an argument is of its line");
    require(argument.empty() || (!is_blank(argument.front()) && !is_blank(argument.back())),
            "no white space is around it");
    if (command.verb == Verb::mail) check_path(argument, "FROM:", bits);
    if (command.verb == Verb::rcpt) check_path(argument, "TO:", bits);
    if (command.verb == Verb::ehlo || command.verb == Verb::helo) {
        const EhloName name = EhloName::parse(argument.substr(0, argument.find_first_of(" \t")));
        require(EhloName::parse(name.text) == name, "the canonical form of a name is its own");
    }
}

}  // namespace
}  // namespace smtpblock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    smtpblock::fuzz::try_one({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0]);
    return 0;
}
