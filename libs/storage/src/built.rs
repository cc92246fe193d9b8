//! Statements put together at run time, typed once per engine: lists with optional filters, many rows at once.

/// Puts a statement together with [`QueryBuilder`](sqlx::QueryBuilder) and runs it on whichever engine `$db` is.
///
/// `built!(&self.db, "select a from t where tenant_id = ", |query| { query.push_bind(x); }, |pool|
/// query.build_query_as().fetch_all(pool).await)`: the first block says what is pushed, the second how the
/// statement runs; both are compiled once per engine, so that no where-clauses are needed. Yields [`Result`](crate::Result).
///
/// Without the second block the statement is run in the transaction `$db`, and the number of rows it touched is the answer.
#[macro_export]
macro_rules! built {
    ($db:expr, $sql:expr, |$query:ident| $build:block) => {
        $crate::built!($db, $sql, |$query| $build, |connection| {
            let done = $query.build().execute(&mut **connection).await;
            done.map(|done| done.rows_affected())
        })
    };
    ($db:expr, $sql:expr, |$query:ident| $build:block, |$connection:ident| $run:expr) => {
        match $db {
            $crate::On::Sqlite($connection) => {
                let mut $query = $crate::sqlx::QueryBuilder::<$crate::sqlx::Sqlite>::new($sql);
                $build
                $run.map_err($crate::Error::from)
            }
            $crate::On::Postgres($connection) => {
                let mut $query = $crate::sqlx::QueryBuilder::<$crate::sqlx::Postgres>::new($sql);
                $build
                $run.map_err($crate::Error::from)
            }
        }
    };
}

/// Rows to a statement at most: beyond it a longer statement gains nothing, and both engines' limits of binds are far.
pub const CHUNK: usize = 256;

/// Cuts rows into statements whose lengths are powers of two, so that each length is prepared once and found again.
pub fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        if rows.is_empty() {
            return None;
        }
        let length = CHUNK.min(1 << rows.len().ilog2());
        let (chunk, rest) = rows.split_at(length);
        rows = rest;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunks_hold_every_row_once_and_in_order() {
        for count in [0_usize, 1, 2, 3, 255, 256, 257, 1_000, 1_023] {
            let rows: Vec<usize> = (0..count).collect();
            assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
            assert!(chunks(&rows).all(|chunk| chunk.len().is_power_of_two() && chunk.len() <= 256));
        }
    }
}
