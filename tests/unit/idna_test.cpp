#include "common/idna.h"

#include <catch2/catch.hpp>

#include "common/text.h"

namespace smtpblock {

using namespace std::string_literals;

TEST_CASE("a name of ASCII alone is only brought to lower case") {
    CHECK(idna_form("Mail.Example.COM.") == "mail.example.com.");
    CHECK(idna_form("XN--Nonsense-.--x") == "xn--nonsense-.--x");
    CHECK(idna_form("").empty());
    CHECK(idna_form("a*b?()") == "a*b?()");
}

TEST_CASE("a U-label becomes its A-label, mapped as browsers and Postfix do") {
    CHECK(idna_form("b\u00fccher.example") == "xn--bcher-kva.example");
    CHECK(idna_form("B\u00dcCHER.Example") == "xn--bcher-kva.example");
    CHECK(idna_form("bu\u0308cher") == "xn--bcher-kva");
    CHECK(idna_form("fa\u00df.de") == "xn--fa-hia.de");
    CHECK(idna_form("\u03b2\u03cc\u03bb\u03bf\u03c2") == "xn--nxasmm1c");
    CHECK(idna_form("\uff45xample\uff0ecom") == "example.com");
    CHECK(idna_form("a\u3002b\uff61c") == "a.b.c");
    CHECK(idna_form("exam\u00ad\u200bple") == "example");
    CHECK(idna_form("\u0915\u094d\u200d\u0937") == "xn--11b2ezcw70k");
    CHECK(idna_form("\uff58\uff4e--bcher-kva") == "xn--bcher-kva");
}

TEST_CASE("a label that is no U-label is folded") {
    CHECK(idna_form("\U0001f600.B\u00fccher") == "\U0001f600.xn--bcher-kva");
    CHECK(idna_form("a\u200db") == "a\u200db");
    CHECK(idna_form("-\u00dc") == "-\u00fc");
    CHECK(idna_form("\u05d0\u05d1c") == "\u05d0\u05d1c");
    CHECK(idna_form("\u2100") == "\u2100");
    CHECK(idna_form("\u200b") == "\u200b");
    CHECK(idna_form("\uff0a") == "\uff0a");
    CHECK(idna_form("\u00dc \u00dc") == "\u00fc \u00fc");
    CHECK(idna_form("\u00dc\0X"s) == "\u00fc\0x"s);
    CHECK(idna_form("B\xfc") == "b\xfc");
    std::string endless;
    for (int i = 0; i < 1000; ++i) endless += "\u00dc";
    CHECK(idna_form(endless) == folded(endless));
    std::string dots;
    for (int i = 0; i < 126; ++i) dots += "a.";
    CHECK(idna_form(dots + "\u00dc").ends_with(".xn--tda"));
    CHECK(idna_form(dots + "\u00dc..").ends_with(".xn--tda.."));
    CHECK(idna_form("a." + dots + "\u00dc").ends_with(".\u00fc"));
}

TEST_CASE("the form of a form is itself, for each character there is") {
    for (char32_t c = 0x80; c < 0x110000; c += c < 0x3000 ? 1 : 37) {
        if (c >= 0xd800 && c < 0xe000) continue;
        std::string text = "x";
        if (c >= 0x10000) {
            text += static_cast<char>(0xf0U | c >> 18U);
            text += static_cast<char>(0x80U | (c >> 12U & 0x3fU));
        } else if (c >= 0x800) {
            text += static_cast<char>(0xe0U | c >> 12U);
        }
        text += c < 0x800 ? static_cast<char>(0xc0U | c >> 6U)
                          : static_cast<char>(0x80U | (c >> 6U & 0x3fU));
        text += static_cast<char>(0x80U | (c & 0x3fU));
        text += "X.example";
        const std::string form = idna_form(text);
        if (idna_form(form) != form || folded(folded(text)) != folded(text)) {
            CAPTURE(code_point_name(text.substr(1)));
            CHECK(idna_form(form) == form);
            CHECK(folded(folded(text)) == folded(text));
        }
    }
}

TEST_CASE("people see U-labels where these are honest") {
    CHECK(u_label_text("xn--bcher-kva.example") == "b\u00fccher.example");
    CHECK(u_label_text("*.xn--bcher-kva") == "*.b\u00fccher");
    CHECK(u_label_text("example.com") == "example.com");
    CHECK(u_label_text("").empty());
    CHECK(u_label_text(".") == ".");
    CHECK(u_label_text("xn--.xn--a.xn--a-") == "xn--.xn--a.xn--a-");
    CHECK(u_label_text("xn--xn---epa.x") == "xn--xn---epa.x");
    CHECK(u_label_text("xn--bcher-kva*") == "xn--bcher-kva*");
    CHECK(u_label_text("xn--11b2ezcw70k") == "xn--11b2ezcw70k");  // it holds a joiner
    CHECK(u_label_text("xn--e28h") == "xn--e28h");                // an emoji
}

}  // namespace smtpblock
