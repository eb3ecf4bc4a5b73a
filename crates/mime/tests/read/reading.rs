//! The text that a person reads first: which parts, in which form, and what HTML becomes.

use std::time::{Duration, Instant};

use hongyan_mime::read::{Message, TextSource};
use proptest::prelude::*;

use crate::fixtures::mail;

fn text_of(rest: &str) -> String {
    Message::parse(&mail(rest)).best_text().text
}

/// The text of a part of HTML.
fn page(html: &str) -> String {
    text_of(&format!("Content-Type: text/html; charset=utf-8\n\n{html}"))
}

/// A multipart of `kind` with the given parts, each header and body.
fn multipart(kind: &str, boundary: &str, parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--{boundary}\n{part}\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary={boundary}\n\n{parts}--{boundary}--\n")
}

#[test]
fn the_words_are_found_by_the_rule_of_rfc_8621() {
    let (plain, html) = ("Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>html");
    let image = "Content-Type: image/png\n\nx";
    let attached = "Content-Type: text/plain\nContent-Disposition: attachment\n\nattached";
    let named = "Content-Type: text/plain; name=a.txt\n\nnamed";
    let blank = "Content-Type: text/plain\n\n \n\n";
    let message = "Content-Type: message/rfc822\n\nSubject: s\n\ninner";
    for (rule, rest, text) in [
        ("one part", "\nplain".to_owned(), "plain\n"),
        ("plain text goes before HTML", multipart("alternative", "b", &[plain, html]), "plain\n"),
        ("in whatever order", multipart("alternative", "b", &[html, plain]), "plain\n"),
        ("HTML where there is no text", multipart("alternative", "b", &[html]), "html\n"),
        ("HTML where the text is blank", multipart("alternative", "b", &[blank, html]), "html\n"),
        (
            "several texts follow one another",
            multipart("mixed", "b", &[plain, image, plain]),
            "plain\n\nplain\n",
        ),
        ("text and HTML in a row are both words", multipart("mixed", "b", &[plain, html]), "plain\n\nhtml\n"),
        ("an attached text is none", multipart("mixed", "b", &[plain, attached]), "plain\n"),
        ("a text with a name behind the first is none", multipart("mixed", "b", &[plain, named]), "plain\n"),
        (
            "a text with a name that comes first is",
            multipart("mixed", "b", &[named, plain]),
            "named\n\nplain\n",
        ),
        ("what HTML refers to is none", multipart("related", "b", &[html, plain]), "html\n"),
        (
            "an alternative within",
            multipart("mixed", "a", &[&multipart("alternative", "b", &[plain, html]), plain]),
            "plain\n\nplain\n",
        ),
        (
            "HTML with its images as one alternative",
            multipart("alternative", "a", &[plain, &multipart("related", "b", &[html, image])]),
            "plain\n",
        ),
        ("a message inside is no words of this one", multipart("mixed", "b", &[plain, message]), "plain\n"),
        ("but all there is where there are none", multipart("mixed", "b", &[image, message]), "inner\n"),
        ("also where only text is attached", multipart("mixed", "b", &[image, attached]), "attached\n"),
        ("a multipart without parts is text", "Content-Type: multipart/mixed\n\nwords".to_owned(), "words\n"),
        ("nothing", "\n".to_owned(), ""),
    ] {
        assert_eq!(text_of(&rest), text, "{rule}");
    }
}

#[test]
fn the_root_of_a_related_is_the_one_it_names() {
    let rest = "Content-Type: multipart/related; boundary=b; start=\"<two@x>\"\n\n--b\nContent-Type: text/html\n\none\n--b\n\
                Content-Type: text/html\nContent-ID: <two@x>\n\ntwo\n--b--\n";
    assert_eq!(text_of(rest), "two\n");
}

#[test]
fn a_message_inside_an_encoded_part_is_read_where_there_is_nothing_else() {
    let rest =
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogcw0KDQppbm5lcg0K\n";
    let raw = mail(rest);
    let text = Message::parse(&raw).best_text();
    assert_eq!(text.text, "inner\n");
    assert_eq!(text.pieces[0].part, 0, "the piece names the part that holds the message");
}

