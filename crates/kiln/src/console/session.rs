//! Sessions that the process does not remember: a cookie says until when it holds, and its seal that we said so.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// How long a session holds, in seconds.
pub(super) const LASTS_SECONDS: u64 = 8 * 60 * 60;
/// Bytes that tell two sessions of the same second apart.
const NONCE_BYTES: usize = 16;

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    /// By what name they are known; none of who has the token.
    pub(super) person: Option<String>,
}

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

    /// A session that begins now, of somebody who is known by name or not.
    pub(super) fn session(
        &self,
        person: Option<&str>,
        now: u64,
    ) -> Result<String, ring::error::Unspecified> {
        let mut nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut nonce)?;
        let nonce = URL_SAFE_NO_PAD.encode(nonce);
        let person = person
            .map(|person| format!(".{person}"))
            .unwrap_or_default();
        Ok(self.letter("session", &format!("{nonce}{person}"), now + LASTS_SECONDS))
    }

    /// Whose session it is, if it is one of ours that has not ended.
    pub(super) fn holder(&self, session: &str, now: u64) -> Option<Holder> {
        let said = self.read("session", session, now)?;
        let person = said.split_once('.').map(|(_, person)| person.to_owned());
        Some(Holder { person })
    }

    /// Some text that whoever brings it back cannot have made or changed, until a time.
    pub(super) fn letter(&self, of: &str, text: &str, ends: u64) -> String {
        let said = format!("{ends}.{}", URL_SAFE_NO_PAD.encode(text));
        format!("{said}.{}", self.seal(of, &said))
    }

    /// The text of a letter of ours that has not ended.
    pub(super) fn read(&self, of: &str, letter: &str, now: u64) -> Option<String> {
        let (said, seal) = letter.rsplit_once('.')?;
        if !self.is_seal(of, said, seal) {
            return None;
        }
        let (ends, text) = said.split_once('.')?;
        let holds = ends.parse().is_ok_and(|ends: u64| now < ends);
        let text = URL_SAFE_NO_PAD.decode(text).ok().filter(|_| holds)?;
        String::from_utf8(text).ok()
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
        let session = key.session(None, 1000).unwrap();
        let holds = |session: &str, now| key.holder(session, now).is_some();
        assert!(holds(&session, 1000));
        assert!(holds(&session, 1000 + LASTS_SECONDS - 1));
        assert!(!holds(&session, 1000 + LASTS_SECONDS));
        let other = Key::of_token(b"another token");
        assert!(other.holder(&session, 1000).is_none());
        let (_, rest) = session.split_once('.').unwrap();
        assert!(!holds(&format!("99999999.{rest}"), 1000));
        assert!(!holds("", 1000));
        assert!(!holds(&key.form_token(&session), 1000));
        assert!(!holds(&key.letter("login", "x", 2000), 1000));
    }

    #[test]
    fn a_session_tells_whose_it_is() {
        let key = Key::random().unwrap();
        let person = "ida.marlow (5.f3)";
        let session = key.session(Some(person), 1000).unwrap();
        let holder = key.holder(&session, 1000).unwrap();
        assert_eq!(holder.person.as_deref(), Some(person));
        let session = key.session(None, 1000).unwrap();
        assert_eq!(key.holder(&session, 1000), Some(Holder { person: None }));
    }

    #[test]
    fn a_form_is_of_one_session() {
        let key = Key::random().unwrap();
        let (one, other) = (
            key.session(None, 1000).unwrap(),
            key.session(None, 1000).unwrap(),
        );
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
