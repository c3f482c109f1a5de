// Certificates for tests, made in a directory of the test's.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "common/config.h"
#include "daemon/net/tls/openssl.h"
#include "unit/temporary_directory.h"

namespace smtpblock::test {

/// Times are days from now.
struct Wishes {
    long begins = 0;
    long ends = 30;
    bool rsa = false;
    unsigned bits = 2048;  ///< of RSA
    bool signs = false;    ///< an authority too
};

/// An authority that signs what it is asked to.
class TestAuthority {
public:
    explicit TestAuthority(const TemporaryDirectory& directory)
        : directory_(directory), root_(make({"Test CA"}, {.signs = true}, nullptr)) {
        write_certificates("ca.pem", {&root_});
    }

    /// The certificate to be trusted.
    std::string ca() const { return directory_ / "ca.pem"; }

    /// `NAME.pem` and `NAME.key`, for host names and addresses.
    CertificateFiles issue(const std::string& name, const std::vector<std::string>& names,
                           Wishes wishes = {}) {
        const Made made = make(names, wishes, &root_);
        write_certificates(name + ".pem", {&made});
        return {directory_ / (name + ".pem"), write_key(name, made)};
    }
    /// The same below an authority of its own, which is in the chain and ends when it is told to.
    CertificateFiles issue_below(const std::string& name, const std::string& host, long ends) {
        const Made between = make({"Intermediate CA"}, {.ends = ends, .signs = true}, &root_);
        const Made made = make({host}, {}, &between);
        write_certificates(name + ".pem", {&made, &between});
        return {directory_ / (name + ".pem"), write_key(name, made)};
    }
    /// The key again, under a password.
    std::string encrypted(const CertificateFiles& files) const {
        const File in(std::fopen(files.key.c_str(), "r"));
        const Key key(PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr));
        const std::string path = files.key + ".encrypted";
        const File out(std::fopen(path.c_str(), "w"));
        std::string password = "secret";
        REQUIRE(PEM_write_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), password.data(),
                                          static_cast<int>(password.size()), nullptr,
                                          nullptr) == 1);
        return path;
    }

private:
    using File = std::unique_ptr<std::FILE, tls::FreedBy<std::fclose>>;
    using Key = std::unique_ptr<EVP_PKEY, tls::FreedBy<EVP_PKEY_free>>;
    struct Made {
        std::unique_ptr<X509, tls::FreedBy<X509_free>> certificate;
        Key key;
    };

    static void extend(X509* certificate, int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, tls::FreedBy<X509_EXTENSION_free>> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
        REQUIRE(extension);
        X509_add_ext(certificate, extension.get(), -1);
    }

    Made make(const std::vector<std::string>& names, Wishes wishes, const Made* issuer) {
        constexpr long day = 24 * 60 * 60;
        Made made;
        made.certificate.reset(X509_new());
        made.key.reset(wishes.rsa ? EVP_RSA_gen(wishes.bits) : EVP_EC_gen("P-256"));
        X509* const certificate = made.certificate.get();
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(certificate), wishes.begins * day - 3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), wishes.ends * day);
        X509_set_pubkey(certificate, made.key.get());
        X509_NAME* const subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(names.front().c_str()),
                                   -1, -1, 0);
        const Made& by = issuer != nullptr ? *issuer : made;
        X509_set_issuer_name(certificate, X509_get_subject_name(by.certificate.get()));
        if (wishes.signs) {
            extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
        } else {
            std::string alternatives;
            for (const std::string& name : names)
                alternatives += (alternatives.empty() ? "" : ",") +
                                std::string(IpAddress::parse(name) ? "IP:" : "DNS:") + name;
            extend(certificate, NID_subject_alt_name, alternatives);
        }
        REQUIRE(X509_sign(certificate, by.key.get(), EVP_sha256()) > 0);
        return made;
    }

    void write_certificates(const std::string& name, const std::vector<const Made*>& chain) const {
        const File file(std::fopen((directory_ / name).c_str(), "w"));
        for (const Made* one : chain) PEM_write_X509(file.get(), one->certificate.get());
    }
    std::string write_key(const std::string& name, const Made& made) const {
        const std::string path = directory_ / (name + ".key");
        const File file(std::fopen(path.c_str(), "w"));
        PEM_write_PrivateKey(file.get(), made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        chmod(path.c_str(), 0600);
        return path;
    }

    const TemporaryDirectory& directory_;
    long serial_ = 0;
    Made root_;
};

}  // namespace smtpblock::test
