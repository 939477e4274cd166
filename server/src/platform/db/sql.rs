//! Hand-written SQL as a prepared, cached statement.
//!
//! `diesel::sql_query` prepares its text anew at every call, which doubles the round trips of the engine's batches.
//! [`sql`] takes the same text with `$1`, `$2`, … each used exactly once and in order (a CTE names what is needed twice),
//! and lets the connection keep the prepared statement. SQL too big for a line lives in a `.sql` file beside its `.rs`.

use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{SingleValue, SqlType, Untyped};

/// A statement and its values; run it with `diesel_async::RunQueryDsl`.
#[must_use = "a statement does nothing until it is executed or loaded"]
pub struct Statement<'a> {
    text: &'static str,
    binds: Vec<Box<dyn QueryFragment<Pg> + Send + 'a>>,
}

/// Starts a statement from its text.
pub fn sql<'a>(text: &'static str) -> Statement<'a> {
    Statement { text, binds: Vec::new() }
}

impl<'a> Statement<'a> {
    /// Binds the next placeholder to `value` as the SQL type `ST`.
    pub fn bind<ST, V>(mut self, value: V) -> Self
    where
        ST: SqlType + SingleValue + TypedExpressionType,
        V: AsExpression<ST>,
        V::Expression: QueryFragment<Pg> + Send + 'a,
    {
        self.binds.push(Box::new(value.as_expression()));
        self
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut rest = self.text;
        for (index, bind) in self.binds.iter().enumerate() {
            let placeholder = format!("${}", index + 1);
            let Some((before, after)) = rest.split_once(placeholder.as_str()) else {
                return Err(diesel::result::Error::QueryBuilderError(
                    format!("the statement has no placeholder {placeholder}").into(),
                ));
            };
            out.push_sql(before);
            bind.walk_ast(out.reborrow())?;
            rest = after;
        }
        out.push_sql(rest);
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement<'_> {
    type SqlType = Untyped;
}
