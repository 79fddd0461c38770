//! Draws as comma-separated values.

use crate::table::Table;

/// A header of names and one line a row; each number in the fewest digits that give it back.
pub(in crate::study) fn csv(table: &Table) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(table.names());
    written.expect("writing into memory cannot fail");
    for row in table.rows() {
        let numbers = row.iter().map(|value| format!("{value:?}"));
        let written = writer.write_record(numbers);
        written.expect("writing into memory cannot fail");
    }
    writer
        .into_inner()
        .expect("writing into memory cannot fail")
}
