//! scratch
use hongyan_mime::read::*;
use std::time::Instant;
fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let mut all = Vec::new();
    fn collect(folder: &std::path::Path, all: &mut Vec<(String, Vec<u8>)>) {
        for e in std::fs::read_dir(folder).unwrap() {
            let p = e.unwrap().path();
            if p.is_dir() {
                collect(&p, all)
            } else if !matches!(
                p.extension().and_then(|e| e.to_str()),
                Some("json" | "tsv" | "xml" | "html" | "md")
            ) {
                all.push((p.display().to_string(), std::fs::read(&p).unwrap()))
            }
        }
    }
    collect(std::path::Path::new(&folder), &mut all);
    let mut t = std::collections::BTreeMap::<String, (f64, usize)>::new();
    let mut files = Vec::new();
    for (n, raw) in &all {
        let s0 = Instant::now();
        for _ in 0..20 {
            let m = Message::parse(raw);
            let s = Instant::now();
            std::hint::black_box(m.subject());
            t.entry("subject".into()).or_default().0 += s.elapsed().as_secs_f64();
            let s = Instant::now();
            std::hint::black_box(m.from());
            t.entry("from".into()).or_default().0 += s.elapsed().as_secs_f64();
            for (i, p) in m.parts().iter().enumerate() {
                if p.is_container() {
                    continue;
                }
                let s = Instant::now();
                std::hint::black_box(m.file_name(i));
                t.entry("name".into()).or_default().0 += s.elapsed().as_secs_f64();
                let s = Instant::now();
                let d = std::hint::black_box(m.decoded(i)).len();
                let e = t.entry(format!("dec {:?}", p.encoding)).or_default();
                e.0 += s.elapsed().as_secs_f64();
                e.1 += m.body(i).len();
                if p.media_type.is_text() {
                    let s = Instant::now();
                    std::hint::black_box(m.text(i));
                    let e = t
                        .entry(format!("text {:?} {:?}", p.encoding, m.charset(i).unwrap_or_default()))
                        .or_default();
                    e.0 += s.elapsed().as_secs_f64();
                    e.1 += d;
                }
            }
        }
        files.push((s0.elapsed().as_secs_f64() / 20.0, raw.len(), n.clone()));
    }
    let mut t: Vec<_> = t.into_iter().collect();
    t.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    for (k, (s, b)) in t.iter().take(14) {
        println!("{:8.2} ms  {:8.1} MB/s {}", s * 1000.0 / 20.0, *b as f64 / s / 1e6, k);
    }
    files.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (s, b, n) in files.iter().take(8) {
        println!("{:8.3} ms {:8.1} MB/s {n}", s * 1000.0, *b as f64 / s / 1e6)
    }
}
