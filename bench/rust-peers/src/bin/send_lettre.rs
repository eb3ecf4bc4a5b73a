//! lettre's pooled asynchronous transport. `share=1` encodes the attachment once and clones it.
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::{
    PoolConfig,
    client::{Tls, TlsParameters},
};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use rust_peers::{Mail, Templates, arg, attachment, runtime};
use std::sync::Arc;

fn build(m: Mail, file: Option<&Body>, raw: Option<&Vec<u8>>) -> Message {
    let head = Message::builder()
        .from("Example Shop <shop@example.com>".parse().unwrap())
        .to(Mailbox::new(Some(m.name), m.to.parse().unwrap()))
        .subject(m.subject);
    let text = MultiPart::alternative_plain_html(m.text, m.html);
    let part = |body| -> SinglePart {
        Attachment::new("report.bin".into())
            .body::<Body>(body, ContentType::parse("application/octet-stream").unwrap())
    };
    match (file, raw) {
        (Some(body), _) => head.multipart(MultiPart::mixed().multipart(text).singlepart(part(body.clone()))),
        (_, Some(raw)) => head.multipart(
            MultiPart::mixed().multipart(text).singlepart(
                Attachment::new("report.bin".into())
                    .body(raw.clone(), ContentType::parse("application/octet-stream").unwrap()),
            ),
        ),
        _ => head.multipart(text),
    }
    .unwrap()
}

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let (n, conns, share) = (arg("n", 1000usize), arg("conns", 1usize), arg("share", 0) == 1);
    let raw = Arc::new(attachment());
    let file = Arc::new(
        raw.as_ref()
            .as_ref()
            .filter(|_| share)
            .map(|b| Body::new_with_encoding(b.clone(), ContentTransferEncoding::Base64).unwrap()),
    );
    let templates = Arc::new(Templates::load());
    runtime().block_on(async {
        let tls = match arg("tls", 0) {
            0 => Tls::None,
            _ => Tls::Required(
                TlsParameters::builder("localhost".into())
                    .dangerous_accept_invalid_certs(true)
                    .build()
                    .unwrap(),
            ),
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(arg("port", 2525))
            .tls(tls)
            .timeout(None)
            .pool_config(PoolConfig::new().max_size(conns as u32))
            .build();
        let tasks: Vec<_> = (0..conns)
            .map(|c| {
                let (transport, templates, file, raw) =
                    (transport.clone(), templates.clone(), file.clone(), raw.clone());
                tokio::spawn(async move {
                    for i in (c..n).step_by(conns) {
                        let message = build(templates.mail(i), file.as_ref().as_ref(), raw.as_ref().as_ref());
                        transport.send(message).await.unwrap();
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
        transport.shutdown().await;
    });
}
