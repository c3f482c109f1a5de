#include "daemon/net/tls/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "common/ip_address.h"
#include "common/text.h"
#include "common/time_text.h"

namespace smtpblock::tls {
namespace {

using File = std::unique_ptr<std::FILE, FreedBy<std::fclose>>;

/// Without a buffer of its own, in which a key would be left.
Result<File> open_file(const std::string& path) {
    File file(std::fopen(path.c_str(), "re"));
    if (!file)
        return fail(errno == EACCES ? ErrorCode::not_permitted : ErrorCode::failed,
                    "cannot read {}: {}{}", quoted(path), std::strerror(errno),
                    errno == EACCES ? "; the daemon's user must be able to" : "");
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
    return file;
}

/// No password is ever asked for: `asked` becomes true instead.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

Time time_of(const ASN1_TIME* written) {
    std::tm broken_down{};
    ASN1_TIME_to_tm(written, &broken_down);
    return Time(std::chrono::seconds(timegm(&broken_down)));
}

std::string text_of(const ASN1_STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string common_name(const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    return at < 0 ? "" : text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::vector<std::string> names_of(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, FreedBy<GENERAL_NAMES_free>> alternatives(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> names;
    for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
        if (name->type != GEN_IPADD) continue;
        if (const auto address = IpAddress::from_octets(text_of(name->d.iPAddress)))
            names.push_back(address->text());
    }
    if (names.empty()) names.push_back(common_name(certificate));
    return names;
}

}  // namespace

Result<Certificate> Certificate::load(const CertificateFiles& files) {
    Certificate made;
    made.files_ = files;
    if (auto loaded = made.load_chain(); !loaded) return std::move(loaded).failure();
    if (auto loaded = made.load_key(); !loaded) return std::move(loaded).failure();
    if (X509_check_private_key(made.leaf(), made.key()) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::failed,
                    "{}: not the key of the certificate in {}; write the two that were made "
                    "together",
                    quoted(files.key), quoted(files.chain));
    }
    made.names_ = names_of(made.leaf());
    return made;
}

Result<void> Certificate::load_chain() {
    const auto file = open_file(files_.chain);
    if (!file) return fail(file.error().code, "{}", file.error().message);
    bool asked = false;
    between_.reset(sk_X509_new_null());
    while (X509* read = PEM_read_X509(file->get(), nullptr, no_password, &asked)) {
        if (!leaf_)
            leaf_.reset(read);
        else
            sk_X509_push(between_.get(), read);
    }
    const unsigned long why = ERR_peek_last_error();
    const std::string reason = take_openssl_error();
    const bool at_end =
        ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
    if (leaf_ && at_end) return {};
    if (at_end)
        return fail(ErrorCode::failed,
                    "{}: holds no certificate in PEM form, which begins with -----BEGIN "
                    "CERTIFICATE-----",
                    quoted(files_.chain));
    return fail(ErrorCode::failed, "{}: a damaged certificate: {}", quoted(files_.chain), reason);
}

Result<void> Certificate::load_key() {
    const auto file = open_file(files_.key);
    if (!file) return fail(file.error().code, "{}", file.error().message);
    struct stat status {};
    if (fstat(fileno(file->get()), &status) == 0 && (status.st_mode & S_IROTH) != 0)
        warning_ = fmt::format("{}: everybody on this host can read this key; chmod o-r",
                               quoted(files_.key));
    bool asked = false;
    key_.reset(PEM_read_PrivateKey(file->get(), nullptr, no_password, &asked));
    const std::string reason = take_openssl_error();
    if (key_) return {};
    if (asked)
        return fail(ErrorCode::failed,
                    "{}: the key is encrypted, and nobody is there to type a password; decrypt it "
                    "with: openssl pkey -in FILE -out NEWFILE",
                    quoted(files_.key));
    return fail(ErrorCode::failed,
                "{}: holds no private key in PEM form, which begins with -----BEGIN PRIVATE "
                "KEY-----: {}",
                quoted(files_.key), reason);
}

bool Certificate::is_for(const std::string& host) const {
    return X509_check_host(leaf(), host.data(), host.size(), 0, nullptr) == 1;
}

Time Certificate::expires() const {
    Time first = time_of(X509_get0_notAfter(leaf()));
    for (int i = 0; i < sk_X509_num(between()); ++i)
        first = std::min(first, time_of(X509_get0_notAfter(sk_X509_value(between(), i))));
    return first;
}

std::optional<std::string> Certificate::invalid_at(Time now) const {
    const auto flaw = [&](const X509* one, const std::string& what) -> std::optional<std::string> {
        const Time begins = time_of(X509_get0_notBefore(one));
        const Time ends = time_of(X509_get0_notAfter(one));
        if (now < begins)
            return fmt::format(
                "{}: {} is not valid before {}; look at the clock, or use the old "
                "one until then",
                quoted(files_.chain), what, utc_text(begins));
        if (now > ends)
            return fmt::format("{}: {} expired at {}; renew it", quoted(files_.chain), what,
                               utc_text(ends));
        return std::nullopt;
    };
    auto found = flaw(leaf(), "the certificate");
    for (int i = 0; !found && i < sk_X509_num(between()); ++i) {
        const X509* one = sk_X509_value(between(), i);
        found = flaw(one, "the intermediate certificate " + quoted(common_name(one)));
    }
    return found;
}

}  // namespace smtpblock::tls
