//! What a person types, and what it means.

use chrono::{FixedOffset, TimeZone as _};
use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Query, QueryError> {
    let beijing = FixedOffset::east_opt(8 * 3600).unwrap();
    Query::parse_at(text, &beijing.with_ymd_and_hms(2026, 11, 20, 9, 0, 0).unwrap())
}

/// A query in a form that shows its structure.
fn shown(query: &Query) -> String {
    let list = |list: &[Query]| list.iter().map(shown).collect::<Vec<_>>().join(" ");
    match query {
        Query::Every(every) => format!("(and {})", list(every)),
        Query::Any(any) => format!("(or {})", list(any)),
        Query::Not(inner) => format!("(not {})", shown(inner)),
        Query::Words(words) => {
            let field = words.field.map(|field| format!("{field:?}=")).unwrap_or_default();
            format!("{field}{}{}", words.text, if words.beginning { "*" } else { "" })
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn a_query_means_what_the_guide_says() {
    for (text, meaning) in [
        ("", "(and )"),
        ("  ", "(and )"),
        ("报告", "报告"),
        ("monthly report", "(and monthly report)"),
        ("\"monthly report\"", "monthly report"),
        ("“月度报告”", "月度报告"),
        ("repor*", "repor*"),
        ("\"repor*\"", "repor*"),
        ("from:王", "From=王"),
        ("FROM:王", "From=王"),
        ("from：王", "From=王"),
        ("from:\"Wang Wei\"", "From=Wang Wei"),
        ("from:(wang OR li)", "(or From=wang From=li)"),
        ("from:(wang subject:x)", "(and From=wang Subject=x)"),
        ("a b OR c d", "(or (and a b) (and c d))"),
        ("a (b OR c) d", "(and a (or b c) d)"),
        ("a（b OR c）", "(and a (or b c))"),
        ("a AND b", "(and a b)"),
        ("-a", "(not a)"),
        ("NOT a b", "(and (not a) b)"),
        ("-from:(a b)", "(not (and From=a From=b))"),
        ("--a", "(not (not a))"),
        ("a-b", "a-b"),
        ("or and not", "(and or and not)"),
        ("ORDER", "ORDER"),
        ("http://example.org/x", "http://example.org/x"),
        ("15:30", "15:30"),
        ("has:attachment", "Attachment"),
        ("has:附件", "Attachment"),
        ("is:UNREAD", "Is(Unread)"),
        ("larger:1M", "Larger(1048576)"),
        ("smaller:20k", "Smaller(20480)"),
        ("larger:2GB", "Larger(2147483648)"),
        ("larger:4096", "Larger(4096)"),
        ("folder:Work/Reports", "Folder(\"Work/Reports\")"),
        ("id:<a@b>", "Id(\"a@b\")"),
        ("thread:a@b", "Thread(\"a@b\")"),
        ("after:2026-01-01", "After(1767196800)"),
        ("before:2026", "Before(1767196800)"),
        ("on:2026-01", "(and After(1767196800) Before(1769875200))"),
        ("after:today", "After(1795104000)"),
        ("from:王 has:attachment after:2026-01-01 报告", "(and From=王 Attachment After(1767196800) 报告)"),
    ] {
        assert_eq!(parse(text).map(|query| shown(&query)).as_deref(), Ok(meaning), "{text}");
    }
}

#[test]
fn an_error_names_its_place() {
    use Kind as K;
    let values = |name: &str, known| K::UnknownValue { name: name.into(), known };
    for (text, kind, place) in [
        ("form:王", K::UnknownCondition("form".into()), "form:"),
        ("a Re:b", K::UnknownCondition("re".into()), "Re:"),
        ("a from:", K::NoValue("from".into()), "from:"),
        ("from: wang", K::NoValue("from".into()), "from:"),
        ("after:", K::NoValue("after".into()), "after:"),
        ("from:\"\"", K::NoValue("from".into()), "from:\"\""),
        ("is:green", values("is", STATES), "green"),
        ("has:money", values("has", "attachment"), "money"),
        ("after:2026-02-30", K::NotADate, "2026-02-30"),
        ("larger:big", K::NotASize, "big"),
        ("larger:99999999999G", K::NotASize, "99999999999G"),
        ("larger:-1", K::NotASize, "-1"),
        ("a !!! b", K::NothingToFind, "!!!"),
        ("*", K::NothingToFind, "*"),
        ("\"\"", K::NothingToFind, "\"\""),
        ("a \"b", K::OpenQuote, "\""),
        ("a “b", K::OpenQuote, "“"),
        ("(a", K::OpenGroup, "("),
        ("a (", K::OpenGroup, "("),
        ("（a", K::OpenGroup, "（"),
        ("from:(a", K::OpenGroup, "("),
        ("a)", K::StrayParenthesis, ")"),
        (")", K::Empty, ")"),
        ("()", K::Empty, ")"),
        ("a OR", K::Empty, ""),
        ("OR a", K::Empty, ""),
        ("a OR OR b", K::Empty, ""),
        ("AND a", K::Empty, "a"),
        ("a AND", K::Empty, ""),
        ("-", K::Empty, ""),
        ("is:(read)", K::NoGroup("is".into()), "("),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.kind, kind, "{text}");
        if !place.is_empty() {
            assert_eq!(&text[error.at.clone()], place, "{text}");
        }
        assert!(!error.text().is_empty() && !error.zh().is_empty());
    }
}

#[test]
fn a_query_is_bounded() {
    let long = "a".repeat(MAX_QUERY + 1);
    assert_eq!(parse(&long).map_err(|error| error.kind), Err(Kind::TooLong));
    let many = "a ".repeat(MAX_CONDITIONS);
    assert!(parse(&many).is_ok());
    assert_eq!(parse(&format!("{many} b")).map_err(|error| error.kind), Err(Kind::TooMany));
    let deep = |levels| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&deep(MAX_NESTING)).is_ok());
    assert_eq!(parse(&deep(MAX_NESTING + 1)).map_err(|error| error.kind), Err(Kind::TooDeep));
    assert_eq!(parse(&"-".repeat(1000)).map_err(|error| error.kind), Err(Kind::TooDeep));
    assert_eq!(parse(&"(".repeat(1000)).map_err(|error| error.kind), Err(Kind::TooDeep));
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_an_error_with_a_place(text in "(\\PC|[()\"：:*\\- ]|OR |from:|after:|is:){0,30}") {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.at.clone()).is_some(), "{error:?}");
        }
    }
}