#[test]
fn pieces_say_where_they_come_from() {
    let flowed = "Content-Type: text/plain; charset=UTF-8; format=flowed; delsp=yes\n\n中 \n文\n";
    let raw = mail(&multipart("mixed", "b", &[flowed, "Content-Type: text/html\n\n<b>x"]));
    let text = Message::parse(&raw).best_text();
    assert_eq!(text.text, "中文\n\nx\n");
    let shown: Vec<_> = text
        .pieces
        .iter()
        .map(|piece| (piece.part, &text.text[piece.range.clone()], piece.source, piece.charset.as_deref()))
        .collect();
    assert_eq!(shown, [(1, "中文\n", TextSource::Flowed, Some("utf-8")), (2, "x\n", TextSource::Html, None)]);
}

#[test]
fn html_becomes_lines_that_read_well() {
    for (rule, html, text) in [
        ("paragraphs", "<p>a</p><p>b\n c</p>", "a\n\nb c\n"),
        ("lines", "<div>a</div><div>b</div>c<br>d", "a\nb\nc\nd\n"),
        ("inline markup joins nothing and parts nothing", "<b>a</b><i>b</i> <u>c</u>", "ab c\n"),
        ("a heading", "<h1>a</h1>b", "a\n\nb\n"),
        ("a list", "<ul><li>a<li>b<ol start=3><li>c</ol></ul>d", "- a\n- b\n  3. c\n\nd\n"),
        ("an item of paragraphs", "<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b\n"),
        ("a table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\nc\n"),
        ("cells of nothing", "<table><tr><td></td><td>a</td><td> </td><td>b</td></tr></table>", "a | b\n"),
        (
            "a table for the layout",
            "<table><tr><td><div>a</div></td><td><p>b</p></td></tr></table>",
            "a\n\nb\n",
        ),
        (
            "a quote",
            "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e",
            "a\n\n> b\n> c\n\n> > d\n\ne\n",
        ),
        ("preformatted text", "<pre>a  b\n  c\n</pre>d", "a  b\n  c\n\nd\n"),
        ("an image", "<img alt='a  b'><img src=x>", "[a b]\n"),
        ("a rule", "a<hr>b", "a\n----------\nb\n"),
        (
            "what is not shown",
            "a<div style='DISPLAY: none'>b<div>c</div></div>d<!-- e --><script>f</script>",
            "ad\n",
        ),
        ("a hidden element without end hides nothing", "a<div hidden>b", "a\nb\n"),
        ("the head", "<head><title>a</title><style>b</style></head><body>c", "c\n"),
        ("references", "&lt;b&gt;&nbsp;&amp;", "<b> &\n"),
        ("invisible fillers", "a\u{200c}\u{feff}\u{ad}b", "ab\n"),
        (
            "a link's target",
            "<a href='http://x.example/?a=1&amp;b'>a</a> b",
            "a [1] b\n\n[1] http://x.example/?a=1&b\n",
        ),
        ("a target twice", "<a href=http://x>a</a><a href=http://x>b</a>", "a [1]b [1]\n\n[1] http://x\n"),
        ("a link that is its own text", "<a href='http://x.example/'>x.example</a>", "x.example\n"),
        ("a link within the page, a script", "<a href='#a'>a</a><a href='javascript:x'>b</a>", "ab\n"),
        ("a link of an image without a name", "<a href=http://x><img src=y></a>a", "a\n"),
    ] {
        assert_eq!(page(html), text, "{rule}");
    }
}

