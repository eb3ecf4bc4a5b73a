//! The codes of findings: stable names for scripts, how bad each is, what it is called, and what to do next.
//!
//! An error stops a run. Some errors are a matter of judgement (two people may really share a mailbox): those can be
//! accepted by their code and are warnings then. What DNS does not answer is never worse than a note.

use std::fmt;
use std::str::FromStr;

use hongyan_proto::said::{Said, said};
use serde::{Serialize, Serializer};

use super::finding::Severity::{self, Error, Note, Warning};

/// May be accepted by a person.
const JUDGEMENT: bool = true;
/// May not.
const CERTAIN: bool = false;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $severity:ident, $judged:ident,
        $en:literal / $zh:literal, $next_en:literal / $next_zh:literal;)*) => {
        /// What was found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name),* }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name for scripts, as `address.missing`. It never changes its meaning.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => $severity),* }
            }

            /// Whether a person may say that it is right as it is.
            pub const fn acceptable(self) -> bool {
                match self { $(Self::$name => $judged),* }
            }

            /// What it is called.
            pub fn title(self) -> Said {
                match self { $(Self::$name => said($en, $zh)),* }
            }

            /// What to do about it.
            pub fn next(self) -> Said {
                match self { $(Self::$name => said($next_en, $next_zh)),* }
            }
        }
    };
}

