//! No peer: a bare sender that shows what the protocol and the machine allow. It composes the same
//! personalised message, and either pipelines round DATA (`mode=data`: one round trip a message) or
//! sends BDAT with up to `window=` messages unanswered (`mode=bdat`). An attachment is encoded once and
//! shared (`share=1`, the default) or encoded while it is read and sent (`share=0`).
use base64_simd::{Out, STANDARD};
use rust_peers::{Mail, Templates, arg};
use std::fs::File;
use std::io::{BufRead, BufReader, IoSlice, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

const LINE: usize = 57;

/// Quoted-printable; the templates' lines are short enough, but for what the escapes add.
fn qp(s: &str, out: &mut Vec<u8>) {
    for line in s.as_bytes().split(|&b| b == b'\n') {
        if line.is_ascii() && !line.contains(&b'=') && line.len() < 76 {
            out.extend_from_slice(line);
        } else {
            let mut col = 0;
            for &b in line {
                if col > 72 {
                    out.extend_from_slice(b"=\r\n");
                    col = 0;
                }
                if b == b'=' || !(32..127).contains(&b) {
                    const H: &[u8; 16] = b"0123456789ABCDEF";
                    out.extend_from_slice(&[b'=', H[(b >> 4) as usize], H[(b & 15) as usize]]);
                    col += 3;
                } else {
                    out.push(b);
                    col += 1;
                }
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Base64 in lines of 76 with CRLF; `src` is a whole number of lines but at the end.
fn b64(src: &[u8], tmp: &mut Vec<u8>, out: &mut Vec<u8>) {
    let len = STANDARD.encoded_length(src.len());
    tmp.resize(len, 0);
    let _ = STANDARD.encode(src, Out::from_slice(&mut tmp[..]));
    out.reserve(len + len / 38 + 2);
    for line in tmp[..len].chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
}

/// Everything up to the attachment's encoded bytes.
fn compose(m: &Mail, i: usize, attach: bool, out: &mut Vec<u8>) {
    let word = |s: &str| format!("=?utf-8?B?{}?=", STANDARD.encode_to_string(s));
    write!(out, "From: Example Shop <shop@example.com>\r\nTo: {} <{}>\r\nSubject: {}\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\
        Message-ID: <{i}.b@example.com>\r\nMIME-Version: 1.0\r\n", word(&m.name), m.to, word(&m.subject)).unwrap();
    if attach {
        out.extend_from_slice(b"Content-Type: multipart/mixed; boundary=\"m1\"\r\n\r\n--m1\r\n");
    }
    out.extend_from_slice(b"Content-Type: multipart/alternative; boundary=\"a1\"\r\n\r\n--a1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    qp(&m.text, out);
    out.extend_from_slice(b"\r\n--a1\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    qp(&m.html, out);
    out.extend_from_slice(b"\r\n--a1--\r\n");
    if attach {
        out.extend_from_slice(b"--m1\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=report.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    }
}

struct Session {
    w: TcpStream,
    r: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Session {
    fn open() -> Self {
        let w = TcpStream::connect(("127.0.0.1", arg("port", 2525u16))).unwrap();
        w.set_nodelay(true).unwrap();
        let mut s =
            Session { r: BufReader::with_capacity(1 << 16, w.try_clone().unwrap()), w, line: Vec::new() };
        s.replies(1);
        s.w.write_all(b"EHLO bench\r\n").unwrap();
        s.replies(1);
        s
    }
    fn replies(&mut self, n: usize) {
        for _ in 0..n {
            loop {
                self.line.clear();
                self.r.read_until(b'\n', &mut self.line).unwrap();
                assert!(matches!(self.line[0], b'2' | b'3'), "{}", String::from_utf8_lossy(&self.line));
                if self.line[3] != b'-' {
                    break;
                }
            }
        }
    }
    fn write2(&mut self, a: &[u8], b: &[u8]) {
        let mut parts = [IoSlice::new(a), IoSlice::new(b)];
        let mut rest = &mut parts[..];
        while !rest.is_empty() {
            let n = self.w.write_vectored(rest).unwrap();
            IoSlice::advance_slices(&mut rest, n);
        }
    }
}

fn one_connection(c: usize, t: &Templates, shared: &[u8]) {
    let (n, conns, window, bdat) = (
        arg("n", 1000usize),
        arg("conns", 1usize),
        arg("window", 64usize),
        arg("mode", "bdat".to_string()) == "bdat",
    );
    let attach: String = arg("attach", String::new());
    let stream = !attach.is_empty() && shared.is_empty();
    let tail: &[u8] = if attach.is_empty() { b"" } else { b"\r\n--m1--\r\n" };
    let mut s = Session::open();
    let (mut body, mut out) = (Vec::new(), Vec::<u8>::with_capacity(1 << 18));
    let mut unanswered = 0;
    for i in (c..n).step_by(conns) {
        let m = t.mail(i);
        body.clear();
        compose(&m, i, !attach.is_empty(), &mut body);
        write!(out, "MAIL FROM:<shop@example.com>\r\nRCPT TO:<{}>\r\n", m.to).unwrap();
        if stream {
            // One message: its file is read, encoded and sent piece by piece.
            let (mut f, mut raw, mut tmp) =
                (File::open(&attach).unwrap(), vec![0u8; LINE * 4096], Vec::new());
            s.w.write_all(&out).unwrap();
            out.clear();
            let mut chunk = std::mem::take(&mut body);
            let (mut eof, mut chunks) = (false, 0);
            while !eof {
                let mut got = 0;
                while got < raw.len() {
                    match f.read(&mut raw[got..]).unwrap() {
                        0 => {
                            eof = true;
                            break;
                        }
                        k => got += k,
                    }
                }
                b64(&raw[..got], &mut tmp, &mut chunk);
                if eof {
                    chunk.extend_from_slice(tail);
                }
                let head = format!("BDAT {}{}\r\n", chunk.len(), if eof { " LAST" } else { "" });
                s.write2(head.as_bytes(), &chunk);
                chunk.clear();
                chunks += 1;
                if chunks > window {
                    s.replies(1);
                }
            }
            s.replies(2 + chunks.min(window));
            continue;
        }
        if bdat {
            write!(out, "BDAT {} LAST\r\n", body.len() + shared.len() + tail.len()).unwrap();
            out.extend_from_slice(&body);
            if !shared.is_empty() {
                s.write2(&out, shared);
                out.clear();
                out.extend_from_slice(tail);
            }
            unanswered += 1;
            // Half a window is taken in at a time, so that writes and replies both stay batched.
            if unanswered >= window || out.len() > 1 << 16 {
                s.w.write_all(&out).unwrap();
                out.clear();
                if unanswered >= window {
                    s.replies(3 * (window / 2).max(1));
                    unanswered -= (window / 2).max(1);
                }
            }
        } else {
            out.extend_from_slice(b"DATA\r\n");
            s.w.write_all(&out).unwrap();
            out.clear();
            s.replies(3 + unanswered);
            out.extend_from_slice(&body);
            if !shared.is_empty() {
                s.write2(&out, shared);
                out.clear();
                out.extend_from_slice(tail);
            }
            out.extend_from_slice(b".\r\n");
            unanswered = 1;
        }
    }
    s.w.write_all(&out).unwrap();
    s.replies(if bdat { 3 * unanswered } else { unanswered });
    s.w.write_all(b"QUIT\r\n").unwrap();
    s.replies(1);
}

fn main() {
    let attach: String = arg("attach", String::new());
    let mut shared = Vec::new();
    if !attach.is_empty() && arg("share", 1) == 1 {
        b64(&std::fs::read(&attach).unwrap(), &mut Vec::new(), &mut shared);
    }
    let (t, shared) = (Arc::new(Templates::load()), Arc::new(shared));
    let threads: Vec<_> = (0..arg("conns", 1usize))
        .map(|c| {
            let (t, shared) = (t.clone(), shared.clone());
            std::thread::spawn(move || one_connection(c, &t, &shared))
        })
        .collect();
    for h in threads {
        h.join().unwrap();
    }
}
