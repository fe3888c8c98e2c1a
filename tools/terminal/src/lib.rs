//! What the commands share: global flags, errors in three lines, exit codes.
