//! `tongguan migrate`: the schemas of the roles, brought up to date.

use clap::Args;
use tongguan_storage::{connect, migrate};

use super::{Failed, out};
use crate::{Role, Settings, compose};

/// Bring the databases of the roles up to date.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Roles; none means all.
    roles: Vec<Role>,
}

impl Migrate {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let roles = if self.roles.is_empty() {
            Role::ALL.to_vec()
        } else {
            self.roles
        };
        for role in roles {
            let migrated = async {
                let database = connect(&settings.database(role)).await?;
                migrate(&database, &compose::migrations(role)).await
            };
            migrated.await.map_err(|error| {
                Failed::Unreachable(format!("{role}: {}", compose::chain(&error)))
            })?;
            out::line(&format!("{role}: up to date"));
        }
        Ok(())
    }
}
