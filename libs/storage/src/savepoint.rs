//! Savepoints: one command of a transaction can fail without its neighbours.

use crate::{Error, Result, Tx, execute, is_contended};

/// Runs one command of a transaction under a savepoint.
///
/// `savepoint!(tx, Error, |tx| { … })` yields `Result<Result<T, E>, E>`: the inner error is the command's own and its
/// work is undone; the outer one ends the transaction (another writer was in the way, the store is gone).
#[macro_export]
macro_rules! savepoint {
    ($outer:expr, $error:ty, |$tx:ident| $body:block) => {{
        $crate::mark($outer).await?;
        let outcome: ::std::result::Result<_, $error> = {
            let $tx = &mut *$outer;
            (async || -> ::std::result::Result<_, $error> { $body })().await
        };
        $crate::settle($outer, outcome).await
    }};
}

/// Sets the savepoint.
pub async fn mark(tx: &mut Tx) -> Result<()> {
    execute!(tx, |c| sqlx::query("savepoint command").execute(&mut **c))?;
    Ok(())
}

/// Undoes what was done since the savepoint, which stays set.
pub async fn undo(tx: &mut Tx) -> Result<()> {
    execute!(tx, |c| sqlx::query("rollback to savepoint command")
        .execute(&mut **c))?;
    Ok(())
}

/// Gives the savepoint up.
pub async fn release(tx: &mut Tx) -> Result<()> {
    execute!(tx, |c| sqlx::query("release savepoint command")
        .execute(&mut **c))?;
    Ok(())
}

/// Keeps or undoes what was done since the savepoint, by its outcome; what no other command can survive either is
/// the outer error.
pub async fn settle<T, E>(tx: &mut Tx, outcome: Result<T, E>) -> Result<Result<T, E>, E>
where
    E: std::error::Error + From<Error> + 'static,
{
    match &outcome {
        Ok(_) => {}
        Err(error) if is_contended(error) || is_outage(error) => return outcome.map(Ok),
        Err(_) => undo(tx).await?,
    }
    release(tx).await?;
    Ok(outcome)
}

/// Whether the error, or a cause of it, says that the store is not reachable.
pub(crate) fn is_outage(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut current = Some(error);
    while let Some(cause) = current {
        if let Some(ours) = cause.downcast_ref::<Error>() {
            return matches!(ours, Error::Unavailable(_));
        }
        current = cause.source();
    }
    false
}
