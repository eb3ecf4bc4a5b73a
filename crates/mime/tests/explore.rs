use hongyan_mime::read::{Message, inspect};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use std::path::{Path, PathBuf};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
fn flat<'a>(m: &'a mail_parser::Message<'a>, out: &mut Vec<(String, Vec<u8>, Option<String>)>) {
    for p in &m.parts {
        let ct = p
            .content_type()
            .map(|c| format!("{}/{}", c.c_type, c.c_subtype.as_deref().unwrap_or("")))
            .unwrap_or_default()
            .to_lowercase();
        let name = p.attachment_name().map(|s| s.to_string());
        match &p.body {
            PartType::Text(t) | PartType::Html(t) => {
                out.push((format!("T {ct}"), t.as_bytes().to_vec(), name))
            }
            PartType::Binary(b) | PartType::InlineBinary(b) => {
                out.push((format!("B {ct}"), b.to_vec(), name))
            }
            PartType::Message(m) => flat(m, out),
            PartType::Multipart(_) => {}
        }
    }
}
#[test]
fn explore() {
    let folder = std::env::var_os("HONGYAN_CORPUS").unwrap();
    let manifest = std::fs::read_to_string(Path::new(&folder).join("MANIFEST.tsv")).unwrap();
    let (mut n, mut subj, mut from, mut date, mut count, mut content, mut name) = (0, 0, 0, 0, 0, 0, 0);
    let show = std::env::var("SHOW").unwrap_or_default();
    for line in manifest.lines().skip(1) {
        let f: Vec<&str> = line.split('\t').collect();
        if f[2] != "input"
            || ![
                "bounce",
                "mime",
                "charset",
                "malformed",
                "dkim-auth",
                "reports",
                "spam-phish",
                "eai",
                "headers",
                "tnef-smime-pgp",
                "calendar",
            ]
            .contains(&f[1])
        {
            continue;
        }
        let path = Path::new(&folder).join(f[0]);
        let raw = std::fs::read(&path).unwrap();
        if !raw.contains(&b'\n') {
            continue;
        }
        let ours = inspect(&raw);
        let msg = Message::parse(&raw);
        let Ok(parsed) = std::panic::catch_unwind(|| MessageParser::default().parse(&raw)) else {
            println!("PANIC {}", f[0]);
            continue;
        };
        let Some(theirs) = parsed else {
            println!("NONE {}", f[0]);
            continue;
        };
        n += 1;
        let ts = theirs.subject().map(|s| s.trim().to_string());
        let os = ours.subject.clone();
        if ts.clone().unwrap_or_default() == os.clone().unwrap_or_default() {
            subj += 1
        } else if show.contains('s') {
            println!("SUBJ {}\n   ours   {:?}\n   theirs {:?}", f[0], os, ts)
        }
        let tf: Vec<(String, String)> = theirs
            .from()
            .map(|a| {
                a.clone()
                    .into_list()
                    .into_iter()
                    .map(|a| {
                        (a.name.unwrap_or_default().to_string(), a.address.unwrap_or_default().to_string())
                    })
                    .collect()
            })
            .unwrap_or_default();
        let of: Vec<(String, String)> =
            ours.from.iter().map(|p| (p.name.clone().unwrap_or_default(), p.address.clone())).collect();
        if tf == of {
            from += 1
        } else if show.contains('f') {
            println!("FROM {}\n   ours   {:?}\n   theirs {:?}", f[0], of, tf)
        }
        let td = theirs.date().map(|d| d.to_timestamp());
        let od = msg.date().map(|d| d.timestamp());
        if td == od {
            date += 1
        } else if show.contains('d') {
            println!(
                "DATE {}\n   ours   {:?}\n   theirs {:?}",
                f[0],
                ours.date,
                theirs.date().map(|d| d.to_rfc3339())
            )
        }
        let mut t = Vec::new();
        flat(&theirs, &mut t);
        let o: Vec<usize> = (0..ours.parts.len()).filter(|i| ours.parts[*i].children == 0).collect();
        if t.len() == o.len() {
            count += 1;
        } else if show.contains('c') {
            println!(
                "COUNT {}\n   ours   {:?}\n   theirs {:?}",
                f[0],
                o.iter()
                    .map(|i| (&ours.parts[*i].path, &ours.parts[*i].media_type, ours.parts[*i].len))
                    .collect::<Vec<_>>(),
                t.iter().map(|x| (&x.0, x.1.len())).collect::<Vec<_>>()
            );
        }
        if t.len() == o.len() {
            let same = o.iter().zip(&t).all(|(i, x)| match &ours.parts[*i].text {
                Some(s) if x.0.starts_with('T') => s.as_bytes() == x.1,
                _ => ours.parts[*i].len == x.1.len() as u64,
            });
            if same {
                content += 1
            } else if show.contains('b') {
                println!("BODY {}", f[0]);
                for (i, x) in o.iter().zip(&t) {
                    match &ours.parts[*i].text {
                        Some(s) if x.0.starts_with('T') => {
                            if s.as_bytes() != x.1 {
                                let a = s.as_bytes();
                                let b = &x.1;
                                let k = a
                                    .iter()
                                    .zip(b.iter())
                                    .position(|(a, b)| a != b)
                                    .unwrap_or(a.len().min(b.len()));
                                let k0 = k.saturating_sub(10);
                                println!(
                                    "   {} {} {:?} len {} vs {} at {k}\n     {:?}\n     {:?}",
                                    ours.parts[*i].path,
                                    x.0,
                                    ours.parts[*i].charset,
                                    a.len(),
                                    b.len(),
                                    String::from_utf8_lossy(&a[k0..a.len().min(k + 40)]),
                                    String::from_utf8_lossy(&b[k0..b.len().min(k + 40)])
                                );
                            }
                        }
                        _ => {
                            if ours.parts[*i].len != x.1.len() as u64 {
                                println!(
                                    "   {} {} / {} len {} vs {}",
                                    ours.parts[*i].path,
                                    ours.parts[*i].media_type,
                                    x.0,
                                    ours.parts[*i].len,
                                    x.1.len()
                                )
                            }
                        }
                    }
                }
            }
            if o.iter()
                .zip(&t)
                .all(|(i, x)| ours.parts[*i].file.as_deref().unwrap_or("") == x.2.as_deref().unwrap_or(""))
            {
                name += 1
            } else if show.contains('n') {
                println!("NAME {}", f[0]);
                for (i, x) in o.iter().zip(&t) {
                    if ours.parts[*i].file.as_deref().unwrap_or("") != x.2.as_deref().unwrap_or("") {
                        println!("    {:?} / {:?}", ours.parts[*i].file, x.2)
                    }
                }
            }
        }
    }
    println!(
        "{n} files: subject {subj} from {from} date {date} count {count} content {content} names {name}"
    );
}
#[test]
fn one() {
    let Some(f) = std::env::var_os("FILE") else { return };
    let raw = std::fs::read(&f).unwrap();
    let s = inspect(&raw);
    for l in hongyan_mime::read::tree(&s) {
        println!("{l}");
    }
    println!("{:?} {:?} {:?} {:?}", s.subject, s.from, s.to, s.date);
    for d in &s.defects {
        println!("{} {} {} @{}: {} / {}", d.severity, d.code, d.part, d.at, d.text, d.zh);
    }
}
#[test]
fn expected() {
    let folder = std::env::var_os("HONGYAN_CORPUS").unwrap();
    let (mut n, mut bad) = (0, 0);
    for path in files_below(Path::new(&folder)) {
        let name = path.to_string_lossy().into_owned();
        let Some(input) = name.strip_suffix(".imap_tools.json") else { continue };
        let Ok(raw) = std::fs::read(input) else {
            println!("NO INPUT {input}");
            continue;
        };
        let Ok(j) = serde_json::from_str::<serde_json::Value>(
            &std::fs::read_to_string(&path).unwrap().replace("\\ud", "\\\\ud"),
        ) else {
            println!("BADJSON {name}");
            continue;
        };
        let s = inspect(&raw);
        n += 1;
        let mut out = Vec::new();
        let js = |k: &str| j[k].as_str().unwrap_or("").to_string();
        if js("subject") != s.subject.clone().unwrap_or_default() {
            out.push(format!("subject {:?} / {:?}", s.subject, js("subject")));
        }
        if j["date"].as_str() != s.date.as_deref() {
            out.push(format!("date {:?} / {:?} {:?}", s.date, j["date"], j["date_str"]));
        }
        let people = |v: &serde_json::Value| {
            v.as_array()
                .map(|a| {
                    a.iter()
                        .map(|p| {
                            (
                                p["name"].as_str().unwrap_or("").to_string(),
                                p["email"].as_str().unwrap_or("").to_string(),
                            )
                        })
                        .collect::<Vec<_>>()
                })
                .unwrap_or_default()
        };
        let ours = |v: &Vec<hongyan_mime::read::Person>| {
            v.iter().map(|p| (p.name.clone().unwrap_or_default(), p.address.clone())).collect::<Vec<_>>()
        };
        if people(&j["to_values"]) != ours(&s.to) {
            out.push(format!("to {:?} / {:?}", ours(&s.to), people(&j["to_values"])));
        }
        if people(&j["cc_values"]) != ours(&s.cc) {
            out.push(format!("cc {:?} / {:?}", ours(&s.cc), people(&j["cc_values"])));
        }
        let f = people(&serde_json::Value::Array(vec![j["from_values"].clone()]));
        if !j["from_values"].is_null() && f != ours(&s.from) {
            out.push(format!("from {:?} / {:?}", ours(&s.from), f));
        }
        for a in j["attachments"].as_array().unwrap_or(&Vec::new()) {
            let sha = a["payload"]["sha256"].as_str().unwrap_or("");
            if !s.parts.iter().any(|p| p.sha256.as_deref() == Some(sha)) {
                out.push(format!(
                    "attachment {} {} {} | ours {:?}",
                    a["filename"],
                    a["content_type"],
                    a["payload"]["len"],
                    s.parts.iter().map(|p| (&p.path, &p.media_type, p.len, &p.file)).collect::<Vec<_>>()
                ));
            } else if !s.parts.iter().any(|p| {
                p.sha256.as_deref() == Some(sha)
                    && p.file.as_deref().unwrap_or("") == a["filename"].as_str().unwrap_or("")
            }) {
                out.push(format!(
                    "filename {} / {:?}",
                    a["filename"],
                    s.parts.iter().map(|p| &p.file).collect::<Vec<_>>()
                ));
            }
        }
        let text: String = s
            .parts
            .iter()
            .filter(|p| p.media_type == "text/plain" && p.disposition.as_deref() != Some("attachment"))
            .filter_map(|p| p.text.clone())
            .collect();
        if text.replace("\r\n", "\n").trim() != js("text").replace("\r\n", "\n").trim() {
            out.push(format!(
                "text {:?} / {:?}",
                text.chars().take(150).collect::<String>(),
                js("text").chars().take(150).collect::<String>()
            ));
        }
        if !out.is_empty() {
            bad += 1;
            println!("== {}\n   {}", input.split("corpus/").last().unwrap(), out.join("\n   "));
        }
    }
    println!("EXPECTED {n} files, {bad} differ");
}
