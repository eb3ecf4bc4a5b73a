//! What all letters of a campaign share, encoded once: attachments, and the pictures of the HTML.

use std::collections::BTreeMap;
use std::sync::Arc;

use hongyan_mime::compose::{
    Body, Disposition, EncodedPart, FileSource, MediaType, Names, Offered, Part, type_by_name,
};
use hongyan_proto::said::said;

use super::pictures::{self, Picture};
use crate::campaign::{self, Campaign, CampaignError, Place, normal};
use crate::ledger::FrozenFile;

/// The most octets that shared files may have together: they are kept in memory, encoded, while letters are made.
pub const MAX_SHARED: u64 = 128 * 1024 * 1024;

/// What all letters share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) attachments: Vec<Arc<EncodedPart>>,
    pub(super) inline: Vec<Arc<EncodedPart>>,
    /// Octets so far.
    size: u64,
}

impl Shared {
    /// Encodes what `campaign.toml` names, and what `html` shows; gives the HTML with its references made `cid:`.
    pub(super) fn new(
        campaign: &Campaign,
        html: Option<(&str, String)>,
        frozen: Option<&BTreeMap<String, FrozenFile>>,
    ) -> Result<(Self, Option<String>), CampaignError> {
        let mut shared = Self::default();
        let attach = &campaign.config().attach;
        for (at, path) in attach.shared.iter().enumerate() {
            let place = campaign.place(&["attach", "shared", &at.to_string()]);
            let part = shared.part(campaign, path, &place, frozen)?.with_disposition(Disposition::Attachment);
            shared.attachments.push(encoded(&part, &place)?);
        }
        for (at, path) in attach.inline.iter().enumerate() {
            let place = campaign.place(&["attach", "inline", &at.to_string()]);
            let part = shared.part(campaign, path, &place, frozen)?.with_disposition(Disposition::Inline);
            let part = part.with_content_id(content_id(path));
            shared.inline.push(encoded(&part, &place)?);
        }
        let Some((file, html)) = html else { return Ok((shared, None)) };
        let found = pictures::found(&html);
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for path in &attach.inline {
            known.extend(normal(path).map(|path| (path.clone(), content_id(&path))));
        }
        for Picture { path, line, .. } in &found {
            let place = Place::line(file, Some(*line));
            let path = path.as_ref().map_err(|error| campaign::error_of_path(place.clone(), error))?;
            if known.contains_key(path) {
                continue;
            }
            let id = content_id(path);
            // Two folders may hold a picture of one name.
            let id = format!("{}.{}@inline", known.len() + 1, id.strip_suffix("@inline").unwrap_or(&id));
            let part = shared.part(campaign, path, &place, frozen)?.with_disposition(Disposition::Inline);
            shared.inline.push(encoded(&part.with_content_id(&id), &place)?);
            known.insert(path.clone(), id);
        }
        let html = pictures::refer(&html, &found, |path| known.get(path).cloned());
        Ok((shared, Some(html)))
    }

    fn part(
        &mut self,
        campaign: &Campaign,
        path: &str,
        place: &Place,
        frozen: Option<&BTreeMap<String, FrozenFile>>,
    ) -> Result<Part, CampaignError> {
        let fail = |error| campaign::error_of_path(place.clone(), &error);
        let path = normal(path).map_err(fail)?;
        let was = match frozen {
            None => None,
            Some(files) => Some(files.get(&path).ok_or_else(|| fail(campaign::changed(&path)))?),
        };
        let source = campaign.source(&path, was).map_err(fail)?;
        self.size += source.len();
        if self.size > MAX_SHARED {
            let what = said(
                format!("with it, shared attachments and pictures are longer than {MAX_SHARED} octets"),
                format!("加上它，共用的附件和图片超过 {MAX_SHARED} 字节"),
            );
            let next =
                said("put it on the web and write a link into the letter", "请把它放到网上，在信中写链接");
            return Err(CampaignError::wrong(place.clone(), what, next));
        }
        Ok(file_part(&source, &path).with_file_name(name_of(&path)))
    }
}

/// A file as a part. What sort of file it is, its own name says, not what the reader sees it called.
pub(super) fn file_part(source: &FileSource, path: &str) -> Part {
    let part = Part::from(Body::File(source.clone()));
    match type_by_name(name_of(path)) {
        // A mail among the files stays a file: every octet of it arrives, which a forwarded mail's need not.
        Some(essence) if essence.starts_with("message/") => {
            part.with_type(MediaType::new("application/octet-stream"))
        }
        Some(essence) => part.with_type(MediaType::new(essence)),
        None => part,
    }
}

/// The last name of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn encoded(part: &Part, place: &Place) -> Result<Arc<EncodedPart>, CampaignError> {
    EncodedPart::new(part, Names::default(), Offered::default()).map_err(|error| {
        CampaignError::wrong(
            place.clone(),
            said(error.to_string(), format!("无法作为附件：{error}")),
            said("look at the file", "请检查该文件"),
        )
    })
}

/// A picture's identifier: its name where that can be one, else made from its path.
fn content_id(path: &str) -> String {
    let name = name_of(path);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if name.bytes().all(plain) && name.len() < 100 {
        return name.to_owned();
    }
    format!("{}@inline", &campaign::sha256_of(path.as_bytes())[..16])
}
