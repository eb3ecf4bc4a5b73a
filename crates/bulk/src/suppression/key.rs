//! When two addresses are one: domains by their A-labels, local parts letter case aside.
//!
//! RFC 5321 lets a server tell `A@` from `a@`; none does, and sending to somebody who asked for no more mail is worse than
//! leaving out a namesake.

use super::error::SuppressionError;

/// Octets of an address that the list takes.
const MAX_ADDRESS: usize = 320;

/// What an address is compared by.
pub fn key(address: &str) -> String {
    let address = address.trim();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return address.to_lowercase();
    };
    let domain = domain.trim_end_matches('.');
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    format!("{}@{domain}", local.to_lowercase())
}

/// Refuses what is no address.
pub(super) fn check(address: &str) -> Result<(), SuppressionError> {
    let fits = address.len() <= MAX_ADDRESS
        && !address.chars().any(|c| c.is_control() || c.is_whitespace())
        && address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if fits { Ok(()) } else { Err(SuppressionError::Address { text: address.chars().take(80).collect() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_mailbox_has_one_key() {
        let cases = [
            ("Zhang.San@Example.ORG", "zhang.san@example.org"),
            ("zhang.san@example.org.", "zhang.san@example.org"),
            (" a@例子.测试 ", "a@xn--fsqu00a.xn--0zwm56d"),
            ("a@XN--FSQU00A.xn--0zwm56d", "a@xn--fsqu00a.xn--0zwm56d"),
            ("张三@example.org", "张三@example.org"),
            ("ÄÖ@example.org", "äö@example.org"),
        ];
        for (address, wanted) in cases {
            assert_eq!(key(address), wanted, "{address}");
        }
        assert_ne!(
            key("a+b@example.org"),
            key("a@example.org"),
            "what a provider makes of + is its own affair"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b\r\nc", "a@b\0"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&format!("{}@b", "a".repeat(400))).is_err());
        assert!(check("张三@例子.测试").is_ok());
    }
}
