//! Signatures over a manifest or a status, as `minisign` makes and reads them.

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use minisign::{PublicKey, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};

use crate::Error;

/// What the name of a signature ends in, behind the name of the file that it is over.
pub(crate) const EXTENSION: &str = ".minisig";

/// A key that signs.
pub struct SigningKey(SecretKey);

/// A key that a signature is held to.
#[derive(Clone, Debug)]
pub struct VerifyingKey(PublicKey);

/// The text is no key, or one that needs another password.
#[derive(Debug, thiserror::Error)]
#[error("this is no minisign key that can be used: {reason}")]
pub struct InvalidKey {
    /// Why.
    pub reason: String,
}

impl SigningKey {
    /// Reads the text of a file that `minisign -G` wrote. One without a password is written by `minisign -G -W`.
    ///
    /// # Errors
    ///
    /// It is no secret key, or the password is not its own.
    pub fn parse(text: &str, password: Option<String>) -> Result<SigningKey, InvalidKey> {
        let invalid = |error: minisign::PError| InvalidKey { reason: error.to_string() };
        let text = text.trim();
        // An environment holds one line more easily than two: the comment may be left out.
        let whole = if text.contains('\n') { format!("{text}\n") } else { format!("untrusted comment:\n{text}\n") };
        let read = SecretKeyBox::from_string(&whole).map_err(invalid)?;
        let key = match password {
            Some(password) => read.into_secret_key(Some(password)).map_err(invalid)?,
            None => read.into_unencrypted_secret_key().map_err(invalid)?,
        };
        Ok(SigningKey(key))
    }

    /// The signature over some bytes; `comment` is signed with them. Chance is in it, so it is outside the identity of bytes.
    pub(crate) fn sign(&self, bytes: &[u8], comment: &str) -> io::Result<String> {
        let comments = (Some(comment), Some("signature of a malpkg export"));
        let signed = minisign::sign(None, &self.0, Cursor::new(bytes), comments.0, comments.1);
        signed.map(SignatureBox::into_string).map_err(io::Error::other)
    }

    /// Writes the signature of a file beside it.
    pub(crate) fn sign_file(&self, dir: &Path, name: &str, bytes: &[u8], comment: &str) -> Result<(), Error> {
        let path = dir.join(format!("{name}{EXTENSION}"));
        let text = self.sign(bytes, comment).map_err(Error::io("sign", dir.join(name)))?;
        fs::write(&path, text).map_err(Error::io("write", &path))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl VerifyingKey {
    /// Reads a key: the text of a file that `minisign` wrote, or its second line alone.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(text: &str) -> Result<VerifyingKey, InvalidKey> {
        let invalid = |error: minisign::PError| InvalidKey { reason: error.to_string() };
        let text = text.trim();
        let key = match text.contains('\n') {
            true => PublicKeyBox::from_string(&format!("{text}\n")).and_then(PublicKeyBox::into_public_key),
            false => PublicKey::from_base64(text),
        };
        key.map(VerifyingKey).map_err(invalid)
    }

    /// Reads a key from a file, or from the text itself where no file has such a name.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn read(file_or_text: &str) -> Result<VerifyingKey, InvalidKey> {
        match fs::read_to_string(PathBuf::from(file_or_text)) {
            Ok(text) => VerifyingKey::parse(&text),
            Err(error) => VerifyingKey::parse(file_or_text)
                .map_err(|invalid| InvalidKey { reason: format!("{}, and as a file: {error}", invalid.reason) }),
        }
    }

    /// Whether a signature is over these bytes and by this key.
    pub(crate) fn accepts(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let read = std::str::from_utf8(signature).ok().and_then(|text| SignatureBox::from_string(text).ok());
        read.is_some_and(|signature| {
            minisign::verify(&self.0, &signature, Cursor::new(bytes), true, false, false).is_ok()
        })
    }
}
