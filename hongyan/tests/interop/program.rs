//! Running the program under test, and reading what arrived with a reader that is not ours.

use crate::place::{Place, run};
use crate::servers::PASSWORD;
use std::path::Path;
use std::process::{Command, Output};

/// `hongyan` with these arguments, the right password, and no settings of whoever runs the tests.
pub(crate) fn hongyan(arguments: &[&str]) -> Output {
    hongyan_with(PASSWORD, arguments)
}

/// The same with another password.
pub(crate) fn hongyan_with(password: &str, arguments: &[&str]) -> Output {
    Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_hongyan")])
        .args(arguments)
        .env("HONGYAN_CONFIG", "/dev/null")
        .env("HONGYAN_PASSWORD", password)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the program was built with this test")
}

/// Both outputs, for a failure's message.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A mail with what a transport could spoil: lines that begin with dots, no line end at the end, Chinese in
/// subject, text and file name, and an attachment of every octet. The text goes as 8bit where that is taken.
pub(crate) struct Mail {
    place: Place,
}

const SUBJECT: &str = "鸿雁 at the gate";
const TEXT: &str = "..\n.dot\n\n工资条在附件里\n...\nno line end";

impl Mail {
    pub(crate) fn new() -> Mail {
        let place = Place::new("mail");
        let octets: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        place.write("工资条.bin", octets);
        place.write("text.txt", TEXT);
        Mail { place }
    }

    /// The arguments of `hongyan send` that make this mail, from `shop@example.org`.
    pub(crate) fn send<'a>(&'a self, server: &'a str, more: &[&'a str]) -> Output {
        let (text, file) = (self.place.text("text.txt"), self.place.text("工资条.bin"));
        let fixed =
            ["send", "--server", server, "-f", "shop@example.org", "-s", SUBJECT, "-m", &text, "-a", &file];
        hongyan(&[&fixed[..], more].concat())
    }

    /// Holds a delivered copy against what was sent, as Python's `email` reads it.
    pub(crate) fn assert_whole(&self, copy: &[u8]) {
        let read = read_by_python(&self.place, copy);
        assert_eq!(read["subject"], SUBJECT);
        assert_eq!(
            read["text"].as_str().map(|t| t.replace("\r\n", "\n").trim_end_matches('\n').to_owned()),
            Some(TEXT.to_owned()),
            "{read}"
        );
        assert_eq!(read["file"], "工资条.bin");
        let octets = std::fs::read(self.place.join("工资条.bin")).expect("written above");
        assert_eq!(read["length"], octets.len());
        assert_eq!(read["intact"], true, "the attachment differs");
    }
}

/// What Python's `email` finds in a message: subject, text, the attachment's name and whether it is the one sent.
fn read_by_python(place: &Place, copy: &[u8]) -> serde_json::Value {
    const SCRIPT: &str = "
import json, sys
from email import message_from_binary_file, policy
m = message_from_binary_file(open(sys.argv[1], 'rb'), policy=policy.default)
a = next(m.iter_attachments())
sent = open(sys.argv[2], 'rb').read()
content = a.get_content()
print(json.dumps(dict(subject=m['subject'], text=m.get_body(('plain',)).get_content(), file=a.get_filename(),
                      length=len(content), intact=content == sent)))
";
    let file = place.write("copy.eml", copy);
    let printed = run(Command::new("python3").args(["-c", SCRIPT]).arg(file).arg(place.join("工资条.bin")));
    serde_json::from_slice(&printed).expect("the script prints JSON")
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}
