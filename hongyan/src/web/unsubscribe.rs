//! Where a reader gets off a list: the link in their letter.
//!
//! | request | answer |
//! |---|---|
//! | GET, HEAD | a page that asks; nothing changes, because scanners and previews follow links |
//! | POST with `List-Unsubscribe=One-Click` | off, at once: a mail program (RFC 8058 §3.2) or the page's button |
//!
//! The token is the last part of the path, so that a proxy may serve this anywhere. It is all that is asked for: no cookie,
//! no login, no redirection. A token that is not ours gets a friendly 404; an address is never shown whole.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use maud::html;

use super::page::{Language, Mood, page};
use crate::bulk::ledger::Ledger;
use crate::bulk::unsubscribe::{Desk, Reader, Whose};
use crate::said::{Said, said};

/// The largest body of a request, in octets: the field of RFC 8058 has 26, a form of many parts some hundred more.
pub const MAX_BODY: usize = 4 * 1024;

/// What RFC 8058 §3.1 has a mail program send, as a form's field or as a part.
const FIELD: &[u8] = b"List-Unsubscribe";
const VALUE: &[u8] = b"One-Click";

/// What happened, for whoever runs the server. Never an address as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Somebody is off the list.
    Off {
        /// The address, masked.
        address: String,
        /// What the campaign is called.
        campaign: String,
        /// The row of the letter.
        row: u64,
    },
    /// A token of ours whose letter is in none of the ledgers here: the reader was asked to come again.
    Absent {
        /// [`Claim::campaign`](crate::bulk::token::Claim::campaign).
        campaign: String,
        /// The row of the letter.
        row: u64,
    },
    /// A ledger or the list does not work: the reader was asked to come again.
    Failed(Said),
}

/// Whom to tell.
pub type Tell = dyn Fn(Happened) + Send + Sync;

struct Office<L> {
    desk: Desk<L>,
    tell: Box<Tell>,
}

/// The service.
pub fn service<L: Ledger>(desk: Desk<L>, tell: impl Fn(Happened) + Send + Sync + 'static) -> Router {
    Router::new().fallback(answer::<L>).with_state(Arc::new(Office { desk, tell: Box::new(tell) }))
}

async fn answer<L: Ledger>(State(office): State<Arc<Office<L>>>, request: Request) -> Response {
    let language = Language::of(request.headers());
    let token = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let method = request.method().clone();
    match method {
        Method::GET | Method::HEAD => match office.whose(&token).await {
            Ok(reader) => ask(language, &reader),
            Err(refusal) => refusal.page(language),
        },
        Method::POST => {
            if !asks_to_be_taken_off(request.into_body()).await {
                return Refusal::NotAsked.page(language);
            }
            match office.take_off(&token).await {
                Ok(reader) => done(language, &reader),
                Err(refusal) => refusal.page(language),
            }
        }
        _ => Refusal::Method.page(language),
    }
}

impl<L: Ledger> Office<L> {
    async fn whose(&self, token: &str) -> Result<Reader, Refusal> {
        match self.desk.whose(token).await {
            Ok(Whose::Reader(reader)) => Ok(reader),
            Ok(Whose::Nobody) => Err(Refusal::Nobody),
            Ok(Whose::Absent(claim)) => {
                (self.tell)(Happened::Absent { campaign: claim.campaign(), row: claim.row });
                Err(Refusal::Later)
            }
            Err(error) => {
                let text = error.to_string();
                (self.tell)(Happened::Failed(said(text.clone(), text)));
                Err(Refusal::Later)
            }
        }
    }

    async fn take_off(self: &Arc<Self>, token: &str) -> Result<Reader, Refusal> {
        let reader = self.whose(token).await?;
        let (office, taken) = (Arc::clone(self), reader.clone());
        let done = tokio::task::spawn_blocking(move || office.desk.take_off(&taken)).await;
        match done {
            Ok(Ok(())) => {
                let (campaign, row) = (reader.campaign.clone(), reader.row);
                (self.tell)(Happened::Off { address: masked(&reader), campaign, row });
                Ok(reader)
            }
            Ok(Err(why)) => {
                (self.tell)(Happened::Failed(why));
                Err(Refusal::Later)
            }
            Err(error) => {
                let text = error.to_string();
                (self.tell)(Happened::Failed(said(text.clone(), text)));
                Err(Refusal::Later)
            }
        }
    }
}

