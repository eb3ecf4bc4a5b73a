//! Input made to be slow: everything about it is read in time that grows with its length alone.
//!
//! The structure's work is counted, see the reader's own tests. Here headers, bodies and summary are run on
//! input of which a quadratic step would take minutes; the limit is far above what linear work needs.

use std::time::{Duration, Instant};

use hongyan_mime::read::{inspect, tree};

/// Bytes of each input.
const SIZE: usize = 200_000;
/// What none may take, even without optimisation on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn no_input_takes_more_than_linear_time() {
    let mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
    let qp = "Content-Transfer-Encoding: quoted-printable\n\n";
    let base64 = "Content-Transfer-Encoding: base64\n\n";
    let attached = "--b\nContent-Disposition: a; filename=\"=?utf-8?B?5Lit?=.txt\"\n\n\n";
    let embedded = "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n";
    // (what is hostile about it, what stands before, what is repeated)
    let cases: &[(&str, &str, &str)] = &[
        ("starts of encoded words", "Subject: ", "=?"),
        ("encoded words without end", "Subject: ", "=?a?Q?"),
        ("encoded words that break characters", "Subject: ", "=?utf-8?B?5Lg=?= "),
        ("encoded words that break base64", "Subject: ", "=?utf-8?B?5?= "),
        ("encoded words of two charsets", "Subject: ", "=?utf-8?Q?=E4?= =?gbk?Q?=E4?= "),
        ("raw bytes in many fields", "", "Subject: \u{e4}\u{ff}\n"),
        ("open comments", "To: ", "("),
        ("empty comments", "To: ", "()"),
        ("quotes", "To: ", "\"x"),
        ("opening brackets", "To: ", "<"),
        ("closing brackets", "To: ", ">"),
        ("brackets and quotes", "To: ", "<\"a"),
        ("brackets never closed", "To: ", "<a@b,"),
        ("addresses without commas", "To: ", "a@b "),
        ("words", "To: ", "a "),
        ("encoded words, one after another", "Subject: ", "=?utf-8?Q?a?= "),
        ("parameters", "Content-Type: text/plain", ";a=b"),
        ("lines of uuencode without end", "\n", "begin 644 a\n#:&5Y\n"),
        ("base64 that says it is text", "\n", "SGVsbG8sIHRoaXMgaXMgYSB0ZXh0IHRoYXQgaXMgZW5j\n"),
        ("quoted-printable that does not say so", "\n", "=E4=B8=AD"),
        ("dots", "To: ", "a."),
        ("groups", "To: ", "a:;"),
        ("encoded words among addresses", "To: ", "=?a?Q?"),
        ("blanks in a Content-Type", "Content-Type: multipart/mixed", " "),
        ("words in a Content-Type", "Content-Type: multipart/mixed", " x"),
        ("comments in a Content-Type", "Content-Type: multipart/mixed", "("),
        ("quotes in a Content-Type", "Content-Type: multipart/mixed", ";a\""),
        ("pieces of a parameter", "Content-Disposition: a", ";filename*1*=%E4"),
        ("padded groups of base64", base64, "QQ=="),
        ("bytes that are no base64", base64, "QUJDREVGR0hJ!"),
        ("nothing but padding", base64, "="),
        ("nothing but =", qp, "="),
        ("soft breaks that are none", qp, "= "),
        ("blanks before escapes", qp, "  =41"),
        (
            "lines of uuencode ended by CR",
            "Content-Transfer-Encoding: x-uuencode\r\rbegin 644 a\r",
            "#AAAA\r",
        ),
        ("shifts of ISO-2022-JP", "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\u{1b}(B"),
        ("shifts of UTF-7", "Content-Type: text/plain; charset=utf-7\n\n", "+"),
        ("boundaries behind bare CR", mixed, "\r--b"),
        ("attachments of one name", mixed, attached),
        ("messages in messages", "", "Content-Type: message/rfc822\n\n"),
        ("encoded messages in encoded messages", "", embedded),
        (
            "two Content-Types in every part",
            mixed,
            "--b\nContent-Type: a/b\nContent-Type: multipart/mixed; boundary=x\n\n",
        ),
    ];
    for (what, before, repeated) in cases {
        let raw = format!("{before}{}", repeated.repeat(SIZE / repeated.len())).into_bytes();
        let start = Instant::now();
        let summary = inspect(&raw);
        tree(&summary);
        let taken = start.elapsed();
        assert!(taken < LIMIT, "{what}: {taken:?} for {} bytes", raw.len());
    }
}
