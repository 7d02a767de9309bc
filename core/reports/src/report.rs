//! A report that is finished.

use serde::{Serialize, Serializer};

use crate::calendar::{By, Point};
use crate::shape::Column;

/// Sums, in the order of time and in the order of names.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub report: &'static str,
    pub by: By,
    pub time_zone: String,
    pub from: i64,
    pub until: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    pub columns: Vec<Column>,
    pub points: Vec<ShownPoint>,
    pub total: Figures,
    /// What stands in a row: a site, a code, a room, a team, a trunk.
    pub row_of: &'static str,
    pub row_columns: Vec<Column>,
    /// The greatest first.
    pub rows: Vec<Row>,
    /// Records that were looked at, and lines that are none.
    pub records: u64,
    pub unreadable: u64,
    /// What these figures do not say.
    pub notes: Vec<String>,
}

/// One stretch of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownPoint {
    #[serde(flatten)]
    pub point: Point,
    #[serde(flatten)]
    pub figures: Figures,
}

/// One name of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub name: String,
    /// What the name means, where it is a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    #[serde(flatten)]
    pub figures: Figures,
    /// How many users it befell, as far as records name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// The newest call, for `tandem call show`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// Figures by the names of their columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures(pub Vec<(&'static str, u64)>);

impl Figures {
    /// The figure of a column.
    pub fn of(&self, column: &str) -> Option<u64> {
        self.0.iter().find(|(name, _)| *name == column).map(|(_, figure)| *figure)
    }
}

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