/// Whether a body says what RFC 8058 wants: in a form of either kind the two words stand as they are.
async fn asks_to_be_taken_off(body: Body) -> bool {
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return false };
    let Some(at) = memchr::memmem::find(&body, FIELD) else { return false };
    memchr::memmem::find(&body[at + FIELD.len()..], VALUE).is_some()
}

/// Why it is not done.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// Not a token of ours.
    Nobody,
    /// Something does not work here.
    Later,
    /// A POST that does not ask for it.
    NotAsked,
    /// Neither GET nor POST.
    Method,
}

impl Refusal {
    fn page(self, language: Language) -> Response {
        let (status, title, text) = match self {
            Self::Nobody => (
                StatusCode::NOT_FOUND,
                said("This link is not valid", "链接无效"),
                said(
                    "It may have been cut off when it was copied. Open the link in the mail as it is, or answer the mail and ask to be taken off the list.",
                    "链接可能在复制时被截断。请直接点击邮件中的链接，或回复该邮件要求退订。",
                ),
            ),
            Self::Later => (
                StatusCode::SERVICE_UNAVAILABLE,
                said("That did not work", "暂时无法退订"),
                said(
                    "You are still on the list. Please try again later, or answer the mail and ask to be taken off.",
                    "您尚未退订。请稍后再试，或回复该邮件要求退订。",
                ),
            ),
            Self::NotAsked => (
                StatusCode::BAD_REQUEST,
                said("Nothing was changed", "未作任何更改"),
                said(
                    "Open the link in the mail again and use the button.",
                    "请重新打开邮件中的链接，并点击按钮。",
                ),
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                said("Nothing was changed", "未作任何更改"),
                said("Open the link in the mail with a browser.", "请用浏览器打开邮件中的链接。"),
            ),
        };
        let content = html! { p.quiet { (language.of_text(&text)) } };
        let mut response = page(status, language, Mood::Trouble, language.of_text(&title), content);
        match self {
            Self::Method => set(response.headers_mut(), header::ALLOW, "GET, HEAD, POST"),
            Self::Later => set(response.headers_mut(), header::RETRY_AFTER, "600"),
            Self::Nobody | Self::NotAsked => {}
        }
        response
    }
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn ask(language: Language, reader: &Reader) -> Response {
    let title = said("Unsubscribe?", "要退订吗？");
    let before = said("No more mails of this kind will be sent to", "今后将不再向以下地址发送此类邮件：");
    let button = said("Unsubscribe", "确认退订");
    let after = said("If you came here by mistake, just close this page.", "如果是误点，直接关闭此页即可。");
    let content = html! {
        p { (language.of_text(&before)) " " span.address { (masked(reader)) } }
        form method="post" {
            input type="hidden" name="List-Unsubscribe" value="One-Click";
            button type="submit" { (language.of_text(&button)) }
        }
        p.quiet { (language.of_text(&after)) }
    };
    page(StatusCode::OK, language, Mood::Question, language.of_text(&title), content)
}

fn done(language: Language, reader: &Reader) -> Response {
    let title = said("You are unsubscribed", "已退订");
    let before = said("No more mails of this kind go to", "今后不再发送此类邮件：");
    let after = said("What is on its way already may still arrive.", "已在途中的邮件仍可能送达。");
    let content = html! {
        p { (language.of_text(&before)) " " span.address { (masked(reader)) } }
        p.quiet { (language.of_text(&after)) }
    };
    page(StatusCode::OK, language, Mood::Done, language.of_text(&title), content)
}

/// Enough of an address for its owner to know it, and for nobody else to use it: `z•••@example.org`.
fn masked(reader: &Reader) -> String {
    let first: String = reader.address.local().chars().take(1).filter(|c| c.is_alphanumeric()).collect();
    format!("{first}•••@{}", reader.address.domain())
}
