//! `harness schema`: the form of what programs read and write, as JSON Schema.

use super::print;
use crate::cli::SchemaFormat;
use std::process::ExitCode;

pub fn schema(format: SchemaFormat) -> ExitCode {
    let schema = match format {
        SchemaFormat::Results => results::schema(),
        SchemaFormat::History => history::schema(),
        SchemaFormat::Events => crate::events::schema(),
        SchemaFormat::Descriptor => cluster::system::schema(),
        SchemaFormat::Scorecard => crate::scorecard::document::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    print(&(text + "\n"));
    ExitCode::SUCCESS
}