#[test]
fn html_made_to_be_slow_is_converted_in_linear_time() {
    const COUNT: usize = 100_000;
    for (what, repeated) in [
        ("tables in tables", "<table><tr><td>a"),
        ("divisions in divisions", "<div>a"),
        ("quotes in quotes", "<blockquote>a"),
        ("lists in lists", "<ul><li>a"),
        ("formatting never closed", "<b id=1><a href=http://x>a<p>"),
        ("hidden in hidden", "<div hidden>"),
        ("tags without end", "<a "),
        ("quotes without end", "<a x=\""),
        ("comments without end", "<!--"),
        ("declarations without end", "<!"),
        ("scripts without end", "<script>"),
        ("ends of scripts that are none", "<script></scrip"),
        ("attributes", "<p a=1 b=2 c style=x hidden=\"y"),
        ("references", "&amp"),
        ("references that are none", "&#"),
        ("line breaks", "<br>"),
        ("ends", "</div></blockquote></ul></pre>"),
        ("images", "<img alt=\"a b\">"),
    ] {
        let raw = mail(&format!("Content-Type: text/html\n\n{}", repeated.repeat(COUNT)));
        let start = Instant::now();
        let text = Message::parse(&raw).best_text();
        let taken = start.elapsed();
        assert!(taken < Duration::from_secs(10), "{what}: {taken:?} for {} bytes", raw.len());
        assert!(text.text.len() <= raw.len() * 20, "{what}: {} bytes of text", text.text.len());
    }
}

#[test]
fn references_of_html_lead_to_parts() {
    let raw = mail(
        "Content-Type: multipart/related; boundary=b\nContent-Base: http://a.example/x/\n\n--b\nContent-Type: text/html\n\n\n\
         --b\nContent-Type: image/png\nContent-ID: <one@a.example>\n\n\
         --b\nContent-Type: image/png\nContent-Location: pics/two.png\n\n\
         --b\nContent-Type: image/png\nContent-Location: http://b.example/\n three.png\n\n\
         --b\nContent-Type: image/png\nContent-ID: <a b@c>\n\n--b--\n",
    );
    let message = Message::parse(&raw);
    let related = message.related(1);
    for (rule, reference, part) in [
        ("a Content-ID", "cid:one@a.example", Some(2)),
        ("the scheme in any case, the id escaped", "CID:one%40a.example", Some(2)),
        ("an id with a blank", "cid:a%20b@c", Some(5)),
        ("an id that is none", "cid:two@a.example", None),
        ("a relative location", "pics/two.png", Some(3)),
        ("a relative location with dots", "./y/../pics/two.png#z", Some(3)),
        ("the same made absolute", "http://a.example/x/pics/two.png", Some(3)),
        ("a folded location", "http://b.example/three.png", Some(4)),
        ("a location outside", "http://b.example/four.png", None),
        ("a place in the page", "#one", None),
        ("nothing", "", None),
    ] {
        assert_eq!(related.resolve(reference), part, "{rule}");
    }
    assert_eq!(related.resolve_in("http://b.example/", "three.png"), Some(4), "the base that HTML names");
    assert_eq!(related.resolve_in("pics/", "two.png"), Some(3), "a relative base");
}

#[test]
fn the_nearest_part_of_a_name_counts() {
    let related = "Content-Type: multipart/related; boundary=c\n\n--c\nContent-Type: text/html\n\n\n--c\nContent-Type: image/png\nContent-ID: <1>\n\n\n--c--";
    let raw = mail(&format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\nContent-ID: <1>\n\n\n--b\nContent-Type: image/gif\nContent-ID: <2>\n\n\n--b\n{related}\n--b--\n"
    ));
    let message = Message::parse(&raw);
    let html = message.parts().iter().position(|part| part.media_type.as_str() == "text/html").expect("HTML");
    assert_eq!(message.related(html).resolve("cid:1"), Some(html + 1), "the one beside it");
    assert_eq!(message.related(html).resolve("cid:2"), Some(2), "then any in the message");
}

proptest! {
    #[test]
    fn any_html_becomes_text_without_its_markup(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<", ">", "/", "=", "\"", "'", "!--", "-->", "<p>", "</p>", "<div hidden>", "<p style=display:none>", "</div>",
                "<td>", "<li>", "<ol start=-9223372036854775808>", "</ol>", "<pre>", "<blockquote>", "</blockquote>", "<script>",
                "</script>", "<title>", "<a href=http://x>", "</a>", "<img alt=é>", "&amp;", "&#", "&#x1F600;", "é", " ", "\n", "中",
            ]),
            0..40,
        ),
    ) {
        let text = page(&pieces.concat());
        prop_assert!(!text.contains("<div") && !text.contains("</p>"), "{}", text);
        prop_assert!(text.is_empty() || text.ends_with('\n'), "{:?}", text);
    }
}
