//! What letters carry that needs a key of ours: a signature, tokens.

use std::path::Path;

use hongyan_proto::said::Problem;

use super::Maker;
use crate::campaign::Campaign;
use crate::dkim::Signer;
use crate::token::Key;

impl Maker {
    /// With what the campaign's `[dkim]`, `[unsubscribe]` and `[bounces]` ask for, their keys read from their files. The
    /// key of tokens is made where there is none; but not for a campaign that comes from a ledger alone: another machine
    /// has begun it, and its key must be brought here. There a relative path is one from the working directory.
    ///
    /// # Errors
    /// A key that cannot be read, is none, or that others on this machine can use.
    pub fn with_secrets(mut self, campaign: &Campaign) -> Result<Self, Box<Problem>> {
        let (config, folder) = (campaign.config(), campaign.folder());
        if let Some(dkim) = &config.dkim {
            let signer = Signer::from_config(dkim, folder.unwrap_or(Path::new("")));
            self = self.with_signer(signer.map_err(|error| error.problem())?);
        }
        if config.unsubscribe.is_some()
            || config.bounces.as_ref().is_some_and(|bounces| bounces.verp.is_some())
        {
            let named = config.unsubscribe.as_ref().and_then(|unsubscribe| unsubscribe.key.as_deref());
            let key = match folder {
                Some(folder) => Key::of_campaign(named, folder),
                None => Key::existing_of_campaign(named, Path::new("")),
            };
            self = self.with_tokens(campaign, &key.map_err(|error| error.problem())?);
        }
        Ok(self)
    }
}
