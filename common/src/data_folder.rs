//! The names of the files and folders in the data folder of the embedded mode.

/// The archive of all messages, a folder.
pub const ARCHIVE: &str = "archive";

/// The document store, an SQLite file.
pub const DOCUMENTS: &str = "documents.db";

/// The file that the process in charge of the folder keeps locked.
pub const LOCK: &str = "lock";

/// The latest aggregation of the archive, a JSON file.
pub const REPORT: &str = "analytics/report.json";

/// The counts of the part of the archive that was read, an SQLite file. It can be removed: the
/// archive is then read again.
pub const RUNNING_TOTALS: &str = "analytics/totals.db";

/// The counts of the latest aggregation as rows, an NDJSON file.
pub const ROWS: &str = "analytics/report.ndjson";

/// The queue, an SQLite file.
pub const QUEUE: &str = "queue.db";
