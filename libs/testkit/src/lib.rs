//! What tests share: databases of both engines, a fixed noon, faults on channels, tokens.
//!
//! Only ever a dev-dependency.
#![expect(
    clippy::expect_used,
    reason = "a broken test set-up should stop the test where it stands"
)]

pub mod databases;
pub mod faults;

use time::OffsetDateTime;
use time::macros::datetime;

/// The instant at which fixed clocks stand: noon in China on 2 March 2026.
pub fn noon() -> OffsetDateTime {
    datetime!(2026-03-02 04:00:00 UTC)
}

/// Runs each test on SQLite in memory and on PostgreSQL: `on_every_database! { migrations(); one, two }`.
///
/// Each name is an `async fn(Database)` beside the macro. The PostgreSQL half is ignored unless a
/// cluster is given in `TONGGUAN_TEST_POSTGRES`, as `tests/run` does.
#[macro_export]
macro_rules! on_every_database {
    ($migrations:expr; $($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::databases::sqlite(&$migrations).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs a PostgreSQL cluster: tests/run starts one"]
            async fn $name() {
                super::$name($crate::databases::postgres(&$migrations).await).await;
            })+
        }
    };
}
