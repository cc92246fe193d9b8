//! All versions of the catalogue: a test is judged by the version of its day, never by today's.

use time::Date;

use super::{BUNDLED, Catalogue, CatalogueError};

/// Versions in the order in which they take effect; at least one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catalogues {
    first: Catalogue,
    later: Vec<Catalogue>,
}

impl Catalogues {
    /// The bundled versions.
    pub(crate) fn bundled() -> Result<Self, CatalogueError> {
        Self::parse(BUNDLED)
    }

    /// Reads and checks versions, one a text.
    pub(crate) fn parse(texts: &[&str]) -> Result<Self, CatalogueError> {
        let mut all = texts
            .iter()
            .map(|text| Catalogue::parse(text))
            .collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|catalogue| catalogue.effective_from.first());
        let pairs = all.iter().zip(all.iter().skip(1));
        for (before, after) in pairs {
            if before.effective_from == after.effective_from || before.version == after.version {
                return Err(CatalogueError(format!(
                    "versions {} and {} take effect on one day or have one name",
                    before.version, after.version
                )));
            }
        }
        let mut all = all.into_iter();
        let first = all.next();
        Ok(Self {
            first: first.ok_or_else(|| CatalogueError("there is no catalogue".to_owned()))?,
            later: all.collect(),
        })
    }

    /// The version of a test day; days before the first are the first's.
    pub(crate) fn on(&self, day: Date) -> &Catalogue {
        let begun = self
            .later
            .iter()
            .rev()
            .find(|catalogue| catalogue.effective_from.first() <= day);
        begun.unwrap_or(&self.first)
    }

    /// The version of this name; an empty name means the latest.
    pub(crate) fn version(&self, name: &str) -> Option<&Catalogue> {
        if name.is_empty() {
            return self.all().last();
        }
        self.all().find(|catalogue| catalogue.version == name)
    }

    /// Every version, the oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Catalogue> {
        std::iter::once(&self.first).chain(&self.later)
    }
}
