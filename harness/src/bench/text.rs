//! What a person reads: a line when a measurement is done, and the tables at the end.

use super::document::{Bound, Document, Measurement};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::collections::BTreeSet;

/// How wide tables are at most.
const WIDTH: u16 = 120;

/// One measurement in a line.
pub fn line(measured: &Measurement) -> String {
    let errors = match (&measured.first_error, measured.errors) {
        (Some(first), count @ 1..) => format!(", {count} not decided ({first})"),
        _ => String::new(),
    };
    format!(
        "{}, {} nodes, turn {}: {:.0} decrees/s, p50 {:.2} ms, p99 {:.2} ms{errors}",
        measured.system,
        measured.node_count,
        measured.round,
        measured.decrees_per_s,
        measured.latency_ms.p50,
        measured.latency_ms.p99
    )
}

/// The tables.
pub fn human(document: &Document) -> String {
    let mut text = format!(
        " BENCH  {} clients in closed loops, {} s after {} s of warm-up; data on {}\n\n",
        document.clients, document.time_limit_s, document.warm_up_s, document.file_system.kind
    );
    text += &document
        .file_system
        .warning()
        .map_or_else(String::new, |warning| format!(" WARNING: {warning}\n\n"));
    text += &speed(&document.measurements);
    text += "\n The disk: every decree waits for syncs in a row (Paxos: promise, acceptance; etcd: the entry). The limit is\n \
             clients / (syncs in a row x time of a sync): each sync with all clients' records in it, and as long as this\n \
             disk took in the same minute with as many writers side by side as there are nodes.\n\n";
    text += &disk(&document.measurements);
    text += "\n The processors: the limit is what nodes and clients would do with all of them to themselves, at the same\n \
             time for each decree.\n\n";
    text += &processors(&document.measurements);
    text += "\n";
    let bounds: BTreeSet<String> = document.measurements.iter().map(bound).collect();
    text.extend(bounds.iter().map(|bound| format!(" {bound}\n")));
    for compared in &document.comparisons {
        let ratios: Vec<String> = compared
            .ratios
            .iter()
            .map(|ratio| format!("{ratio:.2}"))
            .collect();
        text += &format!(
            "\n {} nodes: {} decides {:.2} times as many as {} (median of {})\n",
            compared.node_count,
            compared.system,
            compared.median,
            compared.against,
            ratios.join(", ")
        );
    }
    text
}

fn speed(measurements: &[Measurement]) -> String {
    let header = [
        "system",
        "nodes",
        "turn",
        "decrees/s",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "max ms",
        "not decided",
    ];
    let row = |it: &Measurement| {
        let latency = it.latency_ms;
        let mut row = title(it);
        row.push(format!("{:.0}", it.decrees_per_s));
        row.extend([latency.p50, latency.p90, latency.p99, latency.max].map(|ms| format!("{ms:.2}")));
        row.push(it.errors.to_string());
        row
    };
    lay_out(&header, WIDTH, measurements.iter().map(row))
}

fn disk(measurements: &[Measurement]) -> String {
    let header = [
        "system",
        "nodes",
        "turn",
        "syncs per decree",
        "bytes per sync",
        "ms per sync",
        "log busy",
        "disk alone",
        "side by side",
        "limit",
        "reached",
    ];
    let row = |it: &Measurement| {
        let mut row = title(it);
        row.push(format!("{:.2}", it.log.syncs_per_decree));
        row.push(
            it.log
                .bytes_per_sync
                .map_or("?".to_owned(), |bytes| format!("{bytes:.0}")),
        );
        row.push(format!("{:.2}", it.log.sync_ms));
        row.push(percent(it.log.busy));
        row.push(format!("{:.0}/s", it.disk.alone_per_s));
        row.push(format!("{:.0}/s", it.disk.side_by_side_per_s));
        row.push(format!("{:.0}/s", it.limits.sync_decrees_per_s));
        row.push(percent(it.limits.sync_ratio));
        row
    };
    lay_out(&header, WIDTH, measurements.iter().map(row))
}

fn processors(measurements: &[Measurement]) -> String {
    let header = [
        "system",
        "nodes",
        "turn",
        "nodes",
        "clients",
        "limit",
        "reached",
        "others use",
    ];
    let row = |it: &Measurement| {
        let mut row = title(it);
        row.push(format!("{:.0} µs/decree", it.processor.nodes_us_per_decree));
        row.push(format!("{:.0} µs/decree", it.processor.clients_us_per_decree));
        row.push(format!("{:.0}/s", it.limits.processor_decrees_per_s));
        row.push(percent(it.limits.processor_ratio));
        row.push(percent(it.processor.busy_others));
        row
    };
    lay_out(&header, WIDTH, measurements.iter().map(row))
}

fn title(it: &Measurement) -> Vec<String> {
    vec![it.system.clone(), it.node_count.to_string(), it.round.to_string()]
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// What limits a system, in words.
fn bound(measured: &Measurement) -> String {
    let name = format!("{}, {} nodes:", measured.system, measured.node_count);
    match measured.limits.bound_by {
        Bound::Processor => format!("{name} the processors are the limit, not the disk."),
        Bound::Sync => format!("{name} the disk is the limit: the logs sync all the time."),
        Bound::Neither => {
            format!("{name} neither is used up: clients wait for answers; more clients get more done.")
        }
    }
}

/// A table of numbers, at most so many columns of a terminal wide: the first to the left, the others to the right.
pub fn lay_out(header: &[&str], width: u16, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(header.to_vec());
    rows.for_each(|row| {
        table.add_row(row);
    });
    for number in 1..header.len() {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| format!(" {}\n", line.trim_end()));
    lines.collect()
}
