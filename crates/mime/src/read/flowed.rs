//! `format=flowed` undone (RFC 3676): the lines that a sender broke for the wire become paragraphs again.
//!
//! A line that ends with a space goes on in the next one of the same quote depth; `DelSp=yes` says that this
//! space was put there by the sender and is none of the text's. One space at a line's start is stuffing. The
//! signature separator `-- ` is a line by itself.

/// Quote signs kept before one line; the others of a deeper quote are dropped (RFC 3676 sets no bound).
const MAX_DEPTH: usize = 100;

/// `text` with its flowed lines joined; `delsp` is the parameter of that name. Lines end in LF.
pub(crate) fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The quote depth of the paragraph that the line before left open.
    let mut open: Option<usize> = None;
    for line in text.split_terminator('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let content = &line[depth..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        let separator = content == "-- ";
        if open.is_some_and(|before| before != depth || separator) {
            out.push('\n');
            open = None;
        }
        if open.is_none() && depth > 0 {
            out.extend(std::iter::repeat_n('>', depth.min(MAX_DEPTH)));
            out.push(' ');
        }
        let flows = content.ends_with(' ') && !separator;
        out.push_str(if flows && delsp { &content[..content.len() - 1] } else { content });
        open = flows.then_some(depth);
        if !flows {
            out.push('\n');
        }
    }
    if open.is_some() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_as_rfc_3676_has_it() {
        for (rule, delsp, text, joined) in [
            ("a line that ends with a space goes on", false, "a \nb\nc\n", "a b\nc\n"),
            ("with DelSp the space goes", true, "中 \n文\n", "中文\n"),
            ("a stuffed space goes", false, " From a\n  b\n", "From a\n b\n"),
            ("quotes of one depth are one paragraph", false, "> a \n> b\n", "> a b\n"),
            ("another depth ends the paragraph", false, ">> a \n> b \nc\n", ">> a \n> b \nc\n"),
            ("quote signs need no space", false, ">a \n>b\n", "> a b\n"),
            ("the signature separator stands alone", false, "a \n-- \nme\n", "a \n-- \nme\n"),
            ("a quoted separator too", false, "> a \n> -- \n> me\n", "> a \n> -- \n> me\n"),
            ("CRLF", true, "a \r\nb\r\n", "ab\n"),
            ("an open paragraph at the end", false, "a ", "a \n"),
            ("nothing", false, "", ""),
        ] {
            assert_eq!(unflow(text, delsp), joined, "{rule}");
        }
    }
}
