// A certificate with its chain and its key, from files in PEM form. It is one by existing: what
// cannot be read, is encrypted or does not belong together is an error. What would only make
// clients refuse it (a validity that is over or has not begun) is asked for, since a server that
// is down serves nobody.
#pragma once

#include <openssl/x509.h>

#include <optional>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/result.h"
#include "common/rule.h"
#include "daemon/net/tls/openssl.h"

namespace smtpblock::tls {

class Certificate {
public:
    /// Never asks for a password. Errors, which name the file: failed, not_permitted.
    static Result<Certificate> load(const CertificateFiles& files);

    const CertificateFiles& files() const { return files_; }
    /// The host names and addresses that it is for, as they are written in it.
    const std::vector<std::string>& names() const { return names_; }
    bool is_for(const std::string& host) const;
    /// When the first of the chain expires.
    Time expires() const;
    /// Why clients refuse it at that time: a sentence with the file and the date. An intermediate
    /// certificate counts too.
    std::optional<std::string> invalid_at(Time now) const;
    /// What is wrong with it, but stops nobody: a sentence with the file.
    const std::optional<std::string>& warning() const { return warning_; }

    X509* leaf() const { return leaf_.get(); }
    STACK_OF(X509) * between() const { return between_.get(); }
    EVP_PKEY* key() const { return key_.get(); }

private:
    struct FreeChain {
        void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
    };

    Certificate() = default;
    Result<void> load_chain();
    Result<void> load_key();

    CertificateFiles files_;
    std::vector<std::string> names_;
    std::optional<std::string> warning_;
    std::unique_ptr<X509, FreedBy<X509_free>> leaf_;
    std::unique_ptr<STACK_OF(X509), FreeChain> between_;
    std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>> key_;
};

}  // namespace smtpblock::tls
