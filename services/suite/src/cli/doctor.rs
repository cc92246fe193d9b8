//! `tongguan doctor`: what is wrong with this deployment.

use clap::Args;
use tongguan_vocabulary::Clock;

use super::{Failed, out};
use crate::doctor::{Weight, examine_all};
use crate::{Role, Settings};

/// Say what is wrong with this deployment; changes nothing. Exit code 1 where something is.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Roles this process serves; none means all.
    roles: Vec<Role>,
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Failed> {
        let roles = if self.roles.is_empty() {
            Role::ALL.to_vec()
        } else {
            self.roles
        };
        let findings = examine_all(&settings, &roles, &Clock::system()).await;
        let wrong = findings
            .iter()
            .filter(|finding| finding.weight == Weight::Wrong)
            .count();
        if self.json {
            out::json(&findings);
        } else {
            for finding in &findings {
                let weight = match finding.weight {
                    Weight::Good => "ok    ",
                    Weight::Notice => "notice",
                    Weight::Wrong => "WRONG ",
                };
                out::line(&format!("{weight}  {:<32} {}", finding.what, finding.found));
            }
            out::line(&match wrong {
                0 => "nothing is wrong".to_owned(),
                count => format!("{count} wrong"),
            });
        }
        if wrong == 0 { Ok(()) } else { Err(Failed::No) }
    }
}
