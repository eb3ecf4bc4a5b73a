//! Signs of what a mail is, in who sent it and what its subject and first lines say.

use hongyan_mime::read::Message;

/// Whether a mail system sent it: by the name it has, since a null reverse-path is also what holiday replies come with.
pub(super) fn is_from_a_mail_system(message: &Message<'_>) -> bool {
    const LOCAL: [&str; 12] = [
        "mailer-daemon",
        "mailerdaemon",
        "mail-daemon",
        "maildaemon",
        "mail_daemon",
        "postmaster",
        "post_master",
        "post-master",
        "mdaemon",
        "microsoftexchange",
        "mailmaster",
        "mailsystem",
    ];
    const NAMES: [&str; 8] = [
        "mail delivery",
        "mail deliver",
        "mailer-daemon",
        "mailer daemon",
        "system administrator",
        "delivery subsystem",
        "mail administrator",
        "postmaster",
    ];
    let from = |name: &str| message.field(0, name).map(|field| message.value_text(field).to_lowercase());
    let value = from("From").unwrap_or_default();
    let sender = from("Sender").unwrap_or_default();
    let return_path = from("Return-Path").unwrap_or_default();
    let begins = |value: &str| {
        let address = super::address::find(value).first().map(|found| found.text.to_owned());
        let local = address.as_deref().unwrap_or(value).trim_matches(['<', '>', ' ', '"']);
        LOCAL.iter().any(|known| local.starts_with(known))
    };
    if begins(&value)
        || begins(&sender)
        || begins(&return_path)
        || NAMES.iter().any(|name| value.contains(name))
    {
        return true;
    }
    // Nobody at all: `From: <>`.
    matches!(value.trim(), "<>" | "") && message.field(0, "From").is_some()
}

/// Whether a subject is one that mail systems give to bounces.
pub(super) fn subject_says_failure(subject: &str) -> bool {
    const SAID: [&str; 62] = [
        "undeliver",
        "undelivered",
        "unzustellbar",
        "unable to deliver",
        "not delivered",
        "non delivery",
        "non-delivery",
        "nondelivery",
        "nondeliverable",
        "not deliverable",
        "delivery status notification",
        "delivery status",
        "delivery failure",
        "delivery failed",
        "delivery has failed",
        "delivery error",
        "delivery problem",
        "delivery notification",
        "delivery report",
        "delivery attempt",
        "failure notice",
        "failure delivery",
        "failed delivery",
        "failed mail",
        "failed to deliver",
        "failed message",
        "message failed",
        "message status",
        "mail failure",
        "mail failed",
        "mail error",
        "mail could not be delivered",
        "could not be delivered",
        "returned mail",
        "returned message",
        "returned to sender",
        "returning message",
        "return to sender",
        "returned email",
        "bounced mail",
        "mail system error",
        "mail delivery",
        "error sending your mail",
        "user unknown",
        "permanent delivery failure",
        "message rejected",
        "rejected message",
        "warning: could not send",
        "non remis",
        "échec de la remise",
        "zustellung",
        "mancata consegna",
        "non recapitato",
        "no se puede entregar",
        "no entregado",
        "не доставлено",
        "не может быть доставлено",
        "недоставленное",
        "退信",
        "未送达",
        "無法傳遞",
        "配信できません",
    ];
    let subject = subject.to_lowercase();
    SAID.iter().any(|said| subject.contains(said))
        || subject.contains("系统退信")
        || subject.contains("投递失败")
}

/// Whether a text is in the words of a mail system that could not deliver.
pub(super) fn words_say_failure(words: &str) -> bool {
    const SAID: [&str; 44] = [
        "could not be delivered",
        "couldn't be delivered",
        "cannot be delivered",
        "can not be delivered",
        "can't be delivered",
        "was not delivered",
        "wasn't delivered",
        "not been delivered",
        "has not yet been delivered",
        "unable to deliver",
        "failed to deliver",
        "undeliverable",
        "undelivered",
        "delivery failed",
        "delivery failure",
        "delivery to the following",
        "deliver your message",
        "failed permanently",
        "did not reach the following",
        "permanent error",
        "permanent fatal error",
        "delivery errors",
        "delivery error",
        "delivery problems",
        "trouble delivering",
        "error while attempting to deliver",
        "error delivering your mail",
        "was rejected by",
        "rejected your message",
        "following address failed",
        "following recipients",
        "sorry, your message",
        "invalid user address",
        "unknown user",
        "user unknown",
        "mailbox is full",
        "mail loop",
        "送信できませんでした",
        "配信できませんでした",
        "无法送达",
        "退信",
        "投递失败",
        "nicht zugestellt",
        "не может быть доставлено",
    ];
    let beginning = &words[..words.floor_char_boundary(BEGINNING.min(words.len()))];
    let lower = beginning.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    SAID.iter().any(|said| lower.contains(said))
}

/// Octets of the words in which a mail system says what it is about.
const BEGINNING: usize = 8 << 10;

/// Whether it is a warning: the server still tries.
pub(super) fn says_delay(subject: &str, words: &str) -> bool {
    const SAID: [&str; 22] = [
        "has not yet been delivered",
        "not yet been delivered",
        "has been delayed",
        "is delayed",
        "delivery delayed",
        "delivery incomplete",
        "message delayed",
        "will be retried",
        "will retry",
        "will continue to be",
        "will keep trying",
        "will continue trying",
        "will continue to try",
        "still being retried",
        "still trying",
        "warning message only",
        "this is a warning",
        "do not need to resend",
        "temporary problem delivering",
        "no action is required on your part",
        "仍在尝试",
        "稍后重试",
    ];
    let subject = subject.to_lowercase();
    if subject.contains("(delay)")
        || subject.contains("delayed")
        || subject.contains("could not send message for past")
    {
        return true;
    }
    let beginning = &words[..words.floor_char_boundary(BEGINNING.min(words.len()))];
    let lower = beginning.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let final_word =
        ["permanent error", "failed permanently", "permanent failure", "permanent fatal", "giving up"];
    SAID.iter().any(|said| lower.contains(said)) && !final_word.iter().any(|said| lower.contains(said))
}

/// Whether a subject asks for no more mail, and says nothing else.
pub(super) fn asks_to_unsubscribe(subject: &str) -> bool {
    let mut bare = subject.trim().to_lowercase();
    for lead in ["re:", "回复:", "回复：", "答复:", "aw:"] {
        bare = bare.strip_prefix(lead).unwrap_or(&bare).trim().to_owned();
    }
    let first = bare.split_whitespace().next().unwrap_or_default();
    let bare = bare.trim_matches(['"', '\'', '.', '!', '<', '>', ' ']);
    matches!(
        bare,
        "unsubscribe" | "unsubscribe me" | "please unsubscribe" | "退订" | "取消订阅" | "退訂" | "取消訂閱"
    ) || (first == "unsubscribe" && bare.split_whitespace().count() == 2)
}
