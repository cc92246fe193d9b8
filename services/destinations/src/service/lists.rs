//! Lists of markets and rules, keyset-paged.

use std::sync::Arc;

use tongguan_rpc::PageToken;
use tongguan_rules::{Pack, Rule};

use super::{MarketView, Service, known};
use crate::error::Error;

/// A page of a list.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: String,
}

impl Service {
    /// Markets by code.
    pub(crate) async fn list_markets(
        &self,
        token: &str,
        size: i32,
    ) -> Result<Page<MarketView>, Error> {
        let tokens = PageToken::of(&["ListMarkets"]);
        let after = tokens.decode(token)?;
        let size = PageToken::size(size, 100, 200);
        let catalogue = self.catalogue().await?;
        let rest = catalogue
            .iter()
            .filter(|pack| after.as_ref().is_none_or(|after| pack.market > *after));
        let items: Vec<MarketView> = rest
            .take(size as usize + 1)
            .map(|pack| self.view(pack))
            .collect();
        let (items, next) = tokens.page(items, size, |view| view.pack.market.clone());
        Ok(Page { items, next })
    }

    /// The rules of a market in the order they are evaluated, its layers' rules included.
    pub(crate) async fn list_rules(
        &self,
        market: &str,
        category: &str,
        token: &str,
        size: i32,
    ) -> Result<(Arc<Pack>, Page<Rule>), Error> {
        let pack = known(&*self.catalogue().await?, market)?.clone();
        // The order is the pack's, so a token is bound to its digest.
        let tokens = PageToken::of(&["ListRules", &pack.digest, category]);
        let after = tokens.decode(token)?;
        let size = PageToken::size(size, 100, 500);
        let rules = pack
            .rules
            .iter()
            .filter(|rule| category.is_empty() || rule.category == category);
        let rest = rules
            .skip_while(|rule| after.as_ref().is_some_and(|after| rule.id != *after))
            .skip(usize::from(after.is_some()));
        let items: Vec<Rule> = rest.take(size as usize + 1).cloned().collect();
        let (items, next) = tokens.page(items, size, |rule| rule.id.clone());
        Ok((pack, Page { items, next }))
    }
}
