//! Sessions that the process does not remember: a cookie says until when it holds, and its seal that we said so.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// How long a session holds, in seconds.
pub(super) const LASTS_SECONDS: u64 = 8 * 60 * 60;
/// Bytes that tell two sessions of the same second apart.
const NONCE_BYTES: usize = 16;

/// By which sessions and forms are sealed.
#[derive(Clone)]
pub(crate) struct Key(hmac::Key);

impl Key {
    /// Of this process alone.
    pub(super) fn random() -> Result<Key, ring::error::Unspecified> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map(Key)
    }

    /// The same wherever the token is the same, so that a session holds for every instance, and no longer than its token.
    pub(super) fn of_token(token: &[u8]) -> Key {
        Key(hmac::Key::new(hmac::HMAC_SHA256, token))
    }

    /// Whether it is the key of that token, in a time that does not tell how near it is.
    pub(super) fn opens_with(&self, token: &[u8]) -> bool {
        const ASKED: &[u8] = b"token";
        let seal = hmac::sign(&Key::of_token(token).0, ASKED);
        hmac::verify(&self.0, ASKED, seal.as_ref()).is_ok()
    }

    /// A session that begins now.
    pub(super) fn session(&self, now: u64) -> Result<String, ring::error::Unspecified> {
        let mut nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut nonce)?;
        let ends = now + LASTS_SECONDS;
        let session = format!("{ends}.{}", URL_SAFE_NO_PAD.encode(nonce));
        Ok(format!("{session}.{}", self.seal("session", &session)))
    }

    /// Whether it is a session of ours that has not ended.
    pub(super) fn holds(&self, session: &str, now: u64) -> bool {
        let Some((said, seal)) = session.rsplit_once('.') else {
            return false;
        };
        let ends = said.split_once('.').and_then(|(ends, _)| ends.parse().ok());
        self.is_seal("session", said, seal) && ends.is_some_and(|ends: u64| now < ends)
    }

    /// What a form of that session carries, so that no other page can send it.
    pub(super) fn form_token(&self, session: &str) -> String {
        self.seal("form", session)
    }

    /// Whether a form of that session carried this.
    pub(super) fn is_form_token(&self, session: &str, token: &str) -> bool {
        self.is_seal("form", session, token)
    }

    fn seal(&self, of: &str, what: &str) -> String {
        let seal = hmac::sign(&self.0, format!("{of} {what}").as_bytes());
        URL_SAFE_NO_PAD.encode(seal.as_ref())
    }

    fn is_seal(&self, of: &str, what: &str, seal: &str) -> bool {
        let said = format!("{of} {what}");
        URL_SAFE_NO_PAD
            .decode(seal)
            .is_ok_and(|seal| hmac::verify(&self.0, said.as_bytes(), &seal).is_ok())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_session_holds_until_it_ends_and_not_with_another_token() {
        let key = Key::of_token(b"one token of the site");
        let session = key.session(1000).unwrap();
        assert!(key.holds(&session, 1000));
        assert!(key.holds(&session, 1000 + LASTS_SECONDS - 1));
        assert!(!key.holds(&session, 1000 + LASTS_SECONDS));
        assert!(!Key::of_token(b"another token").holds(&session, 1000));
        let (_, rest) = session.split_once('.').unwrap();
        assert!(!key.holds(&format!("99999999.{rest}"), 1000));
        assert!(!key.holds("", 1000));
        assert!(!key.holds(&key.form_token(&session), 1000));
    }

    #[test]
    fn a_form_is_of_one_session() {
        let key = Key::random().unwrap();
        let (one, other) = (key.session(1000).unwrap(), key.session(1000).unwrap());
        assert!(key.is_form_token(&one, &key.form_token(&one)));
        assert!(!key.is_form_token(&one, &key.form_token(&other)));
        assert!(!key.is_form_token(&one, ""));
    }

    #[test]
    fn a_token_opens_its_own_key_alone() {
        let key = Key::of_token(b"one token of the site");
        assert!(key.opens_with(b"one token of the site"));
        assert!(!key.opens_with(b"one token of the sitf"));
        assert!(!key.opens_with(b""));
    }
}
