//! References within a message's own resources: RFC 3986 §5.2, as far as RFC 2557 needs it.

/// `reference` made absolute by `base` (RFC 3986 §5.2.2); without a usable base it stays as it is.
pub(crate) fn resolve(base: &str, reference: &str) -> String {
    let reference = reference.split('#').next().unwrap_or_default();
    if has_scheme(reference) {
        return reference.to_owned();
    }
    let Some(colon) = base.find(':').filter(|_| has_scheme(base)) else { return reference.to_owned() };
    let (scheme, rest) = (&base[..colon], &base[colon + 1..]);
    if reference.starts_with("//") {
        return format!("{scheme}:{}", without_dots(reference));
    }
    let (authority, path) = split_authority(rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let merged = if reference.starts_with('/') {
        reference.to_owned()
    } else if reference.is_empty() {
        path.to_owned()
    } else {
        let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
        let folder = if folder.is_empty() && !authority.is_empty() { "/" } else { folder };
        format!("{folder}{reference}")
    };
    format!("{scheme}:{authority}{}", without_dots(&merged))
}

fn has_scheme(uri: &str) -> bool {
    uri.find(':').is_some_and(|colon| {
        uri.starts_with(|c: char| c.is_ascii_alphabetic())
            && uri[..colon].chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// `//host` and what follows it.
fn split_authority(rest: &str) -> (&str, &str) {
    match rest.strip_prefix("//") {
        Some(after) => rest.split_at(2 + after.find(['/', '?', '#']).unwrap_or(after.len())),
        None => ("", rest),
    }
}

/// The path without `.` and `..` (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    if !path.contains("./") && !path.ends_with("/.") && !path.ends_with("/..") {
        return path.to_owned();
    }
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(usize::from(absolute)).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("{}{}{query}", if absolute { "/" } else { "" }, kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_3986_that_a_message_can_use() {
        const BASE: &str = "http://a/b/c/d;p?q";
        for (reference, target) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("g:h", "g:h"),
        ] {
            assert_eq!(resolve(BASE, reference), target, "{reference}");
        }
        assert_eq!(resolve("", "a.png"), "a.png");
        assert_eq!(resolve("http://a", "b.png"), "http://a/b.png");
    }
}
