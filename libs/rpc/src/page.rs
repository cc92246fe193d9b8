//! Opaque page tokens: the last key of a page, bound to the query that made it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Makes and reads the page tokens of one list query.
pub struct PageToken([u8; 8]);

/// The token is damaged or belongs to another query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the page token is damaged or belongs to another query")]
pub struct PageTokenError;

impl PageToken {
    /// Tokens of a query, named by whatever distinguishes it: tenant, method, filters.
    pub fn of(query: &[&str]) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for part in query {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut tag = [0_u8; 8];
        tag.copy_from_slice(&context.finish().as_ref()[..8]);
        Self(tag)
    }

    /// The token that continues after `key`.
    pub fn encode(&self, key: &str) -> String {
        let mut bytes = self.0.to_vec();
        bytes.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The key to continue after; `None` for the first page.
    pub fn decode(&self, token: &str) -> Result<Option<String>, PageTokenError> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PageTokenError)?;
        let key = bytes.strip_prefix(&self.0).ok_or(PageTokenError)?;
        String::from_utf8(key.to_vec())
            .map(Some)
            .map_err(|_| PageTokenError)
    }

    /// The page size to use for the one asked: 0 means `default`, more than `max` means `max`.
    pub fn size(asked: i32, default: u32, max: u32) -> u32 {
        match u32::try_from(asked) {
            Ok(0) | Err(_) => default,
            Ok(size) => size.min(max),
        }
    }

    /// A page of at most `size` items from a read of one more than that, and the token of the next page: empty where
    /// the read shows that there is none. `key` is what the next page continues after.
    pub fn page<T>(
        &self,
        mut items: Vec<T>,
        size: u32,
        key: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, String) {
        let more = items.len() > size as usize;
        items.truncate(size as usize);
        let last = items.last().filter(|_| more);
        let next = last.map(|item| self.encode(&key(item))).unwrap_or_default();
        (items, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_another_query_is_refused() {
        let mine = PageToken::of(&["acme", "state=1"]);
        let other = PageToken::of(&["acme", "state=2"]);
        let token = mine.encode("LSVWY4180KN246094");
        assert_eq!(
            mine.decode(&token),
            Ok(Some("LSVWY4180KN246094".to_owned()))
        );
        assert_eq!(other.decode(&token), Err(PageTokenError));
        assert_eq!(mine.decode("%%%"), Err(PageTokenError));
        assert_eq!(mine.decode(""), Ok(None));
    }

    #[test]
    fn a_page_names_the_next_only_where_there_is_one() {
        let tokens = PageToken::of(&["acme"]);
        let (page, next) = tokens.page(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!(
            (page, tokens.decode(&next)),
            (vec![1, 2], Ok(Some("2".to_owned())))
        );
        assert_eq!(
            tokens.page(vec![1, 2], 2, ToString::to_string),
            (vec![1, 2], String::new())
        );
    }
}
