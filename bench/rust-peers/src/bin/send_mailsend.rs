//! mail-send with mail-builder, a client per connection.
use mail_builder::MessageBuilder;
use mail_send::{SmtpClient, SmtpClientBuilder};
use rust_peers::{Mail, Templates, arg, attachment, runtime};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

fn build<'a>(m: &'a Mail, file: Option<&'a [u8]>) -> MessageBuilder<'a> {
    let b = MessageBuilder::new()
        .from(("Example Shop", "shop@example.com"))
        .to((m.name.as_str(), m.to.as_str()))
        .subject(m.subject.as_str())
        .text_body(m.text.as_str())
        .html_body(m.html.as_str());
    match file {
        Some(bytes) => b.attachment("application/octet-stream", "report.bin", bytes),
        None => b,
    }
}

async fn each<T: AsyncRead + AsyncWrite + Unpin>(
    mut client: SmtpClient<T>,
    range: impl Iterator<Item = usize>,
    templates: &Templates,
    file: Option<&[u8]>,
) {
    for i in range {
        client.send(build(&templates.mail(i), file)).await.unwrap();
    }
    let _ = client.quit().await;
}

fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let (n, conns) = (arg("n", 1000usize), arg("conns", 1usize));
    let (file, templates) = (Arc::new(attachment()), Arc::new(Templates::load()));
    runtime().block_on(async {
        let tasks: Vec<_> = (0..conns)
            .map(|c| {
                let (file, templates) = (file.clone(), templates.clone());
                tokio::spawn(async move {
                    let builder = SmtpClientBuilder::new("127.0.0.1".to_string(), arg("port", 2525))
                        .unwrap()
                        .allow_invalid_certs()
                        .implicit_tls(false);
                    let range = (c..n).step_by(conns);
                    match arg("tls", 0) {
                        0 => {
                            each(builder.connect_plain().await.unwrap(), range, &templates, file.as_deref())
                                .await
                        }
                        _ => each(builder.connect().await.unwrap(), range, &templates, file.as_deref()).await,
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
    });
}
