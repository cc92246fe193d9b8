//! `tongguan backup`: the roles' databases, keys and evidence, copied into a new folder.

use std::path::PathBuf;

use clap::Args;
use time::format_description::well_known::Rfc3339;
use tongguan_vocabulary::Clock;

use super::{Failed, out};
use crate::compose::chain;
use crate::{Role, Settings, backup};

/// Copy the roles' databases, keys and evidence into a new folder, while they are in use.
///
/// SQLite is copied by itself, PostgreSQL with `pg_dump`. The folder holds keys: keep it as you keep them.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// Folder to make; must be new or empty.
    folder: PathBuf,
    /// Roles; none means all.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let roles = if self.roles.is_empty() {
            Role::ALL.to_vec()
        } else {
            self.roles
        };
        let now = Clock::system().now();
        let made_at = now
            .format(&Rfc3339)
            .map_err(|error| Failed::unreachable(&error))?;
        let list = backup::make(&settings, &roles, &self.folder, &made_at).await;
        let list = list.map_err(|error| Failed::Unreachable(chain(&error)))?;
        if self.json {
            out::json(&list);
            return Ok(());
        }
        for entry in &list.files {
            out::line(&format!("{:>12}  {}", entry.bytes, entry.path));
        }
        out::line(&format!(
            "{} files in {}; it holds keys: keep it as you keep them. Read it back with tongguan restore.",
            list.files.len(),
            self.folder.display()
        ));
        let outside = settings.outside_files();
        if !outside.is_empty() {
            out::line(&format!(
                "NOT in it, because the configuration puts them elsewhere: {}",
                outside.join(", ")
            ));
        }
        Ok(())
    }
}
