//! Mail that answers by itself and reports nothing: holidays, receipts of a help desk, challenges (RFC 3834).
//!
//! Taking one for a bounce would strike off somebody who is on holiday, so whatever looks like one is one, unless it is a
//! report by its form (`message/delivery-status`) or comes from a mail system itself.

use hongyan_mime::read::Message;

/// Whether it answers by itself, as its header says.
pub(super) fn by_its_header(message: &Message<'_>) -> bool {
    let value = |name| message.field(0, name).map(|field| message.value_text(field).to_lowercase());
    let submitted = value("Auto-Submitted").unwrap_or_default();
    if submitted.starts_with("auto-replied") || submitted.starts_with("auto-notified") {
        return true;
    }
    const MARKS: [&str; 13] = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-AutoReply-From",
        "X-Auto-Reply",
        "X-Auto-Response-Suppress-Reply",
        "X-Mail-Autoreply",
        "X-Mail-Autoresponder",
        "X-Vacation",
        "X-Out-Of-Office",
        "X-POST-MessageClass",
        "X-Facebook-Notify-Autoreply",
        "X-TMDA-Confirm",
    ];
    if MARKS.iter().any(|name| message.field(0, name).is_some()) {
        return true;
    }
    let precedence = value("Precedence").unwrap_or_default();
    if matches!(precedence.trim(), "auto_reply" | "auto-reply" | "autoreply" | "auto_replied") {
        return true;
    }
    value("X-Loop").is_some_and(|loops| loops.contains("vacation") || loops.contains("autoreply"))
}

/// Whether it answers by itself, as its subject says.
pub(super) fn by_its_subject(subject: &str) -> bool {
    const SUBJECTS: [&str; 66] = [
        "out of office",
        "out of the office",
        "out-of-office",
        "ooo:",
        "auto:",
        "autoreply",
        "auto-reply",
        "auto reply",
        "auto_reply",
        "automatic reply",
        "automatic response",
        "automatic answer",
        "automated reply",
        "automated response",
        "autoresponse",
        "auto response",
        "auto-response",
        "auto responder",
        "autoresponder",
        "vacation",
        "on holiday",
        "on leave",
        "away from",
        "away until",
        "i am away",
        "i'm away",
        "currently away",
        "absence",
        "absent",
        "abwesen",
        "automatische antwort",
        "autom. antwort",
        "automatisches",
        "nicht im büro",
        "nicht im haus",
        "urlaub",
        "réponse automatique",
        "reponse automatique",
        "message d'absence",
        "en vacances",
        "respuesta automática",
        "respuesta automatica",
        "fuera de la oficina",
        "fuera de oficina",
        "de vacaciones",
        "resposta automática",
        "fora do escritório",
        "risposta automatica",
        "fuori sede",
        "fuori ufficio",
        "afwezig",
        "automatisch antwoord",
        "autosvar",
        "automatiskt svar",
        "automaattinen",
        "automatická odpověď",
        "autoodpowiedź",
        "odpowiedź automatyczna",
        "автоответ",
        "автоматический ответ",
        "自动回复",
        "自動回覆",
        "自動返信",
        "不在通知",
        "休假",
        "부재중",
    ];
    let subject = subject.to_lowercase();
    SUBJECTS.iter().any(|said| subject.contains(said)) || is_challenge(&subject)
}

/// Whether it asks the sender to show that it is a person.
fn is_challenge(subject: &str) -> bool {
    const SUBJECTS: [&str; 9] = [
        "please confirm your message",
        "confirm your message",
        "confirmation required",
        "action required to deliver",
        "please verify your email",
        "verification required",
        "message awaiting",
        "waiting for your confirmation",
        "your message is being held",
    ];
    SUBJECTS.iter().any(|said| subject.contains(said))
}
