//! The subject of an answer and of a forwarded mail: one mark in front, whatever marks other programs left there.

/// What stands before the colon of an answer's subject, in the languages that mail programs write it in.
const ANSWERS: [&str; 16] = [
    "re", "aw", "antw", "sv", "vs", "res", "rif", "odp", "ynt", "回复", "回覆", "答复", "答覆", "返信",
    "답장", "회신",
];

/// The same for forwarded mails.
const FORWARDS: [&str; 16] = [
    "fwd", "fw", "wg", "tr", "rv", "enc", "vb", "doorst", "pd", "转发", "轉發", "转寄", "轉寄", "転送",
    "전달", "i",
];

/// `Re: ` and the subject without such marks. A list's tag keeps its place: `[list] Re: x` is `Re: [list] x`.
pub(crate) fn of_an_answer(subject: &str) -> String {
    let subject = plain(subject);
    let mut rest = without(&subject, &ANSWERS);
    let mut tag = String::new();
    if let Some((name, behind)) = tagged(rest) {
        let bare = without(behind, &ANSWERS);
        if bare.len() < behind.len() {
            tag = format!("{name} ");
            rest = bare;
        }
    }
    format!("Re: {tag}{rest}").trim_end().to_owned()
}

/// `Fwd: ` and the subject without such marks.
pub(crate) fn of_a_forward(subject: &str) -> String {
    let subject = plain(subject);
    format!("Fwd: {}", without(&subject, &FORWARDS)).trim_end().to_owned()
}

/// One line without control characters, which no header may have.
pub(crate) fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// `[tag]` and what stands behind it.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let end = text.strip_prefix('[')?.find(']')? + 2;
    Some((&text[..end], text[end..].trim_start()))
}

/// What is left when every mark at the start is gone.
fn without<'t>(text: &'t str, marks: &[&str]) -> &'t str {
    let mut rest = text.trim_start();
    while let Some(behind) = marks.iter().find_map(|mark| behind(rest, mark)) {
        rest = behind;
    }
    rest
}

/// What stands behind the mark, its number (`Re[2]:`, `Re(3):`, `Re^4:`) and its colon.
fn behind<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let start = text.get(..mark.len())?;
    if !start.eq_ignore_ascii_case(mark) {
        return None;
    }
    let rest = text[mark.len()..].trim_start();
    let rest = match rest.chars().next()? {
        open @ ('[' | '(' | '^' | '*') => {
            let digits = rest[1..].trim_start_matches(|c: char| c.is_ascii_digit());
            if digits.len() + 1 == rest.len() {
                return None;
            }
            match open {
                '[' => digits.strip_prefix(']')?,
                '(' => digits.strip_prefix(')')?,
                _ => digits,
            }
        }
        _ => rest,
    };
    Some(rest.trim_start().strip_prefix([':', '：'])?.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_one_mark_whoever_wrote_the_others() {
        for (subject, expected) in [
            ("Lunch", "Re: Lunch"),
            ("Re: Lunch", "Re: Lunch"),
            ("RE:Lunch", "Re: Lunch"),
            ("re: RE: Re: Lunch", "Re: Lunch"),
            ("Re[2]: Lunch", "Re: Lunch"),
            ("Re(3): Re^4: Re*5 : Lunch", "Re: Lunch"),
            ("AW: SV: Antw: VS: Odp: Lunch", "Re: Lunch"),
            ("回复：午饭", "Re: 午饭"),
            ("回复: 答复：Re：午饭", "Re: 午饭"),
            ("回覆：答覆: 返信: 답장: x", "Re: x"),
            ("[list] Re: Lunch", "Re: [list] Lunch"),
            ("Re: [list] Re: Lunch", "Re: [list] Lunch"),
            ("[list] Lunch", "Re: [list] Lunch"),
            ("Fwd: Re: Lunch", "Re: Fwd: Re: Lunch"),
            ("Regarding: lunch", "Re: Regarding: lunch"),
            ("Re", "Re: Re"),
            ("Re[x]: Lunch", "Re: Re[x]: Lunch"),
            ("Re[]: Lunch", "Re: Re[]: Lunch"),
            ("", "Re:"),
            ("Re: ", "Re:"),
            ("é: x", "Re: é: x"),
        ] {
            assert_eq!(of_an_answer(subject), expected, "{subject}");
        }
    }

    #[test]
    fn a_forwarded_mail_has_one_mark_and_keeps_those_of_answers() {
        for (subject, expected) in [
            ("Lunch", "Fwd: Lunch"),
            ("FW: Fwd: WG: Lunch", "Fwd: Lunch"),
            ("转发：轉寄: 午饭", "Fwd: 午饭"),
            ("Re: Lunch", "Fwd: Re: Lunch"),
            ("", "Fwd:"),
        ] {
            assert_eq!(of_a_forward(subject), expected, "{subject}");
        }
    }

    #[test]
    fn a_subject_that_would_be_two_lines_is_one() {
        assert_eq!(of_an_answer("x\r\nBcc: evil@example.org\0y"), "Re: x  Bcc: evil@example.org y");
        assert_eq!(of_a_forward("x\nBcc: evil@example.org"), "Fwd: x Bcc: evil@example.org");
    }
}
