//! A natural person who owns or owned a vehicle; lives in the vault and nowhere else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is known of an owner.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Name as on the paper.
    pub name: String,
    /// Kind of identity paper.
    pub document_type: String,
    /// Its number.
    pub document_number: String,
    /// Telephone number.
    pub phone: String,
    /// Postal address.
    pub address: String,
}

impl Owner {
    /// What makes two owners the same person; `None` where the paper is not named and nobody can tell.
    pub fn paper(&self) -> Option<String> {
        let named = !self.document_number.is_empty();
        named.then(|| format!("{}\n{}", self.document_type, self.document_number))
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug output ends in logs.
        f.write_str("Owner(sealed)")
    }
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn an_owner_in_a_log_says_nothing() {
        let owner = Owner {
            name: "张三".into(),
            document_number: "11010519491231002X".into(),
            ..Owner::default()
        };
        assert_eq!(format!("{owner:?}"), "Owner(sealed)");
    }
}