codes! {
    /// The sheet ends in an error, or a row cannot be read.
    SheetUnreadable = "sheet.unreadable", Error, CERTAIN,
        "the sheet cannot be read" / "无法读取表格",
        "repair the sheet at this place and check again" / "请修好表格中的这个位置，再检查一次";
    /// There is a header and nothing below it.
    SheetEmpty = "sheet.empty", Error, CERTAIN,
        "the sheet has no rows" / "表格没有数据行",
        "fill it in, or look whether the right sheet and header row are named in campaign.toml"
            / "请填写表格，或检查 campaign.toml 中的工作表和表头行是否正确";
    /// Something about the sheet was guessed or repaired.
    SheetGuessed = "sheet.guessed", Note, CERTAIN,
        "found out about the sheet" / "表格的识别结果",
        "look whether it is right; what is not can be set under [recipients] in campaign.toml"
            / "请确认是否正确；不正确的可以在 campaign.toml 的 [recipients] 中指定";
    /// Something about the sheet may not be what was meant.
    SheetDoubtful = "sheet.doubtful", Warning, CERTAIN,
        "doubtful in the sheet" / "表格中的可疑之处",
        "look whether it is meant like this" / "请确认是否有意如此";
    /// A formula's error stands in a cell.
    CellError = "cell.error", Warning, CERTAIN,
        "a formula's error in a cell" / "单元格中是公式错误",
        "correct the formula, or put its value in its place" / "请修正公式，或把它换成数值";

    /// A template cannot be compiled, or names what does not exist.
    TemplateWrong = "template.wrong", Error, CERTAIN,
        "a template is wrong" / "模板有误",
        "correct this line; the fields are the names in the sheet's header"
            / "请修改这一行；字段名就是表头里的列名";
    /// A template fails for a row.
    TemplateRow = "template.row", Error, CERTAIN,
        "a template fails for a row" / "某行无法套用模板",
        "correct the cell, or the template so that it can do with it" / "请修改单元格，或让模板能处理这种内容";
    /// A row's letter cannot become a message.
    LetterRefused = "letter.refused", Error, CERTAIN,
        "a letter that cannot become a message" / "无法组成邮件",
        "correct what is named" / "请按所指出的内容修改";

    /// A row has nobody to send to.
    AddressMissing = "address.missing", Error, CERTAIN,
        "no address" / "没有地址",
        "fill in the address, or take the row out of the sheet" / "请填写地址，或从表格中删去这一行";
    /// What stands there is no address.
    AddressInvalid = "address.invalid", Error, CERTAIN,
        "not an address" / "不是邮件地址",
        "write name@example.com, or 'Name <name@example.com>'; several with commas between them"
            / "请写成 name@example.com 或“姓名 <name@example.com>”；多个地址用逗号隔开";
    /// The same address in two rows.
    AddressDoubled = "address.doubled", Error, JUDGEMENT,
        "the same address in several rows" / "多行使用同一个地址",
        "correct the wrong row; where one reader really gets several letters, accept it: --accept address.doubled"
            / "请改正写错的一行；如果此人确实应收到多封，请接受：--accept address.doubled";
    /// Two addresses that differ in the case of letters before the `@`.
    AddressCase = "address.case", Warning, CERTAIN,
        "addresses that differ in upper and lower case only" / "只有大小写不同的地址",
        "almost every server takes them for one; write them alike" / "几乎所有服务器都视为同一个地址；请写成一致";
    /// Several addresses in one cell.
    AddressSeveral = "address.several", Warning, CERTAIN,
        "several addresses in one cell" / "一个单元格里有多个地址",
        "they get one letter together and see each other; give each a row where that is not meant"
            / "他们会收到同一封信并看到彼此的地址；若非本意，请各占一行";
    /// The same address twice in one letter.
    AddressRepeated = "address.repeated", Note, CERTAIN,
        "the same address twice in one letter" / "同一封信里地址重复",
        "it gets the letter once" / "此地址只会收到一次";
    /// A domain that looks like a typing error.
    AddressTypo = "address.typo", Warning, CERTAIN,
        "probably a typing error in the domain" / "域名可能打错了",
        "ask the person, and correct it" / "请与本人核对后改正";
    /// An address that not every server takes.
    AddressUtf8 = "address.utf8", Warning, CERTAIN,
        "an address that needs SMTPUTF8" / "需要 SMTPUTF8 的地址",
        "few servers take letters beyond ASCII before the @; use another address of that person"
            / "很少有服务器接受 @ 前的非 ASCII 字符；请改用对方的其他地址";
    /// Letters of several scripts that look alike, or characters that cannot be seen.
    AddressLookalike = "address.lookalike", Warning, CERTAIN,
        "characters that look like others, or like nothing" / "含有形似字符或不可见字符",
        "type the address anew instead of copying it" / "请重新手工输入地址，不要复制";
    /// An address that no person reads.
    AddressRole = "address.role", Warning, CERTAIN,
        "an address that nobody reads" / "无人阅读的地址",
        "find out the address of a person" / "请换成真人使用的地址";
    /// On the suppression list.
    AddressSuppressed = "address.suppressed", Note, CERTAIN,
        "on the suppression list: will be left out" / "在禁发名单上：将被跳过",
        "nothing, or take it off the list: hongyan bulk suppress --help" / "无需处理；如需恢复，见 hongyan bulk suppress --help";

    /// A file that is not there.
    FileMissing = "file.missing", Error, CERTAIN,
        "a file is missing" / "缺少文件",
        "put it there, or correct what the row says" / "请放入文件，或修改表格中的内容";
    /// A path that leads out of the folder, or that no file can have.
    FileOutside = "file.outside", Error, CERTAIN,
        "a path that is not inside the campaign's folder" / "路径不在活动文件夹之内",
        "copy the file into the folder and name it by its path there" / "请把文件复制到文件夹内，并使用其中的路径";
    /// A link instead of a file.
    FileLink = "file.link", Error, CERTAIN,
        "a link instead of a file" / "是链接而不是文件",
        "put a copy of the file there" / "请换成文件本身的副本";
    /// A folder or a device.
    FileNone = "file.none", Error, CERTAIN,
        "not a file" / "不是普通文件",
        "put a file there; a folder can be packed" / "请放入文件；文件夹可先打包";
    /// A file that may not be read.
    FileUnreadable = "file.unreadable", Error, CERTAIN,
        "a file cannot be read" / "无法读取文件",
        "check its permissions and the disk" / "请检查其权限和磁盘";
    /// Nothing in it.
    FileEmpty = "file.empty", Warning, CERTAIN,
        "a file with nothing in it" / "空文件",
        "look whether it was saved" / "请检查文件是否已保存";
    /// The same path for two rows.
    FileDoubled = "file.doubled", Error, JUDGEMENT,
        "the same file for several rows" / "多行使用同一个文件",
        "correct the wrong row; where they really share it, write own-may-repeat = true under [attach]"
            / "请改正写错的一行；如果确实共用，请在 [attach] 中写 own-may-repeat = true";
    /// Two files with the same content.
    FileSame = "file.same", Warning, CERTAIN,
        "files of several rows have the same content" / "多行的文件内容相同",
        "look whether one was saved under the wrong name" / "请检查是否有文件存错了名字";
    /// A file that names somebody else's row.
    FileOther = "file.other", Error, JUDGEMENT,
        "a file that names somebody else" / "文件名属于别人",
        "correct the row; if the file is right in spite of its name: --accept file.other"
            / "请改正这一行；如果文件名虽如此但内容无误，请接受：--accept file.other";
    /// A file that nobody gets.
    FileUnused = "file.unused", Note, CERTAIN,
        "files that no row uses" / "没有任何一行使用的文件",
        "look whether a row is missing, or names another file" / "请检查是否缺少某行，或某行写了别的文件";

    /// Larger than a server takes.
    SizeOver = "size.over", Error, CERTAIN,
        "larger than the server takes" / "超过服务器允许的大小",
        "send a smaller file, or a link to it" / "请减小文件，或改发下载链接";
    /// Larger than most mailboxes take.
    SizeLarge = "size.large", Warning, CERTAIN,
        "larger than many mailboxes take" / "超过许多邮箱的接收上限",
        "send a smaller file, or a link to it" / "请减小文件，或改发下载链接";

    /// The account's provider refuses this sender.
    SenderLogin = "sender.login", Error, CERTAIN,
        "the provider wants the login as sender" / "服务商要求发件人与登录名一致",
        "leave `from` out of campaign.toml, or send through an account of this address"
            / "请在 campaign.toml 中去掉 from，或使用该地址自己的账户发送";
    /// Another sender than the login.
    SenderOther = "sender.other", Note, CERTAIN,
        "the sender is not the login" / "发件人与登录名不同",
        "look whether the account may send for this address" / "请确认该账户可以用这个地址发信";
    /// No account to send through.
    AccountMissing = "account.missing", Warning, CERTAIN,
        "no account to send through is known" / "没有可用的发信账户",
        "name one under [send] in campaign.toml, and set it up in ~/.config/hongyan/config.toml"
            / "请在 campaign.toml 的 [send] 中指定，并在 ~/.config/hongyan/config.toml 中设置";

    /// It takes long.
    PaceLong = "pace.long", Warning, CERTAIN,
        "the quota is not enough for one day" / "一天的额度不够",
        "add accounts under [send], or begin earlier" / "请在 [send] 中增加账户，或提早开始";
    /// It never ends.
    PaceNever = "pace.never", Error, CERTAIN,
        "at this pace it never ends" / "按此速度永远发不完",
        "correct [pace] and the accounts' per-day in campaign.toml" / "请修改 campaign.toml 的 [pace] 和账户的 per-day";

    /// Marketing without a way off the list.
    UnsubscribeMissing = "unsubscribe.missing", Error, CERTAIN,
        "no way to unsubscribe" / "没有退订方式",
        "add [unsubscribe] with url or mailto, or set kind = \"personal\" if each letter belongs to its reader"
            / "请增加 [unsubscribe]（url 或 mailto）；若每封信只属于收信人本人，请设 kind = \"personal\"";
    /// Marketing to many at Gmail without one-click.
    UnsubscribeOneClick = "unsubscribe.one-click", Warning, CERTAIN,
        "no one-click unsubscribe" / "没有一键退订",
        "add url = \"https://…\" under [unsubscribe] and run hongyan bulk unsubscribe-server there (RFC 8058)"
            / "请在 [unsubscribe] 中加上 url = \"https://…\"，并运行 hongyan bulk unsubscribe-server（RFC 8058）";

    /// No subject.
    SubjectEmpty = "subject.empty", Warning, CERTAIN,
        "no subject" / "没有主题",
        "fill in what the subject is made of" / "请填写主题所用的内容";
    /// A long subject.
    SubjectLong = "subject.long", Warning, CERTAIN,
        "a long subject" / "主题过长",
        "shorten it: readers see its beginning only" / "请缩短：收信人只能看到开头";
    /// Nothing to read.
    BodyEmpty = "body.empty", Warning, CERTAIN,
        "nothing to read" / "正文为空",
        "look at the template and the row" / "请检查模板和这一行";
    /// Template marks in the result.
    BodyUnexpanded = "body.unexpanded", Warning, CERTAIN,
        "template marks are left in the letter" / "信中留有模板标记",
        "look whether a cell holds them, or whether they are written wrongly in the template"
            / "请检查是单元格里含有这些标记，还是模板写错了";
    /// Control characters.
    BodyControl = "body.control", Warning, CERTAIN,
        "control characters in the letter" / "信中含有控制字符",
        "take them out of the cell or the template" / "请从单元格或模板中去掉";
    /// An attachment is spoken of.
    BodyAttachment = "body.attachment", Warning, CERTAIN,
        "the letter speaks of an attachment and has none" / "信中提到附件，却没有附件",
        "add it under [attach] in campaign.toml, or change the text" / "请在 campaign.toml 的 [attach] 中添加，或修改文字";
    /// Pictures from the web.
    HtmlRemote = "html.remote", Note, CERTAIN,
        "pictures from the web in the HTML" / "HTML 中含有网络图片",
        "most readers do not see them at first; put the picture into the folder and name it by its path"
            / "多数收信人起初看不到；请把图片放进文件夹并用路径引用";

    /// The key that letters are signed with cannot be used.
    DkimKey = "dkim.key", Error, CERTAIN,
        "letters cannot be signed" / "无法签名",
        "correct [dkim] in campaign.toml, or take it out" / "请修改或去掉 campaign.toml 中的 [dkim]";
    /// DNS did not answer, or cannot know.
    DnsUnanswered = "dns.unanswered", Note, CERTAIN,
        "not checked in DNS" / "未能通过 DNS 检查",
        "check again when the network is there" / "请在网络可用时再检查一次";
    /// No SPF record.
    SpfMissing = "spf.missing", Warning, CERTAIN,
        "no SPF record" / "没有 SPF 记录",
        "add a TXT record to the domain" / "请为域名添加 TXT 记录";
    /// The record does not name who sends.
    SpfSender = "spf.sender", Warning, CERTAIN,
        "SPF does not allow the server that sends" / "SPF 没有允许发信服务器",
        "add the provider to the record" / "请把服务商加入该记录";
    /// The record is not valid.
    SpfWrong = "spf.wrong", Warning, CERTAIN,
        "the SPF record is wrong" / "SPF 记录有误",
        "correct the record (RFC 7208)" / "请修正该记录（RFC 7208）";
    /// No record at the selector.
    DkimMissing = "dkim.missing", Warning, CERTAIN,
        "no DKIM key in DNS" / "DNS 中没有 DKIM 公钥",
        "publish the record that `hongyan dkim` prints, before the first mail"
            / "请先发布 hongyan dkim 给出的记录，再发送";
    /// Another key at the selector.
    DkimOther = "dkim.other", Error, CERTAIN,
        "DNS has another DKIM key" / "DNS 中是另一个 DKIM 公钥",
        "publish the record of this key, or use the key that the record belongs to"
            / "请发布这把密钥的记录，或使用与记录对应的密钥";
    /// No policy.
    DmarcMissing = "dmarc.missing", Warning, CERTAIN,
        "no DMARC policy" / "没有 DMARC 策略",
        "add a TXT record at _dmarc, at least \"v=DMARC1; p=none\"" / "请在 _dmarc 添加 TXT 记录，至少为 \"v=DMARC1; p=none\"";
    /// Neither SPF nor DKIM stands for the From domain.
    DmarcUnaligned = "dmarc.unaligned", Warning, CERTAIN,
        "neither SPF nor DKIM stands for the sender's domain" / "SPF 和 DKIM 都不能代表发件人的域名",
        "sign with DKIM for this domain ([dkim] in campaign.toml), or send from the domain of the account"
            / "请用该域名做 DKIM 签名（campaign.toml 的 [dkim]），或使用账户自己的域名发信";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// No code has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode(pub String);

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no code of a finding; those that can be accepted:", self.0)?;
        let codes = Code::ALL.iter().filter(|code| code.acceptable());
        codes.enumerate().try_for_each(|(at, code)| write!(f, "{} {code}", if at > 0 { "," } else { "" }))
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let known = Self::ALL.iter().find(|code| code.name() == text);
        known.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_code_has_one_name_and_words_in_both_languages() {
        let names: HashSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(code.name().parse(), Ok(*code));
            for said in [code.title(), code.next()] {
                assert!(!said.en.is_empty() && said.zh.chars().any(|c| c > '\u{2e7f}'), "{code}: {said:?}");
            }
            assert!(!code.acceptable() || code.severity() == Error, "{code}: only an error needs accepting");
        }
        assert!("address.mising".parse::<Code>().unwrap_err().to_string().contains("address.doubled"));
    }
}
