//! The command grammar: what real clients write, what RFC 5321 forbids, and what attackers try.

use hongyan_proto::smtp::command::params::{MailParams, Original, RcptParams};
use hongyan_proto::smtp::command::{Command, CommandError, MAX_AUTH, MAX_COMMAND, initial_response};
use hongyan_proto::smtp::envelope::{Body, DeliverBy, Hold, Notify, Ret};
use proptest::prelude::*;

fn parse(line: &str) -> Result<Command<'_>, CommandError> {
    Command::parse(line.as_bytes())
}

/// The mailbox of a MAIL or RCPT, `<>` as an empty text.
fn mailbox(line: &str) -> Result<String, CommandError> {
    match parse(line)? {
        Command::Mail(from, _) => Ok(from.map(|m| m.to_string()).unwrap_or_default()),
        Command::Rcpt(to, _) => Ok(to.to_string()),
        other => panic!("{line}: {other:?}"),
    }
}

fn mail(params: &str) -> Result<MailParams, CommandError> {
    match Command::parse(format!("MAIL FROM:<a@b> {params}").as_bytes())? {
        Command::Mail(_, params) => Ok(params),
        other => panic!("{other:?}"),
    }
}

fn rcpt(params: &str) -> Result<RcptParams, CommandError> {
    match Command::parse(format!("RCPT TO:<a@b> {params}").as_bytes())? {
        Command::Rcpt(_, params) => Ok(params),
        other => panic!("{other:?}"),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, CommandError>) -> String {
    let (code, enhanced) = result.expect_err("refused").codes();
    format!("{code} {enhanced}")
}

#[test]
fn commands_are_read_in_any_case_with_trailing_blanks() {
    for (line, command) in [
        ("EHLO [127.0.0.1]", Command::Ehlo("[127.0.0.1]")),
        ("helo mx.example  ", Command::Helo("mx.example")),
        ("DATA", Command::Data),
        ("data \t", Command::Data),
        ("BDAT 0", Command::Bdat { size: 0, last: false }),
        ("bdat 86 last", Command::Bdat { size: 86, last: true }),
        ("BDAT  18446744073709551615  LAST", Command::Bdat { size: u64::MAX, last: true }),
        ("RSET", Command::Rset),
        ("NOOP", Command::Noop),
        ("NOOP to keep the line open", Command::Noop),
        ("VRFY Crispin", Command::Vrfy("Crispin")),
        ("EXPN Example-People", Command::Expn("Example-People")),
        ("HELP", Command::Help),
        ("HELP MAIL", Command::Help),
        ("STARTTLS", Command::StartTls),
        ("AUTH PLAIN", Command::Auth { mechanism: "PLAIN", initial: None }),
        ("auth Plain AHQAdA==", Command::Auth { mechanism: "Plain", initial: Some("AHQAdA==") }),
        ("AUTH EXTERNAL =", Command::Auth { mechanism: "EXTERNAL", initial: Some("=") }),
        ("QUIT", Command::Quit),
    ] {
        assert_eq!(parse(line), Ok(command), "{line}");
    }
}

#[test]
fn what_is_no_command_maps_to_its_reply_code() {
    for (line, expected) in [
        ("", "500 5.5.1"),
        (" DATA", "500 5.5.1"),
        ("DATAX", "500 5.5.1"),
        ("MAIL", "501 5.5.4"),
        ("MAIL TO:<a@b>", "501 5.5.4"),
        ("MAIL FROM", "501 5.5.4"),
        ("MAIL FROM :<a@b>", "501 5.5.4"),
        ("RCPT FROM:<a@b>", "501 5.5.4"),
        ("DATA now", "501 5.5.4"),
        ("RSET all", "501 5.5.4"),
        ("QUIT please", "501 5.5.4"),
        ("STARTTLS now", "501 5.5.4"),
        ("EHLO", "501 5.5.4"),
        ("EHLO a b", "501 5.5.4"),
        ("HELO", "501 5.5.4"),
        ("VRFY", "501 5.5.4"),
        ("AUTH", "501 5.5.4"),
        ("AUTH PLAIN a b", "501 5.5.4"),
        ("AUTH PL@IN", "501 5.5.4"),
        ("TURN", "502 5.5.1"),
        ("ETRN example.org", "502 5.5.1"),
        ("GET / HTTP/1.1", "521 5.5.1"),
        ("POST /mail HTTP/1.0", "521 5.5.1"),
        ("BDAT", "521 5.5.4"),
        ("BDAT x", "521 5.5.4"),
        ("BDAT -1", "521 5.5.4"),
        ("BDAT +1", "521 5.5.4"),
        ("BDAT 1 LAST LAST", "521 5.5.4"),
        ("BDAT 1 FIRST", "521 5.5.4"),
        ("BDAT 18446744073709551616", "521 5.5.4"),
        ("NOOP \0", "500 5.5.2"),
        ("RCPT TO:<a@b>\rRCPT TO:<c@d>", "500 5.5.2"),
        ("RCPT TO:<a\u{85}@b>", "500 5.5.2"),
    ] {
        assert_eq!(code(parse(line)), expected, "{line:?}");
    }
    assert_eq!(code(Command::parse(b"MAIL FROM:<\xc3\x28@b>")), "500 5.5.2");
}

#[test]
fn a_line_past_its_limit_is_refused_and_one_at_the_limit_is_not() {
    let noop = |octets: usize| format!("NOOP {}", "x".repeat(octets - 5));
    assert_eq!(parse(&noop(MAX_COMMAND)), Ok(Command::Noop));
    assert_eq!(parse(&noop(MAX_COMMAND + 1)), Err(CommandError::TooLong));
    let auth = |octets: usize| format!("AUTH PLAIN {}", "x".repeat(octets - 11));
    assert!(parse(&auth(MAX_AUTH)).is_ok());
    assert_eq!(parse(&auth(MAX_AUTH + 1)), Err(CommandError::TooLong));
}

#[test]
fn paths_that_clients_send_are_read() {
    for (line, expected) in [
        ("MAIL FROM:<>", ""),
        ("mail from:<a@b>", "a@b"),
        ("MAIL FROM: <a@b>", "a@b"),
        ("MAIL FROM:<> SIZE=3", ""),
        ("RCPT TO:<postmaster>", "postmaster"),
        ("RCPT TO:<PostMaster>", "PostMaster"),
        ("RCPT TO:<postmaster@example.org>", "postmaster@example.org"),
        ("RCPT TO:<\"john doe\"@example.org>", "\"john doe\"@example.org"),
        ("RCPT TO:<\"a@b\"@example.org>", "\"a@b\"@example.org"),
        ("RCPT TO:<\"a\\\"b\"@example.org>", "\"a\\\"b\"@example.org"),
        ("RCPT TO:<\"\"@example.org>", "\"\"@example.org"),
        ("RCPT TO:<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("RCPT TO:<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("RCPT TO:<@hosta.int,@jkl.org:userc@d.bar.org>", "userc@d.bar.org"),
        ("RCPT TO:<@hosta.int:\"a:b\"@d.bar.org>", "\"a:b\"@d.bar.org"),
        ("RCPT TO:<用户@例子.广告> NOTIFY=NEVER", "用户@例子.广告"),
    ] {
        assert_eq!(mailbox(line).as_deref(), Ok(expected), "{line}");
    }
}

#[test]
fn what_is_no_path_is_refused() {
    for (path, why) in [
        ("a@b", "no brackets"),
        ("<a@b", "not closed"),
        ("<a>", "no domain"),
        ("<\"postmaster\">", "no domain"),
        ("<a@>", "empty domain"),
        ("<@b>", "a route without an end"),
        ("<@b:>", "a route and no mailbox"),
        ("<@b,c:d@e>", "a hop without @"),
        ("<@b:@c:d@e>", "two routes"),
        ("<a b@c>", "a blank that is not quoted"),
        ("<a@b c>", "a blank in the domain"),
        ("<a@b>SIZE=1", "no blank behind the path"),
        ("<a@b>>", "a bracket too many"),
        ("<<a@b>", "a bracket too many"),
        ("<a@b@c>", "two @"),
        ("<\"a@b>", "a quote that is not closed"),
        ("<\"a\\\"@b>", "a quote that is not closed"),
        ("<\"a\"b@c>", "text behind the quote"),
        ("<a\"b\"@c>", "a quote within"),
        ("<\"a\tb\"@c>", "a tab"),
        ("<a@[192.0.2.256]>", "no IP address"),
        ("<a@[192.0.2.1>", "bracket not closed"),
        ("<a@-b>", "no host name"),
        ("<a@b..c>", "an empty label"),
    ] {
        assert_eq!(code(mailbox(&format!("MAIL FROM:{path}"))), "501 5.1.7", "{path}: {why}");
        assert_eq!(code(mailbox(&format!("RCPT TO:{path}"))), "501 5.1.3", "{path}: {why}");
    }
    assert_eq!(code(mailbox("RCPT TO:<>")), "501 5.1.3");
}

#[test]
fn lengths_are_those_of_rfc_5321() {
    let with_local = |n: usize| mailbox(&format!("RCPT TO:<{}@b>", "a".repeat(n))).is_ok();
    assert!(with_local(64) && !with_local(65));
    let label = "d".repeat(60);
    let domain = format!("{label}.{label}.{label}.{label}");
    let with_path = |n: usize| mailbox(&format!("RCPT TO:<{}@{domain}>", "a".repeat(n - 1 - domain.len())));
    assert!(with_path(254).is_ok() && with_path(255).is_err());
}

/// A server that cuts the path at the first `>` takes `ORCPT=x"@d` for a parameter.
#[test]
fn a_parameter_hidden_in_a_quoted_local_part_stays_in_the_address() {
    let line = "RCPT TO:<\"a> ORCPT=x\"@d>";
    assert_eq!(mailbox(line).as_deref(), Ok("\"a> ORCPT=x\"@d"));
    let Ok(Command::Rcpt(to, params)) = parse(line) else { panic!() };
    assert_eq!((to.local(), to.domain(), params), ("\"a> ORCPT=x\"", "d", RcptParams::default()));
    assert_eq!(to.to_address(), None, "not fit to be passed on");

    let Ok(Command::Mail(_, params)) = parse("MAIL FROM:<\"a> SIZE=9\"@d> SIZE=1") else { panic!() };
    assert_eq!(params.size, Some(1));
}

#[test]
fn mail_parameters_are_read() {
    let all = mail(
        "SIZE=1000 BODY=8BITMIME SMTPUTF8 AUTH=e+3Dmc2@example.com RET=HDRS ENVID=QQ314159+20x REQUIRETLS \
         MT-PRIORITY=-3 BY=120;R HOLDFOR=86400",
    );
    assert_eq!(
        all,
        Ok(MailParams {
            size: Some(1000),
            body: Some(Body::EightBit),
            utf8: true,
            auth: Some(Some("e=mc2@example.com".into())),
            ret: Some(Ret::Headers),
            envelope_id: Some("QQ314159 x".into()),
            require_tls: true,
            priority: Some(-3),
            deliver_by: Some(DeliverBy { seconds: 120, ret: true }),
            hold: Some(Hold::For(86400)),
        })
    );
    assert_eq!(mail("auth=<>").map(|p| p.auth), Ok(Some(None)));
    assert_eq!(mail("body=binarymime").map(|p| p.body), Ok(Some(Body::Binary)));
    assert_eq!(mail("BY=-30;nt").map(|p| p.deliver_by), Ok(Some(DeliverBy { seconds: -30, ret: false })));
    assert_eq!(mail("SIZE=99999999999999999999").map(|p| p.size), Ok(Some(u64::MAX)));
    assert_eq!(
        mail("HOLDUNTIL=2026-12-31t08:00:00z").map(|p| p.hold),
        Ok(Some(Hold::Until("2026-12-31T08:00:00Z".into())))
    );
}

#[test]
fn rcpt_parameters_are_read() {
    assert_eq!(
        rcpt("NOTIFY=SUCCESS,delay ORCPT=rfc822;Bob+2Bx@Example.COM"),
        Ok(RcptParams {
            notify: Some(Notify::On { success: true, failure: false, delay: true }),
            original: Some(Original { kind: "rfc822".into(), address: "Bob+x@Example.COM".into() }),
        })
    );
    assert_eq!(rcpt("NOTIFY=NEVER").map(|p| p.notify), Ok(Some(Notify::Never)));
    let utf8 = rcpt("ORCPT=utf-8;用户@例子.广告").map(|p| p.original.map(|o| o.address));
    assert_eq!(utf8, Ok(Some("用户@例子.广告".into())));
}

#[test]
fn malformed_parameters_are_501_and_unknown_ones_555() {
    for params in [
        "SIZE",
        "SIZE=",
        "SIZE=-1",
        "SIZE=1 SIZE=1",
        "SIZE=123456789012345678901",
        "BODY=9BIT",
        "SMTPUTF8=yes",
        "SMTPUTF8 SMTPUTF8",
        "AUTH=a=b",
        "AUTH=a+0D+0Ab",
        "RET=ALL",
        "ENVID=a+0Ab",
        "REQUIRETLS=1",
        "MT-PRIORITY=10",
        "MT-PRIORITY=+1",
        "MT-PRIORITY=--1",
        "BY=120",
        "BY=0;R",
        "BY=-1;R",
        "BY=1234567890;N",
        "BY=1;X",
        "HOLDFOR=-1",
        "HOLDFOR=1 HOLDUNTIL=2026-12-31T08:00:00Z",
        "HOLDUNTIL=tomorrow",
        "HOLDUNTIL=2026-12-31T08:00:00+01:00",
        "=1",
        "-SIZE=1",
        "S*ZE=1",
        "SIZE=1,BODY=7BIT",
    ] {
        assert_eq!(code(mail(params)), "501 5.5.4", "{params}");
    }
    for params in ["NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=MAYBE", "ORCPT=a@b", "ORCPT=;a", "ORCPT=rfc822;"]
    {
        assert_eq!(code(rcpt(params)), "501 5.5.4", "{params}");
    }
    for params in ["FROB=1", "FROB", "NOTIFY=NEVER"] {
        assert_eq!(code(mail(params)), "555 5.5.4", "{params}");
    }
    for params in ["SIZE=1", "FROB"] {
        assert_eq!(code(rcpt(params)), "555 5.5.4", "{params}");
    }
    let long = format!("ENVID={}", "x".repeat(101));
    assert_eq!(code(mail(&long)), "501 5.5.4");
}

#[test]
fn an_initial_response_is_found_so_that_it_can_be_hidden() {
    let secret = |line: &'static str| initial_response(line.as_bytes()).map(|at| &line[at..]);
    assert_eq!(secret("AUTH PLAIN AHQAdA=="), Some("AHQAdA=="));
    assert_eq!(secret("auth  login   dXNlcg=="), Some("dXNlcg=="));
    assert_eq!(secret("AUTH PLAIN"), None);
    assert_eq!(secret("AUTHX PLAIN x"), None);
    assert_eq!(secret("NOOP a b"), None);
    let shown = format!("{:?}", parse("AUTH PLAIN AHQAdA=="));
    assert!(!shown.contains("AHQ"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_line_makes_the_grammar_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Command::parse(&line);
        let _ = initial_response(&line);
    }

    #[test]
    fn no_line_of_its_own_tokens_makes_the_grammar_panic(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "MAIL FROM:", "RCPT TO:", "BDAT ", "AUTH ", "EHLO ", "<", ">", "\"", "\\", "@", ":", ",", "[", "]",
                "a", "b.c", " ", "=", "SIZE", "ORCPT", "rfc822;", "BY", "+", "HOLDUNTIL", "9", ";R", "名", "IPv6:", "::1",
            ]),
            0..24,
        )
    ) {
        if let Ok(command) = parse(&tokens.concat()) {
            // Whatever was taken can be shown and holds nothing that ends a line.
            let (path, params) = match command {
                Command::Mail(from, params) => {
                    (from.map(|m| m.to_string()).unwrap_or_default(), params.to_string())
                }
                Command::Rcpt(to, params) => (to.to_string(), params.to_string()),
                _ => return Ok(()),
            };
            prop_assert!(!path.chars().chain(params.chars()).any(char::is_control));
        }
    }

    #[test]
    fn parameters_come_back_as_they_were_printed(
        size in proptest::option::of(any::<u64>()),
        utf8 in any::<bool>(),
        auth in proptest::option::of(proptest::option::of("[!-~é]{1,20}")),
        id in proptest::option::of("[ -~]{1,40}"),
        priority in proptest::option::of(-9i8..=9),
        by in proptest::option::of((1i64..999_999_999, any::<bool>())),
        hold in proptest::option::of(any::<u32>().prop_map(|n| n % 1_000_000_000)),
        notify in proptest::option::of((any::<bool>(), any::<bool>())),
        original in proptest::option::of("[ -~]{1,60}"),
    ) {
        let params = MailParams {
            size, utf8, auth, envelope_id: id, priority,
            deliver_by: by.map(|(seconds, ret)| DeliverBy { seconds, ret }),
            hold: hold.map(Hold::For),
            ..MailParams::default()
        };
        // `<>` as text would come back as the empty path.
        prop_assume!(params.auth != Some(Some("<>".into())));
        prop_assert_eq!(mail(params.to_string().trim_start()), Ok(params));

        let params = RcptParams {
            notify: notify.map(|(success, delay)| Notify::On { success, failure: true, delay }),
            original: original.map(|address| Original { kind: "rfc822".into(), address }),
        };
        prop_assert_eq!(rcpt(params.to_string().trim_start()), Ok(params));
    }
}
