//! `tongguan restore`: a backup read back into empty databases, and checked.

use std::path::PathBuf;

use clap::Args;
use tongguan_vocabulary::Clock;

use super::{Failed, out};
use crate::compose::chain;
use crate::doctor::{Weight, database};
use crate::{Role, Settings, backup};

/// Read a backup back into empty databases and an empty data folder, and check them.
///
/// Every file is compared with the backup's list before anything is written.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// Folder of the backup.
    folder: PathBuf,
    /// Only check the backup itself.
    #[arg(long)]
    check: bool,
}

impl Restore {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let list = backup::check(&self.folder).map_err(|error| Failed::Input(chain(&error)))?;
        out::line(&format!(
            "{} files of {} are as they were written (tongguan {})",
            list.files.len(),
            list.made_at,
            list.program
        ));
        if self.check {
            return Ok(());
        }
        backup::restore(&settings, &self.folder, &list)
            .await
            .map_err(|error| Failed::Unreachable(chain(&error)))?;
        let roles: Vec<Role> = list.files.iter().filter_map(|entry| entry.role).collect();
        let (clock, mut wrong) = (Clock::system(), Vec::new());
        for role in &roles {
            wrong.extend(database(&settings, *role, &clock).await);
        }
        wrong.retain(|finding| finding.weight == Weight::Wrong);
        for finding in &wrong {
            out::line(&format!("WRONG   {}: {}", finding.what, finding.found));
        }
        // What does not open can not be checked further.
        let faults = if wrong.is_empty() && roles.contains(&Role::Clearance) {
            let found = super::log::check(&settings).await?;
            for fault in &found.faults {
                out::line(&format!("WRONG   {fault}"));
            }
            out::line(&format!(
                "log of {} entries, {} certificates, {} trust bundles and the issuer's keys: checked",
                found.entries, found.certificates, found.trust_bundles
            ));
            found.faults.len()
        } else {
            0
        };
        if wrong.is_empty() && faults == 0 {
            out::line("restored, and every database opens.");
            return Ok(());
        }
        out::line(
            "refused: do not start on this copy; empty the place and restore another backup.",
        );
        Err(Failed::No)
    }
}
