//! The list query, built from its filter.

use sqlx::QueryBuilder;
use tongguan_vocabulary::Tenant;

use super::Filter;

/// Vehicles that pass `filter`, by VIN, after one.
pub(super) fn select<DB>(
    tenant: &Tenant,
    filter: &Filter,
    after: &str,
    limit: u32,
) -> QueryBuilder<DB>
where
    DB: sqlx::Database,
    String: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + for<'q> sqlx::Encode<'q, DB>,
{
    let mut query = QueryBuilder::new(
        "select e.snapshot from vehicles v join vehicle_events e \
         on e.tenant_id = v.tenant_id and e.vin = v.vin and e.version = v.version where v.tenant_id = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query.push(" and v.vin > ").push_bind(after.to_owned());
    if let Some(state) = filter.state {
        query
            .push(" and v.state = ")
            .push_bind(format!("{state:?}"));
    }
    let equal = [
        (" and v.exporter = ", &filter.exporter),
        (" and v.category = ", &filter.category),
        (" and v.plate = ", &filter.plate),
    ];
    let bounds = [
        (" and v.first_registered >= ", &filter.registered_from),
        (" and v.first_registered <= ", &filter.registered_until),
    ];
    for (clause, value) in equal
        .into_iter()
        .chain(bounds)
        .filter(|(_, value)| !value.is_empty())
    {
        query.push(clause).push_bind(value.clone());
    }
    query
        .push(" order by v.vin limit ")
        .push_bind(i64::from(limit));
    query
}
